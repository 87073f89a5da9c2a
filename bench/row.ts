// A row of the bench is plain data, so that every side, whatever its language, does the same work on the same numbers.

/** Seeded numbers in [low, high), as float32; whole ones as int32. */
export interface InputSpec {
  shape: readonly number[];
  seed: number;
  low?: number;
  high?: number;
  int?: boolean;
}

/** What lanegrad should reach: part of a limit, or times of another time of the same run. */
export type Bar =
  /** At least this part of the multiply-add limit, of all threads that are used. */
  | { limit: number }
  /** At least this part of the copy bandwidth at the row's size. */
  | { copy: number }
  /** At most `times` the time of a peer's one thread. */
  | { peer: string; times: number }
  /** At most `times` the time of another row, on the same side. */
  | { row: string; times: number }
  /** At least this part of the GFLOP/s of another row, on the same side. */
  | { row: string; rate: number };

export interface Row {
  /** A section of the table. Its rows share their processes, unless `alone`. */
  subject: string;
  name: string;
  /** Which function of a peer runs it. */
  kind: string;
  inputs: Record<string, InputSpec>;
  args: Readonly<Record<string, unknown>>;
  /** Parameters of a model, in PyTorch's order and layout. */
  parameters?: InputSpec[];
  /** Floating point operations of one run. */
  flops?: number;
  /** Bytes that one run must at least read and write. */
  bytes?: number;
  /** Calls of the library in one run: the table shows the time of one. */
  calls?: number;
  /** A process of its own on every side: its memory is reported, and no other row has shaped what the engine compiled. */
  alone?: boolean;
  /** Bytes that a training step must keep: parameters, gradients, optimiser state and what backward reads. */
  alive?: number;
  /** Runs before the results are compared; default 1, more for training steps. */
  checkRuns?: number;
  /** The most by which results may differ, relative to the largest value; default 1e-5. */
  tolerance?: number;
  /** Random results are compared by mean and variance. */
  moments?: boolean;
  /** One for plain and one for relaxed SIMD, or one for both; for one thread. */
  bar?: Bar | { plain: Bar; relaxed: Bar };
  /** The most that memory may peak at, as times of `alive`. */
  memoryBar?: number;
  /** Whether two threads should gain on it what they gain on the limit. */
  threaded?: boolean;
}

/** One row made ready on one side. */
export interface Side {
  /** What is timed. */
  run: () => unknown;
  /** What the runs so far computed. */
  result: () => ArrayLike<number> | Promise<ArrayLike<number>>;
}

/** The numbers of an input, the same on every machine and in every language (mulberry32). */
export function values({ shape, seed, low = -1, high = 1, int = false }: InputSpec): Float32Array | Int32Array {
  const out = new (int ? Int32Array : Float32Array)(shape.reduce((all, size) => all * size, 1));
  let state = seed;
  for (let i = 0; i < out.length; i++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    out[i] = low + (high - low) * (((t ^ (t >>> 14)) >>> 0) / 2 ** 32);
  }
  return out;
}

export const floats = (seed: number, ...shape: number[]): InputSpec => ({ shape, seed });
export const between = (low: number, high: number, seed: number, ...shape: number[]): InputSpec => ({ shape, seed, low, high });
/** Whole numbers from 0 up to, but not, `count`. */
export const labels = (count: number, seed: number, ...shape: number[]): InputSpec => ({ shape, seed, low: 0, high: count, int: true });
export const sizeOf = (shape: readonly number[]): number => shape.reduce((all, size) => all * size, 1);
