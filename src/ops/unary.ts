import { inPlace } from "../core/op.js";
import { needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "./binary.js";
import { zerosLike } from "./creation.js";
import { type Unary, unary } from "./families/unary.js";
import { slope, through } from "./families/slope.js";

/** Rough cost of a transcendental function, in scalar operations. */
const LONG = 10;

/** -x, elementwise. @throws DTypeError for bools: use logicalNot */
export const neg: Unary = unary({
  name: "neg",
  torch: "-x",
  kernel: "neg",
  integers: "keep",
  bools: "refuse",
  vjp: [(g) => neg(g)],
  errors: [{ inputs: [{ shape: [2], dtype: "bool" }], throws: /neg\(\): expected a tensor of numbers, got bool/ }],
});
/** x = -x, in place. */
export const neg_: (x: Tensor) => Tensor = inPlace(neg);

/** |x|, elementwise. The gradient at 0 is 0. */
export const abs: Unary = unary({
  name: "abs",
  torch: "torch.abs(x)",
  kernel: "abs",
  integers: "keep",
  bools: "refuse",
  vjp: [needs([0], (g, c) => mul(g, sign(c.input(0))))],
});
/** x = |x|, in place. */
export const abs_: (x: Tensor) => Tensor = inPlace(abs);

/** -1, 0 or 1 as x is negative, zero (or NaN) or positive. Its gradient is 0. */
export const sign: Unary = unary({ name: "sign", torch: "torch.sign(x)", kernel: "sign", integers: "keep", vjp: [(g) => zerosLike(g)] });

/** √x, elementwise. */
export const sqrt: Unary = unary({
  name: "sqrt",
  torch: "torch.sqrt(x)",
  kernel: "sqrt",
  domain: [0.1, 4],
  vjp: [needs(["out"], (g, c) => div(g, mul(c.output(), 2)))],
});
/** x = √x, in place. */
export const sqrt_: (x: Tensor) => Tensor = inPlace(sqrt);

/** 1 / √x, elementwise. */
export const rsqrt: Unary = unary({
  name: "rsqrt",
  torch: "torch.rsqrt(x)",
  kernel: "rsqrt",
  domain: [0.1, 4],
  vjp: [needs(["out"], (g, c) => mul(mul(g, -0.5), mul(square(c.output()), c.output())))],
});

/** 1 / x, elementwise. */
export const reciprocal: Unary = unary({
  name: "reciprocal",
  torch: "torch.reciprocal(x)",
  kernel: "reciprocal",
  domain: [0.2, 3],
  vjp: [needs(["out"], (g, c) => neg(mul(g, square(c.output()))))],
});

/** x², elementwise. Of bools: int32. */
export const square: Unary = unary({
  name: "square",
  torch: "torch.square(x)",
  kernel: "square",
  integers: "keep",
  bools: "int32",
  vjp: [needs([0], (g, c) => mul(g, mul(c.input(0), 2)))],
});

/** e^x, elementwise. */
export const exp: Unary = unary({
  name: "exp",
  torch: "torch.exp(x)",
  kernel: "exp",
  cost: LONG,
  vjp: [needs(["out"], (g, c) => mul(g, c.output()))],
});
/** x = e^x, in place. */
export const exp_: (x: Tensor) => Tensor = inPlace(exp);

/** e^x - 1, elementwise, exact for small x. */
export const expm1: Unary = unary({
  name: "expm1",
  torch: "torch.expm1(x)",
  kernel: "expm1",
  cost: LONG,
  vjp: [needs(["out"], (g, c) => mul(g, add(c.output(), 1)))],
});

/** The natural logarithm, elementwise: -Infinity at 0, NaN below. */
export const log: Unary = unary({
  name: "log",
  torch: "torch.log(x)",
  kernel: "log",
  cost: LONG,
  domain: [0.1, 4],
  vjp: [needs([0], (g, c) => div(g, c.input(0)))],
});
/** x = log(x), in place. */
export const log_: (x: Tensor) => Tensor = inPlace(log);

/** log(1 + x), elementwise, exact for small x. */
export const log1p: Unary = unary({
  name: "log1p",
  torch: "torch.log1p(x)",
  kernel: "log1p",
  cost: LONG,
  domain: [-0.9, 3],
  vjp: [needs([0], (g, c) => div(g, add(c.input(0), 1)))],
});

/** The logarithm to base 2, elementwise. */
export const log2: Unary = unary({
  name: "log2",
  torch: "torch.log2(x)",
  kernel: "log2",
  cost: LONG,
  domain: [0.1, 4],
  vjp: [needs([0], (g, c) => div(g, mul(c.input(0), Math.LN2)))],
});

/** The logarithm to base 10, elementwise. */
export const log10: Unary = unary({
  name: "log10",
  torch: "torch.log10(x)",
  kernel: "log10",
  cost: LONG,
  domain: [0.1, 4],
  vjp: [needs([0], (g, c) => div(g, mul(c.input(0), Math.LN10)))],
});

/** The sine of x in radians, elementwise. */
export const sin: Unary = unary({
  name: "sin",
  torch: "torch.sin(x)",
  kernel: "sin",
  cost: 2 * LONG,
  vjp: [needs([0], (g, c) => mul(g, cos(c.input(0))))],
});

/** The cosine of x in radians, elementwise. */
export const cos: Unary = unary({
  name: "cos",
  torch: "torch.cos(x)",
  kernel: "cos",
  cost: 2 * LONG,
  vjp: [needs([0], (g, c) => mul(g, neg(sin(c.input(0)))))],
});

/** The tangent of x in radians, elementwise. */
export const tan: Unary = unary({
  name: "tan",
  torch: "torch.tan(x)",
  kernel: "tan",
  cost: 3 * LONG,
  domain: [-1.4, 1.4],
  vjp: [needs(["out"], (g, c) => mul(g, add(square(c.output()), 1)))],
});

/** The hyperbolic tangent, elementwise. */
export const tanh: Unary = unary({
  name: "tanh",
  torch: "torch.tanh(x)",
  kernel: "tanh",
  cost: LONG,
  vjp: [through(() => tanhGrad, "out")],
});
/** x = tanh(x), in place. */
export const tanh_: (x: Tensor) => Tensor = inPlace(tanh);

const tanhGrad = slope({
  name: "_tanhGrad",
  torch: "torch.ops.aten.tanh_backward(x, y)",
  kernel: "tanh_grad",
  define: (g, y) => mul(g, sub(1, square(y))),
});

/** 1 / (1 + e^-x), elementwise. */
export const sigmoid: Unary = unary({
  name: "sigmoid",
  torch: "torch.sigmoid(x)",
  kernel: "sigmoid",
  cost: LONG,
  vjp: [through(() => sigmoidGrad, "out")],
});
/** x = sigmoid(x), in place. */
export const sigmoid_: (x: Tensor) => Tensor = inPlace(sigmoid);

const sigmoidGrad = slope({
  name: "_sigmoidGrad",
  torch: "torch.ops.aten.sigmoid_backward(x, y)",
  kernel: "sigmoid_grad",
  define: (g, y) => mul(g, mul(y, sub(1, y))),
});

/** The error function 2/√π ∫₀ˣ e^(-t²) dt, elementwise. */
export const erf: Unary = unary({
  name: "erf",
  torch: "torch.erf(x)",
  kernel: "erf",
  cost: 2 * LONG,
  vjp: [needs([0], (g, c) => mul(g, mul(exp(neg(square(c.input(0)))), 2 / Math.sqrt(Math.PI))))],
});
