import { ArgumentError, DTypeError } from "../runtime/errors.js";
import { constant } from "../core/constant.js";
import { isFloat } from "../core/dtype.js";
import { discard, inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { type Op, type OpMeta, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "./access.js";
import { eq, gt, lt } from "./compare.js";
import { zerosLike } from "./creation.js";
import {
  BINARY_SAMPLES,
  type Binary,
  type BinaryArgs,
  type BinaryCall,
  type BinaryInPlace,
  type Operand,
  binary,
  prepareBinary,
  refuseBools,
  runBinary,
} from "./families/binary.js";
import { isfinite } from "./rounding.js";
import { where } from "./where.js";

/** x * y, elementwise with broadcasting. Of bools: both. */
export const mul: Binary = binary({
  name: "mul",
  torch: "x * y",
  kernel: "mul",
  vjp: [needs([1], (g, c) => mul(g, c.input(1))), needs([0], (g, c) => mul(g, c.input(0)))],
});
/** x *= y, in place. */
export const mul_: BinaryInPlace = inPlace(mul);

export interface AlphaOptions {
  /** What y is multiplied by. Default 1. */
  alpha?: number;
}
type Sum = Op<(x: Operand, y: Operand, options?: AlphaOptions) => Tensor>;

interface SumArgs extends BinaryArgs {
  readonly alpha: number;
}

const SUM_SAMPLES: OpMeta["samples"] = [
  ...BINARY_SAMPLES,
  { inputs: [[5], [3, 5]], args: [{ alpha: -0.5 }] },
  { inputs: [[19], []], args: [{ alpha: 3 }] },
];

const PLAIN: AlphaOptions = {};

/** The front desk of add and sub. */
function prepareSum(name: string, x: Operand, y: Operand, { alpha = 1 }: AlphaOptions): { inputs: [Tensor, Tensor]; args: SumArgs } {
  const { inputs, args } = prepareBinary(name, x, y);
  const { dtype, shape } = args;
  if (!isFloat(dtype) && !Number.isInteger(alpha)) {
    throw new ArgumentError(`${name}(): alpha must be a whole number for ${dtype} operands, got ${alpha}; convert one with .to("float32")`);
  }
  return { inputs, args: { dtype, shape, alpha } };
}

const SUMS = {
  add: { name: "add", kernel: "add" },
  or: { name: "add", kernel: "logical_or" },
  sub: { name: "sub", kernel: "sub" },
} as const;

/** x + scale * y, which `plain` does for an alpha of 1: in one pass for floats; integers have no such kernel and scale y first. */
function runSum(plain: BinaryCall, [x, y]: readonly Tensor[], args: SumArgs, scale: number, target?: Tensor): Tensor {
  const { dtype, shape, alpha } = args;
  if (alpha === 1) return runBinary(plain, x!, y!, args, target);
  const { name } = plain;
  if (isFloat(dtype)) return runBinary({ name, kernel: "add_scaled", scale, cost: 2 }, x!, y!, args, target);
  const scaled = discard(runBinary({ name, kernel: "mul" }, y!, constant(alpha, dtype), { dtype, shape: y!.shape }));
  return runBinary(plain, x!, scaled, { dtype, shape }, target);
}

/** x + alpha * y, elementwise with broadcasting. Of bools: either. */
export const add: Sum = op({
  name: "add",
  torch: (options?: AlphaOptions) => `torch.add(x, y${keywords({ ...options })})`,
  samples: SUM_SAMPLES,
  elementwise: true,
  acceptsOut: true,
  errors: [
    { inputs: [[2, 3], [4]], throws: /add\(\): .*\[2, 3\].*\[4\]/ },
    {
      inputs: [
        { shape: [2], dtype: "int32" },
        { shape: [2], dtype: "int32" },
      ],
      args: [{ alpha: 0.5 }],
      throws: /add\(\): alpha must be a whole number/,
    },
  ],
  prepare: (x: Operand, y: Operand, options: AlphaOptions = PLAIN) => prepareSum("add", x, y, options),
  run: (inputs, args, _aux, target) => runSum(args.dtype === "bool" ? SUMS.or : SUMS.add, inputs, args, args.alpha, target),
  vjp: [(g) => g, (g, c) => (c.args.alpha === 1 ? g : mul(g, c.args.alpha))],
});
/** x += alpha * y, in place. */
export const add_: (x: Tensor, y: Operand, options?: AlphaOptions) => Tensor = inPlace(add);

/** x - alpha * y, elementwise with broadcasting. @throws DTypeError for bools: use logicalXor or logicalNot */
export const sub: Sum = op({
  name: "sub",
  torch: (options?: AlphaOptions) => `torch.sub(x, y${keywords({ ...options })})`,
  samples: SUM_SAMPLES,
  elementwise: true,
  acceptsOut: true,
  errors: [{ inputs: [{ shape: [2], dtype: "bool" }, [2]], throws: /sub\(\): bool operands are not supported/ }],
  prepare(x: Operand, y: Operand, options: AlphaOptions = PLAIN) {
    if (isBool(x) || isBool(y)) {
      throw new DTypeError('sub(): bool operands are not supported; use logicalXor() or logicalNot(), or convert with .to("int32")');
    }
    return prepareSum("sub", x, y, options);
  },
  run: (inputs, args, _aux, target) => runSum(SUMS.sub, inputs, args, -args.alpha, target),
  vjp: [(g) => g, (g, c) => mul(g, -c.args.alpha)],
});
const isBool = (x: Operand): boolean => x instanceof Tensor && x.dtype === "bool";

/** x -= alpha * y, in place. */
export const sub_: (x: Tensor, y: Operand, options?: AlphaOptions) => Tensor = inPlace(sub);

export interface DivOptions {
  /** null: the true quotient, of floats. "trunc": rounded to 0, as in C. "floor": rounded down, as in Python. Default null. */
  roundingMode?: "trunc" | "floor" | null;
}

const DIV_KERNELS = { trunc: "trunc_divide", floor: "floor_divide" } as const;

/**
 * x / y, elementwise with broadcasting. Integers become float32 first, unless the quotient is rounded.
 *
 * @throws ArgumentError when an integer is divided by zero with a rounding mode
 */
export const div: Op<(x: Operand, y: Operand, options?: DivOptions) => Tensor> = op({
  name: "div",
  torch: (options?: DivOptions) => `torch.div(x, y${keywords({ ...options })})`,
  samples: [
    ...BINARY_SAMPLES,
    { inputs: [[19], { shape: [19], low: 0.3, high: 3 }], args: [{ roundingMode: "floor" }] },
    { inputs: [[4, 3], { shape: [3], low: -3, high: -0.3 }], args: [{ roundingMode: "trunc" }] },
  ],
  domain: [0.2, 3],
  elementwise: true,
  acceptsOut: true,
  errors: [
    { inputs: [[2], [2]], args: [{ roundingMode: "ceil" }], throws: /div\(\): roundingMode must be null, "trunc" or "floor", got "ceil"/ },
  ],
  prepare(x: Operand, y: Operand, { roundingMode = null }: DivOptions = {}) {
    if (roundingMode !== null && !(roundingMode in DIV_KERNELS)) {
      throw new ArgumentError(`div(): roundingMode must be null, "trunc" or "floor", got ${JSON.stringify(roundingMode)}`);
    }
    const { inputs, args } = prepareBinary("div", x, y, roundingMode === null);
    refuseBools("div", args.dtype);
    return { inputs, args: { ...args, roundingMode } };
  },
  run([x, y], args, _aux, target) {
    refuseZeros("div", y!, args);
    const kernel = args.roundingMode === null ? "div" : DIV_KERNELS[args.roundingMode];
    return runBinary({ name: "div", kernel, result: args.dtype, cost: args.roundingMode ? 8 : 1 }, x!, y!, args, target);
  },
  vjp: [
    needs([1], (g, c) => (c.args.roundingMode === null ? div(g, c.input(1)) : zerosLike(g))),
    needs([1, "out"], (g, c) => (c.args.roundingMode === null ? mul(mul(g, -1), div(c.output(), c.input(1))) : zerosLike(g))),
  ],
});
/** x /= y, in place. @throws DTypeError when a quotient of integers is not rounded */
export const div_: (x: Tensor, y: Operand, options?: DivOptions) => Tensor = inPlace(div);

/** @throws ArgumentError when integers would be divided by a zero: there is no value for that */
function refuseZeros(name: string, y: Tensor, { dtype }: BinaryArgs): void {
  if (isFloat(dtype) || y.numel === 0 || !toTypedArray(y).includes(0)) return;
  throw new ArgumentError(`${name}(): an integer is divided by zero; convert an operand with .to("float32") to get Infinity or NaN`);
}

/** Divisors without 0, as integers too. */
const divisorSamples = (first: string): OpMeta["samples"] => [
  // The first one says how special values are compared.
  { inputs: [[0], [0]], torch: first },
  [[7], { shape: [7], low: 1, high: 3 }],
  [[], { shape: [], low: 1, high: 3 }],
  [[2, 3], { shape: [3], low: -3, high: -0.5 }],
  [[3, 1], { shape: [1, 5], low: 0.4, high: 3 }],
  [[4, 17], { shape: [4, 1], low: 0.4, high: 3 }],
];

/** ⌊x / y⌋, as Python's //. The gradient is 0. @throws ArgumentError when an integer is divided by zero */
export const floorDivide: Binary = binary({
  name: "floorDivide",
  torch: "torch.div(x, y, rounding_mode='floor')",
  kernel: "floor_divide",
  cost: 8,
  samples: divisorSamples("torch.div(x, y, rounding_mode='floor')"),
  before: refuseZeros,
  bools: "refuse",
  vjp: [(g) => zerosLike(g), (g) => zerosLike(g)],
});

/** x - y ⌊x / y⌋: the remainder with the sign of y, as Python's %. @throws ArgumentError when an integer is divided by zero */
export const remainder: Binary = binary({
  name: "remainder",
  torch: "torch.remainder(x, y)",
  kernel: "remainder",
  cost: 8,
  // PyTorch's float32 is not exact for huge quotients.
  samples: divisorSamples("torch.remainder(x.double(), y.double()).to(x.dtype)"),
  before: refuseZeros,
  bools: "refuse",
  vjp: [(g) => g, needs([0, 1], (g, c) => timesQuotient(mul(g, -1), c.input(0), c.input(1), "floor"))],
});

/** The remainder of x / y with the sign of x, as C's fmod. @throws ArgumentError when an integer is divided by zero */
export const fmod: Binary = binary({
  name: "fmod",
  torch: "torch.fmod(x, y)",
  kernel: "fmod",
  cost: 8,
  // PyTorch's float32 is not exact for huge quotients.
  samples: divisorSamples("torch.fmod(x.double(), y.double()).to(x.dtype)"),
  before: refuseZeros,
  bools: "refuse",
  vjp: [(g) => g, needs([0, 1], (g, c) => timesQuotient(mul(g, -1), c.input(0), c.input(1), "trunc"))],
});

/** g times the rounded x / y. Where that overflows, it is whole already, and the product may be finite. */
function timesQuotient(g: Tensor, x: Tensor, y: Tensor, roundingMode: "trunc" | "floor"): Tensor {
  const quotient = div(x, y, { roundingMode });
  return where(isfinite(quotient), mul(g, quotient), mul(div(g, y), x));
}

// Which zero PyTorch's maximum(0, -0) is depends on where it lies in the tensor; ours is 0, and minimum(0, -0) is -0.
// The first samples say so for the comparison of special values.

/** The larger of x and y, elementwise; NaN if either is. Where they are equal each gets half the gradient. */
export const maximum: Binary = binary({
  name: "maximum",
  torch: "torch.maximum(x, y)",
  kernel: "max",
  samples: [
    { inputs: [[0], [0]], torch: "torch.maximum(x, y) + torch.where((x == 0) & (y == 0), x + y, -0.0).detach()" },
    ...BINARY_SAMPLES,
  ],
  vjp: [needs([0, 1], (g, c) => shareOf(g, c.input(0), c.input(1), lt)), needs([0, 1], (g, c) => shareOf(g, c.input(0), c.input(1), gt))],
});

/** The smaller of x and y, elementwise; NaN if either is. Where they are equal each gets half the gradient. */
export const minimum: Binary = binary({
  name: "minimum",
  torch: "torch.minimum(x, y)",
  kernel: "min",
  samples: [
    { inputs: [[0], [0]], torch: "-(torch.maximum(-x, -y) + torch.where((x == 0) & (y == 0), -x - y, -0.0).detach())" },
    ...BINARY_SAMPLES,
  ],
  vjp: [needs([0, 1], (g, c) => shareOf(g, c.input(0), c.input(1), gt)), needs([0, 1], (g, c) => shareOf(g, c.input(0), c.input(1), lt))],
});

/** g, but nothing where `loses(x, y)` and half where the two are equal. */
function shareOf(g: Tensor, x: Tensor, y: Tensor, loses: (x: Tensor, y: Tensor) => Tensor): Tensor {
  return where(loses(x, y), 0, where(eq(x, y), mul(g, 0.5), g));
}

/** The angle of the point (y, x) in radians, in (-π, π]: y comes first, as in C. */
export const atan2: Binary = binary({
  name: "atan2",
  torch: "torch.atan2(x, y)",
  kernel: "atan2",
  cost: 20,
  result: "float",
  domain: [0.3, 2],
  vjp: [
    needs([0, 1], (g, c) => mul(mul(g, c.input(1)), inverseSquare(c.input(0), c.input(1)))),
    needs([0, 1], (g, c) => mul(mul(g, mul(c.input(0), -1)), inverseSquare(c.input(0), c.input(1)))),
  ],
});

/** 1 / (x² + y²), and 0 at the origin, which has no angle. */
function inverseSquare(x: Tensor, y: Tensor): Tensor {
  const length = add(mul(x, x), mul(y, y));
  return where(eq(length, 0), 0, div(1, length));
}
