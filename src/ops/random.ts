import { runInOrder } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { observed } from "../runtime/observer.js";
import { contiguousInput, fillRaw, materialize } from "../core/copy.js";
import { type DType, dtypeInfo, getDefaultDType, isFloat } from "../core/dtype.js";
import { type Generator, defaultGenerator } from "../core/generator.js";
import { inPlace, op } from "../core/op.js";
import { type Shape, broadcastShapes, checkShape, show } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, mul } from "./binary.js";
import { type TensorOptions, zerosLike } from "./creation.js";

/*
 * Every function here draws the numbers that PyTorch's CPU generator gives for the same seed: bit for bit for
 * uniform numbers, integers, coins and permutations, to rounding for normal and exponential ones. Tensors are
 * filled in row-major order.
 */

export interface Draws {
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  generator?: Generator;
}

export type RandomOptions = TensorOptions & Draws;

/** Fills a contiguous tensor from a kernel `(out, generator, n, …scalars)`. One thread: draws have an order. */
function draw(out: Tensor, kernel: string, scalars: readonly number[], generator: Generator = defaultGenerator()): Tensor {
  const name = `${kernel}_${dtypeInfo(out.dtype).kernel}` as KernelName;
  const state = generator.address; // bringing the state back may move `out`, not the other way round
  runInOrder(name, out.ptr, state, out.numel, ...scalars);
  return out;
}

function drawn(name: string, shape: Shape, dtype: DType, kernel: string, scalars: readonly number[], generator?: Generator): Tensor {
  return draw(Tensor.empty(shape, dtype, name), kernel, scalars, generator);
}

function create(name: string, shape: Shape, options: RandomOptions, kernel: string, scalars: readonly number[]): Tensor {
  checkShape(name, shape);
  const dtype = options.dtype ?? getDefaultDType();
  if (!isFloat(dtypeInfo(dtype) && dtype))
    throw new DTypeError(`${name}(): random ${dtype} numbers are drawn by randint(); for this function use float32 or float64`);
  const out = observed(name, drawn, name, shape, dtype, kernel, scalars, options.generator);
  if (options.requiresGrad) out.requiresGrad = true;
  return out;
}

/** Uniform numbers in [0, 1). @throws ShapeError on a bad shape, DTypeError unless floating point */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  return create("rand", shape, options, "uniform", [0, 1]);
}

/** Numbers of the standard normal distribution. @throws ShapeError on a bad shape, DTypeError unless floating point */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return create("randn", shape, options, "normal", [0, 1]);
}

/** `rand` in the shape and dtype of `x`. */
export function randLike(x: Tensor, options: RandomOptions = {}): Tensor {
  return rand(x.shape, { dtype: x.dtype, ...options });
}

/** `randn` in the shape and dtype of `x`. */
export function randnLike(x: Tensor, options: RandomOptions = {}): Tensor {
  return randn(x.shape, { dtype: x.dtype, ...options });
}

/** PyTorch's `randint` takes 64 random bits for ranges from here on. */
const WIDE = 2 ** 28;

/** @throws ArgumentError unless low < high are whole numbers that the dtype holds */
function checkRange(name: string, low: number, high: number, dtype: DType): void {
  const [least, most] =
    dtype === "int32"
      ? [-(2 ** 31), 2 ** 31]
      : dtype === "uint8"
        ? [0, 256]
        : dtype === "bool"
          ? [0, 2]
          : dtype === "float32"
            ? [-(2 ** 24), 2 ** 24 + 1]
            : [-(2 ** 53), 2 ** 53];
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high))
    throw new ArgumentError(`${name}(): expected whole numbers low < high, got ${low} and ${high}`);
  if (low < least || high > most) throw new ArgumentError(`${name}(): ${low}..${high - 1} does not fit ${dtype}`);
}

export interface RandintOptions extends Draws {
  /** Default int32 (int64 in PyTorch). */
  dtype?: DType;
}

/**
 * Whole numbers from `low` to `high - 1`; with two arguments, from 0 to the first minus 1.
 *
 * @example randint(10, [3]); randint(-5, 5, [2, 3])
 * @throws ArgumentError unless low < high are whole numbers that fit the dtype
 */
export function randint(high: number, shape: Shape, options?: RandintOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: RandintOptions): Tensor;
export function randint(first: number, second: number | Shape, third?: Shape | RandintOptions, fourth?: RandintOptions): Tensor {
  const short = typeof second === "object";
  const [low, high, shape] = short ? [0, first, second] : [first, second, third as Shape | undefined];
  const { dtype = "int32", generator }: RandintOptions = (short ? (third as RandintOptions | undefined) : fourth) ?? {};
  if (!Array.isArray(shape))
    throw new ArgumentError("randint(): expected a shape after the bounds, as in randint(10, [3]) or randint(0, 10, [3])");
  checkShape("randint", shape);
  checkRange("randint", low, high, dtype);
  const bounds = [low, high - low - 1, Number(high - low >= WIDE)];
  return observed("randint", drawn, "randint", shape, dtype, "integers", bounds, generator);
}

/** A random permutation of 0 to n − 1, int32 (int64 in PyTorch). @throws ShapeError unless n is a whole number from 0 on */
export function randperm(n: number, { generator = defaultGenerator() }: Draws = {}): Tensor {
  checkShape("randperm", [n]);
  const out = Tensor.empty([n], "int32", "randperm");
  const state = generator.address;
  runInOrder("randperm", out.ptr, state, n);
  return out;
}

/**
 * Normal numbers of these means and standard deviations. Two numbers need a shape; tensors broadcast, and
 * gradients flow to them.
 *
 * @throws ArgumentError for two numbers without a shape, or a negative standard deviation
 */
export function normal(mean: Tensor | number, std: Tensor | number = 1, shape?: Shape, options: RandomOptions = {}): Tensor {
  if (typeof std === "number" && !(std >= 0)) throw new ArgumentError(`normal(): the standard deviation must be 0 or more, got ${std}`);
  if (typeof mean === "number" && typeof std === "number") {
    if (!shape) throw new ArgumentError("normal(): a mean and a standard deviation that are numbers need a shape, as in normal(0, 1, [3])");
    return create("normal", shape, options, "normal", [mean, std]);
  }
  const dims = [mean, std].map((part) => (typeof part === "number" ? [] : part.shape)) as [Shape, Shape];
  const like = (mean instanceof Tensor ? mean : std) as Tensor;
  return add(mul(randn(broadcastShapes("normal", ...dims), { dtype: like.dtype, generator: options.generator }), std), mean);
}

/** 1 with the probability that stands in `p`, else 0, in p's shape and dtype. No gradient. @throws ArgumentError unless 0 ≤ p ≤ 1 */
export const bernoulli: Op<(p: Tensor, options?: Draws) => Tensor> = op({
  name: "bernoulli",
  torch: "torch.bernoulli(x)",
  samples: [[{ shape: [3, 5], low: 0, high: 1 }], [{ shape: [0], low: 0, high: 1 }]],
  random: true,
  errors: [
    { inputs: [{ shape: [2], values: [0.5, 1.5] }], throws: /bernoulli\(\): probabilities must be in 0\.\.1, got 1.5/ },
    {
      inputs: [{ shape: [2], dtype: "int32", low: 0, high: 2 }],
      throws: /bernoulli\(\): expected floating point probabilities, got int32/,
    },
  ],
  prepare(p: Tensor, { generator = defaultGenerator() }: Draws = {}) {
    if (!isFloat(p.dtype)) throw new DTypeError(`bernoulli(): expected floating point probabilities, got ${p.dtype}`);
    const bad = p.toTypedArray().find((value) => !(value >= 0 && value <= 1));
    if (bad !== undefined) throw new ArgumentError(`bernoulli(): probabilities must be in 0..1, got ${bad}`);
    return { inputs: [p], args: generator };
  },
  run([p], generator) {
    const source = contiguousInput(p!);
    const out = Tensor.empty(p!.shape, p!.dtype, "bernoulli");
    const state = generator.address;
    runInOrder(`bernoulli_each_${dtypeInfo(p!.dtype).kernel as "f32" | "f64"}`, out.ptr, source.ptr, state, out.numel);
    return out;
  },
  vjp: [() => null],
});

/** An op that fills its input with draws: what the in-place functions are made of. No gradient passes through it. */
function filling<S extends unknown[]>(
  name: string,
  kernel: string,
  scalars: (x: Tensor, ...params: S) => { values: number[]; options?: Draws },
): (x: Tensor, ...params: S) => Tensor {
  const fill = op({
    name: `_${name}`,
    torch: "x",
    samples: [[[3, 5]]],
    random: true,
    acceptsOut: true,
    prepare: (x: Tensor, ...params: S) => ({ inputs: [x], args: scalars(x, ...params) }),
    run: ([x], { values, options }, _aux, target) =>
      draw(target ?? Tensor.empty(x!.shape, x!.dtype, name), kernel, values, options?.generator),
    vjp: [() => null],
  });
  return inPlace(fill as unknown as Op<(x: Tensor) => Tensor>) as unknown as (x: Tensor, ...params: S) => Tensor;
}

function requireFloat(name: string, x: Tensor): void {
  if (!isFloat(x.dtype))
    throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}; for whole numbers use random_()`);
}

/** Fills x with uniform numbers in [from, to), by default [0, 1). @throws ArgumentError unless from ≤ to */
export const uniform_: (x: Tensor, from?: number, to?: number, options?: Draws) => Tensor = filling(
  "uniform",
  "uniform",
  (x: Tensor, from = 0, to = 1, options?: Draws) => {
    requireFloat("uniform_", x);
    if (!(from <= to)) throw new ArgumentError(`uniform_(): expected from ≤ to, got ${from} and ${to}`);
    return { values: [from, to], options };
  },
);

/** Fills x with normal numbers of this mean (0) and standard deviation (1). @throws ArgumentError on a negative deviation */
export const normal_: (x: Tensor, mean?: number, std?: number, options?: Draws) => Tensor = filling(
  "normal",
  "normal",
  (x: Tensor, mean = 0, std = 1, options?: Draws) => {
    requireFloat("normal_", x);
    if (!(std >= 0)) throw new ArgumentError(`normal_(): the standard deviation must be 0 or more, got ${std}`);
    return { values: [mean, std], options };
  },
);

/** Fills x with exponential numbers of rate `lambda` (1): −ln(1 − u) / lambda. @throws ArgumentError unless lambda > 0 */
export const exponential_: (x: Tensor, lambda?: number, options?: Draws) => Tensor = filling(
  "exponential",
  "exponential",
  (x: Tensor, lambda = 1, options?: Draws) => {
    requireFloat("exponential_", x);
    if (!(lambda > 0)) throw new ArgumentError(`exponential_(): lambda must be above 0, got ${lambda}`);
    return { values: [lambda], options };
  },
);

/** Fills x with 1 with probability p (0.5), else 0. @throws ArgumentError unless 0 ≤ p ≤ 1, DTypeError on int32 */
export const bernoulli_: (x: Tensor, p?: number, options?: Draws) => Tensor = filling(
  "bernoulli",
  "bernoulli",
  (x: Tensor, p = 0.5, options?: Draws) => {
    if (x.dtype === "int32") throw new DTypeError("bernoulli_(): int32 is not drawn; use a bool or uint8 tensor, or convert the result");
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`bernoulli_(): p must be in 0..1, got ${p}`);
    return { values: [p], options };
  },
);

/** The largest whole number that `random_()` without bounds draws, by dtype. */
const LARGEST: Record<DType, number> = { float32: 2 ** 24, float64: 2 ** 53, int32: 2 ** 31 - 1, uint8: 255, bool: 1 };

/**
 * Fills x with whole numbers: `random_()` from 0 to the largest that the dtype holds exactly, `random_(to)` from 0
 * to `to - 1`, `random_(from, to)` from `from` to `to - 1`.
 *
 * @throws ArgumentError unless the bounds are whole numbers in order that fit the dtype
 */
export const random_: (x: Tensor, from?: number | null, to?: number | null, options?: Draws) => Tensor = filling(
  "random",
  "integers",
  (x: Tensor, from: number | null = null, to: number | null = null, options?: Draws) => {
    if (from === null && to === null) return { values: [0, LARGEST[x.dtype], Number(x.dtype === "float64")], options };
    const [low, high] = to === null ? [0, from!] : [from ?? 0, to];
    checkRange("random_", low, high, x.dtype);
    return { values: [low, high - low - 1, Number(high - low >= WIDE)], options };
  },
);

export interface DropoutOptions extends Draws {
  /** The probability that an element becomes 0. Default 0.5. */
  p?: number;
  /** Otherwise x comes back as it is. Default true. */
  training?: boolean;
}

/** @throws ArgumentError unless 0 ≤ p ≤ 1, DTypeError unless floating point */
function checkDropout(name: string, x: Tensor, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${name}(): p must be in 0..1, got ${p}`);
  if (!isFloat(x.dtype)) throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}`);
}

/** What dropout multiplies by: 0 with probability p, else 1 / (1 − p). */
export function dropoutMask(shape: Shape, dtype: DType, p: number, generator: Generator): Tensor {
  const out = Tensor.empty(shape, dtype, "dropout");
  if (p === 1) fillRaw(out, 0);
  else draw(out, "dropout_mask", [1 - p], generator);
  return out;
}

const withMask: Op<(x: Tensor, shape: Shape, p: number, generator?: Generator) => Tensor> = op({
  name: "_dropout",
  torch: (_shape: Shape, p: number) => `torch.nn.functional.dropout(x, ${p})`,
  samples: [
    { inputs: [[3, 5]], args: [[3, 5], 0.3] },
    { inputs: [[2, 3, 4]], args: [[2, 3, 1], 0.5] },
  ],
  random: true,
  prepare: (x: Tensor, shape: Shape, p: number, generator: Generator = defaultGenerator()) => ({
    inputs: [x],
    args: { shape, p, generator },
  }),
  run([x], { shape, p, generator }, aux) {
    const mask = dropoutMask(shape, x!.dtype, p, generator);
    aux.push(mask);
    return mul(x!, mask);
  },
  vjp: [(g, c) => mul(g, c.aux(0))],
});

function dropElements(
  name: string,
  x: Tensor,
  shape: (x: Tensor) => Shape,
  { p = 0.5, training = true, generator = defaultGenerator() }: DropoutOptions,
): Tensor {
  checkDropout(name, x, p);
  if (!training || p === 0 || x.numel === 0) return x;
  return p === 1 ? mul(x, zerosLike(x)) : withMask(x, shape(x), p, generator);
}

/** Each element 0 with probability p, else divided by 1 − p. @throws ArgumentError unless 0 ≤ p ≤ 1 */
export function dropout(x: Tensor, options: DropoutOptions = {}): Tensor {
  return dropElements("dropout", x, (of) => of.shape, options);
}

/** Dropout of whole channels of `[n, c, …]`. @throws ShapeError with fewer than 3 dims */
export function dropout2d(x: Tensor, options: DropoutOptions = {}): Tensor {
  if (x.ndim < 3) throw new ShapeError(`dropout2d(): expected at least [n, c, length], got ${show(x.shape)}`);
  return dropElements("dropout2d", x, (of) => of.shape.map((size, dim) => (dim < 2 ? size : 1)), options);
}

export interface MultinomialOptions extends Draws {
  /** Whether a category may be drawn again. Default false. */
  replacement?: boolean;
}

/**
 * Category numbers (int32; int64 in PyTorch) drawn with the weights `x` `[C]` or `[n, C]`, which need not add up to 1.
 *
 * @throws ArgumentError on negative or not finite weights, or when too few are above 0 to draw without replacement
 */
export function multinomial(
  x: Tensor,
  numSamples: number,
  { replacement = false, generator = defaultGenerator() }: MultinomialOptions = {},
): Tensor {
  const name = "multinomial";
  requireFloat(name, x);
  if (x.ndim < 1 || x.ndim > 2) throw new ShapeError(`multinomial(): expected weights [C] or [n, C], got ${show(x.shape)}`);
  if (!(Number.isInteger(numSamples) && numSamples > 0))
    throw new ArgumentError(`multinomial(): expected a whole number of samples from 1 on, got ${numSamples}`);
  const classes = x.shape.at(-1)!;
  const rows = x.numel / Math.max(1, classes);
  const weights = x.toTypedArray();
  const bad = weights.find((w) => !(w >= 0 && w < Infinity));
  if (bad !== undefined) throw new ArgumentError(`multinomial(): weights must be 0 or more and finite, got ${bad}`);
  for (let row = 0; row < rows; row++) {
    const usable = weights.slice(row * classes, (row + 1) * classes).filter((w) => w > 0).length;
    if (usable < (replacement ? 1 : numSamples)) {
      throw new ArgumentError(
        `multinomial(): ${numSamples} samples ${replacement ? "with" : "without"} replacement, but row ${row} has only ${usable} weights above 0`,
      );
    }
  }
  const shape = [...x.shape.slice(0, -1), numSamples];
  return replacement && numSamples > 1 ? drawWithReplacement(x, shape, rows, classes, generator) : raceOf(x, shape, generator);
}

function drawWithReplacement(x: Tensor, shape: Shape, rows: number, classes: number, generator: Generator): Tensor {
  const out = Tensor.empty(shape, "int32", "multinomial");
  const scratch = Tensor.empty([classes], x.dtype, "multinomial");
  const source = materialize(x);
  const state = generator.address;
  const kernel = `multinomial_${dtypeInfo(x.dtype).kernel as "f32" | "f64"}` as const;
  const draws = shape.at(-1)!;
  const width = dtypeInfo(x.dtype).bytes * classes;
  for (let row = 0; row < rows; row++)
    runInOrder(kernel, out.ptr + 4 * draws * row, source.ptr + width * row, scratch.ptr, state, classes, draws);
  scratch.dispose();
  if (source !== x) source.dispose();
  return out;
}

/** Categories in the order in which exponential clocks of these rates ring. */
function raceOf(x: Tensor, shape: Shape, generator: Generator): Tensor {
  const clocks = draw(Tensor.empty(x.shape, x.dtype, "multinomial"), "exponential", [1], generator);
  const rates = x.detach().div(clocks);
  clocks.dispose();
  const { values, indices } = rates.topk(shape.at(-1)!);
  rates.dispose();
  values.dispose();
  return indices;
}
