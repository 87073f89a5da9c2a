// A result as few numbers that any process can send; bench/torch/sketch.py makes the same.

/** The count, single elements spread over the result, and the means of blocks, which miss no element. */
export interface Sketch {
  length: number;
  picked: number[];
  blocks: number[];
}

const PICKED = 512;
const BLOCKS = 64;

export function sketch(result: ArrayLike<number>, moments = false): Sketch {
  const { length } = result;
  if (moments) return momentsOf(result);
  const picked = Array.from({ length: Math.min(length, PICKED) }, (_, i) => result[Math.floor((i * length) / Math.min(length, PICKED))]!);
  const count = Math.min(length, BLOCKS);
  const blocks = Array.from({ length: count }, (_, block) => {
    const [begin, end] = [Math.floor((block * length) / count), Math.floor(((block + 1) * length) / count)];
    let sum = 0;
    for (let i = begin; i < end; i++) sum += result[i]!;
    return sum / (end - begin);
  });
  return { length, picked: picked.map(sendable), blocks: blocks.map(sendable) };
}

/** JSON has no NaN: null then, which no number equals. */
const sendable = (value: number): number => (Number.isFinite(value) ? value : (null as unknown as number));

/** Mean and standard deviation: all that random results have in common. */
function momentsOf(result: ArrayLike<number>): Sketch {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < result.length; i++) {
    sum += result[i]!;
    squares += result[i]! ** 2;
  }
  const mean = sum / result.length;
  return { length: result.length, picked: [mean, Math.sqrt(squares / result.length - mean ** 2)], blocks: [] };
}

/** The largest difference, relative to the largest value of the reference; Infinity when they cannot be compared. */
export function difference(reference: Sketch, other: Sketch): number {
  if (reference.length !== other.length) return Infinity;
  return Math.max(apart(reference.picked, other.picked), apart(reference.blocks, other.blocks));
}

function apart(reference: number[], other: number[]): number {
  let [worst, scale] = [0, 0];
  for (const [i, value] of reference.entries()) {
    if (value === null || other[i] === null) return Infinity;
    worst = Math.max(worst, Math.abs(value - other[i]!));
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? worst : worst / scale;
}
