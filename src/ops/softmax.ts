import { launch } from "../runtime/backend.js";
import { DTypeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { contiguousInput } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { op } from "../core/op.js";
import { normalizeDim } from "../core/shape.js";
import { type Op, type OpMeta, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { mul, sub } from "./binary.js";
import { aroundDim } from "./families/reduction.js";
import { sum } from "./reduce.js";
import { exp } from "./unary.js";

type AlongDim = Op<(x: Tensor, dim: number) => Tensor>;
type AlongDimGrad = Op<(g: Tensor, y: Tensor, dim: number) => Tensor>;

const SAMPLES: OpMeta["samples"] = [
  { inputs: [[2, 3, 4]], args: [1] },
  { inputs: [[3, 21]], args: [-1] },
  { inputs: [[7, 3]], args: [0] },
  { inputs: [{ shape: [3], values: [1000, 1001, -1000] }], args: [0] },
  { inputs: [[]], args: [0] },
  { inputs: [[0, 3]], args: [1] },
];

/** Runs a kernel of n elements along `dim` for each lane; the arguments are contiguous and of one shape. */
function runAlong(kernel: string, dim: number, ...tensors: Tensor[]): Tensor {
  const [x] = tensors as [Tensor];
  const sources = tensors.map(contiguousInput);
  const { outer, n, inner } = aroundDim(x.shape, dim);
  const out = Tensor.empty(x.shape, x.dtype, kernel);
  launch(`${kernel}_${dtypeInfo(x.dtype).kernel}` as KernelName, [out.ptr, ...sources.map((s) => s.ptr), n, inner], outer * inner, 12 * n);
  return out;
}

function along(name: "softmax" | "logSoftmax", kernel: string, gradient: AlongDimGrad): AlongDim {
  return op({
    name,
    torch: (dim: number) => `torch.${name === "softmax" ? "softmax" : "log_softmax"}(x, ${dim})`,
    samples: SAMPLES,
    errors: [
      { inputs: [[2]], args: [1], throws: new RegExp(`${name}\\(\\): dim 1 is out of range`) },
      {
        inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }],
        args: [0],
        throws: new RegExp(`${name}\\(\\): expected a floating point tensor, got int32`),
      },
    ],
    prepare(x: Tensor, dim: number) {
      if (!isFloat(x.dtype))
        throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
      return { inputs: [x], args: normalizeDim(name, dim, x.ndim) };
    },
    run: ([x], dim) => runAlong(kernel, dim, x!),
    vjp: [needs(["out"], (g, c) => gradient(g, c.output(), c.args))],
  });
}

function gradientAlong(
  meta: { readonly name: string; readonly torch: (dim: number) => string },
  kernel: string,
  define: (g: Tensor, y: Tensor, dim: number) => Tensor,
): AlongDimGrad {
  return op({
    ...meta,
    samples: [
      {
        inputs: [
          [2, 3, 4],
          [2, 3, 4],
        ],
        args: [1],
      },
      {
        inputs: [
          [3, 21],
          [3, 21],
        ],
        args: [1],
      },
    ],
    prepare: (g: Tensor, y: Tensor, dim: number) => ({ inputs: [g, y], args: dim }),
    run: ([g, y], dim) => runAlong(kernel, dim, g!, y!),
    define: ([g, y], dim) => define(g!, y!, dim),
  });
}

const softmaxGrad = gradientAlong(
  { name: "_softmaxGrad", torch: (dim) => `y * (x - (x * y).sum(${dim}, keepdim=True))` },
  "softmax_grad",
  (g, y, dim) => mul(y, sub(g, sum(mul(g, y), dim, { keepdim: true }))),
);

const logSoftmaxGrad = gradientAlong(
  { name: "_logSoftmaxGrad", torch: (dim) => `x - y.exp() * x.sum(${dim}, keepdim=True)` },
  "log_softmax_grad",
  (g, y, dim) => sub(g, mul(exp(y), sum(g, dim, { keepdim: true }))),
);

/** exp(x) / Σ exp(x) along `dim`, without overflow. @throws DTypeError unless floating point */
export const softmax: AlongDim = along("softmax", "softmax", softmaxGrad);

/** ln softmax(x) along `dim`: x − max − ln Σ exp(x − max). @throws DTypeError unless floating point */
export const logSoftmax: AlongDim = along("logSoftmax", "log_softmax", logSoftmaxGrad);
