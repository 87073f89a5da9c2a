import { ArgumentError } from "../runtime/errors.js";
import { inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { type Op, type Vjp, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { add, mul, sub } from "./binary.js";
import { gt, le } from "./compare.js";
import { type Slope, slope, through } from "./families/slope.js";
import { ELEMENTWISE_SAMPLES, type Unary, checkUnary, runUnary, unary } from "./families/unary.js";
import { clamp } from "./clamp.js";
import { erf, exp, sigmoid, square, tanh } from "./unary.js";
import { where } from "./where.js";

/** max(x, 0), elementwise. The gradient at 0 is 0. */
export const relu: Unary = unary({
  name: "relu",
  torch: "torch.relu(x)",
  kernel: "relu",
  integers: "keep",
  bools: "refuse",
  vjp: [through(() => reluGrad, "out")],
});
/** x = relu(x), in place. */
export const relu_: (x: Tensor) => Tensor = inPlace(relu);

const reluGrad: Slope = slope({
  name: "_reluGrad",
  torch: "torch.ops.aten.threshold_backward(x, y, 0)",
  kernel: "relu_grad",
  vjp: [needs([1], (g, c) => reluGrad(g, c.input(1))), null],
});

/** x · sigmoid(x), elementwise; also called swish. */
export const silu: Unary = unary({
  name: "silu",
  torch: "F.silu(x)",
  kernel: "silu",
  cost: 10,
  integers: "refuse",
  vjp: [through(() => siluGrad, 0)],
});

const siluGrad = slope({
  name: "_siluGrad",
  torch: "x * torch.sigmoid(y) * (1 + y * (1 - torch.sigmoid(y)))",
  kernel: "silu_grad",
  cost: 10,
  define(g, x) {
    const s = sigmoid(x);
    return mul(mul(g, s), add(mul(x, sub(1, s)), 1));
  },
});

interface ActivationDecl<O, S extends number[]> {
  readonly name: string;
  readonly kernel: string;
  /** Checks the options and gives what the kernels take beside the tensors. */
  readonly scalars: (options: O) => S;
  readonly samples: readonly NoInfer<O>[];
  readonly vjp: Vjp<S>;
}

/** An activation of floats with options, by the same name in PyTorch's `F`. */
function activation<O extends object, S extends number[]>(decl: ActivationDecl<O, S>): Op<(x: Tensor, options?: O) => Tensor> {
  const { name, kernel, scalars, vjp } = decl;
  const torchName = kernel;
  return op({
    name,
    torch: (options?: O) => `F.${torchName}(x${keywords({ ...options })})`,
    samples: [...ELEMENTWISE_SAMPLES, ...decl.samples.map((options) => ({ inputs: [[19]], args: [options] }))],
    elementwise: true,
    acceptsOut: true,
    prepare(x: Tensor, options?: O) {
      checkUnary(name, x, "refuse");
      return { inputs: [x], args: scalars(options ?? ({} as O)) };
    },
    run: ([x], args, _aux, target) => runUnary({ name, kernel, scalars: args, cost: 10, integers: "refuse" }, x!, target),
    vjp: [vjp],
  });
}

export interface SoftplusOptions {
  /** How sharp the bend at 0 is. Default 1. */
  beta?: number;
  /** Where beta · x is above, the result is x itself. Default 20. */
  threshold?: number;
}

/** log(1 + e^(beta x)) / beta, elementwise: a smooth relu. */
export const softplus: Op<(x: Tensor, options?: SoftplusOptions) => Tensor> = activation({
  name: "softplus",
  kernel: "softplus",
  samples: [{ beta: 2 }, { beta: 1.5, threshold: 1 }],
  scalars: ({ beta = 1, threshold = 20 }: SoftplusOptions): [number, number] => [beta, threshold],
  vjp: through(() => softplusGrad, 0),
});

const softplusGrad = slope<[beta: number, threshold: number]>({
  name: "_softplusGrad",
  torch: (beta: number, threshold: number) => `torch.ops.aten.softplus_backward(x, y, ${beta}, ${threshold})`,
  samples: [{ inputs: [[19], [19]], args: [1.5, 2] }],
  kernel: "softplus_grad",
  cost: 10,
  define(g, x, beta, threshold) {
    const scaled = mul(x, beta);
    return where(gt(scaled, threshold), g, mul(g, sigmoid(scaled)));
  },
});

/** x > 0 ? x : alpha (e^x - 1), elementwise. alpha defaults to 1. */
export const elu: Op<(x: Tensor, options?: { alpha?: number }) => Tensor> = activation({
  name: "elu",
  kernel: "elu",
  samples: [{ alpha: 0.7 }],
  scalars: ({ alpha = 1 }: { alpha?: number }): [number] => [alpha],
  vjp: through(() => eluGrad, 0),
});

const eluGrad = slope<[alpha: number]>({
  name: "_eluGrad",
  torch: (alpha: number) => `torch.ops.aten.elu_backward(x, ${alpha}, 1, 1, False, y)`,
  samples: [{ inputs: [[19], [19]], args: [0.7] }],
  kernel: "elu_grad",
  cost: 10,
  // Clamped: where x is large the other branch counts, but Infinity times its gradient of 0 would be NaN.
  define: (g, x, alpha) => where(le(x, 0), mul(g, mul(exp(clamp(x, { max: 0 })), alpha)), g),
});

/** x > 0 ? x : negativeSlope · x, elementwise. The slope defaults to 0.01. */
export const leakyRelu: Op<(x: Tensor, options?: { negativeSlope?: number }) => Tensor> = activation({
  name: "leakyRelu",
  kernel: "leaky_relu",
  samples: [{ negativeSlope: 0.2 }],
  scalars: ({ negativeSlope = 0.01 }: { negativeSlope?: number }): [number] => [negativeSlope],
  vjp: through(() => leakyReluGrad, 0),
});

const leakyReluGrad: Slope<[negativeSlope: number]> = slope<[negativeSlope: number]>({
  name: "_leakyReluGrad",
  torch: (negativeSlope: number) => `torch.ops.aten.leaky_relu_backward(x, y, ${negativeSlope}, False)`,
  samples: [{ inputs: [[19], [19]], args: [0.2] }],
  kernel: "leaky_relu_grad",
  vjp: [needs([1], (g, c) => leakyReluGrad(g, c.input(1), ...c.args)), null],
});

export interface GeluOptions {
  /** "none": x Φ(x), with the exact normal distribution. "tanh": the usual approximation of it. Default "none". */
  approximate?: "none" | "tanh";
}

/** x · Φ(x), elementwise, Φ the normal distribution function. */
export const gelu: Op<(x: Tensor, options?: GeluOptions) => Tensor> = op({
  name: "gelu",
  torch: (options?: GeluOptions) => `F.gelu(x${keywords({ ...options })})`,
  samples: [
    // The first one says how special values are compared: PyTorch's own gelu(Infinity) is NaN in float32.
    { inputs: [[0]], torch: "F.gelu(x.double()).to(x.dtype)" },
    ...ELEMENTWISE_SAMPLES,
    { inputs: [[19]], args: [{ approximate: "tanh" }] },
  ],
  errors: [{ inputs: [[2]], args: [{ approximate: "exact" }], throws: /gelu\(\): approximate must be "none" or "tanh", got "exact"/ }],
  elementwise: true,
  acceptsOut: true,
  prepare(x: Tensor, { approximate = "none" }: GeluOptions = {}) {
    checkUnary("gelu", x, "refuse");
    if (!["none", "tanh"].includes(approximate))
      throw new ArgumentError(`gelu(): approximate must be "none" or "tanh", got ${JSON.stringify(approximate)}`);
    return { inputs: [x], args: approximate };
  },
  run: ([x], approximate, _aux, target) =>
    runUnary({ name: "gelu", kernel: approximate === "tanh" ? "gelu_tanh" : "gelu", cost: 20 }, x!, target),
  vjp: [needs([0], (g, c) => (c.args === "tanh" ? geluTanhGrad(g, c.input(0)) : geluGrad(g, c.input(0))))],
});

const geluGrad = slope({
  name: "_geluGrad",
  torch: "torch.ops.aten.gelu_backward(x, y)",
  kernel: "gelu_grad",
  cost: 30,
  define(g, x) {
    const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return mul(g, add(cdf, mul(x, density)));
  },
});

const geluTanhGrad = slope({
  name: "_geluTanhGrad",
  torch: "torch.ops.aten.gelu_backward(x, y, approximate='tanh')",
  kernel: "gelu_tanh_grad",
  cost: 20,
  define(g, x) {
    const scale = Math.sqrt(2 / Math.PI);
    const cubic = 0.044715;
    const t = tanh(mul(mul(x, scale), add(mul(square(x), cubic), 1)));
    const inner = mul(add(mul(square(x), 3 * cubic), 1), scale);
    return mul(g, mul(add(add(t, 1), mul(mul(x, sub(1, square(t))), inner)), 0.5));
  },
});
