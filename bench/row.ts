/** One side of a comparison, with its data in place. */
export interface Side {
  /** What is timed. */
  run: () => void;
  /** What the runs so far computed. */
  result: () => ArrayLike<number>;
}

/** One line of the table. */
export interface Row {
  name: string;
  /** Floating point operations of one run. */
  flops?: number;
  /** Bytes that one run must at least read and write. */
  bytes?: number;
  /** Calls of the library in one run: the table shows the time of one. */
  calls?: number;
  /** What baseline / lanegrad should reach on one thread. */
  bar?: number;
  /** Runs before the results are compared; default 1, more for training steps. */
  checkRuns?: number;
  /** The most by which the results may differ, relative to the baseline's largest value; default 1e-5. */
  tolerance?: number;
  /** Missing where plain JavaScript has nothing to compare with: overhead per op. */
  baseline?: () => Side;
  lanegrad: () => Side;
}

/** Numbers in [low, high), the same on every machine (mulberry32). */
export function uniform(seed: number, length: number, low = -1, high = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
  });
}

/** Whole numbers from 0 up to, but not, `classes`. */
export function labels(seed: number, length: number, classes: number): Int32Array {
  return Int32Array.from(uniform(seed, length, 0, classes));
}

/** The arrays one after the other. */
export function concat(arrays: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

/** The largest difference, relative to the largest value of the baseline; NaN counts as infinite. */
export function difference(baseline: ArrayLike<number>, other: ArrayLike<number>): number {
  if (baseline.length !== other.length) return Infinity;
  let worst = 0;
  let scale = 0;
  for (let i = 0; i < baseline.length; i++) {
    const distance = Math.abs(baseline[i]! - other[i]!);
    if (!(distance <= worst)) worst = Number.isNaN(distance) ? Infinity : distance;
    scale = Math.max(scale, Math.abs(baseline[i]!));
  }
  return worst / (scale || 1);
}
