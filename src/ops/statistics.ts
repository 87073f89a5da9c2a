import { backend, launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { contiguousInput, materialize } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { noGrad } from "../core/grad-mode.js";
import { composite, discard, op } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { normalizeDims, sizeOf } from "../core/shape.js";
import { type Op, type OpMeta, type Vjp, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { div, mul, sub } from "./binary.js";
import { eq } from "./compare.js";
import { type Dims, type KeepDim, type Reduction, aroundDim, dimsLast, reducedShape, spread } from "./families/reduction.js";
import { amax, amin } from "./extreme.js";
import { pow } from "./pow.js";
import { mean, sum } from "./reduce.js";
import { abs, exp, sqrt } from "./unary.js";
import { to } from "./convert.js";
import { maskedFill } from "./where.js";

export interface VarOptions extends KeepDim {
  /** Subtracted from the number of elements in the divisor. Default 1 (Bessel's). */
  correction?: number;
}
type Variance = Op<(x: Tensor, dim?: Dims, options?: VarOptions) => Tensor>;

interface VarArgs {
  dims: readonly number[];
  keepdim: boolean;
  correction: number;
}

/** `[outer, n, inner]` of a contiguous source whose reduced dims lie together, last if they did not. */
function arrange(x: Tensor, dims: readonly number[]): { source: Tensor; n: number; inner: number } {
  const together = dims.every((dim, i) => i === 0 || dim === dims[i - 1]! + 1);
  const n = sizeOf(dims.map((dim) => x.shape[dim]!));
  if (!together) return { source: contiguousInput(dimsLast(x, dims)), n, inner: 1 };
  return { source: contiguousInput(x), n, inner: dims.length === 0 ? 1 : aroundDim(x.shape, dims.at(-1)!).inner };
}

const VAR_SAMPLES: OpMeta["samples"] = [
  { inputs: [[2, 3, 4]] },
  { inputs: [[2, 3, 4]], args: [1] },
  { inputs: [[2, 3, 4]], args: [[0, -1], { keepdim: true }] },
  { inputs: [[4, 5]], args: [0, { correction: 0 }] },
  { inputs: [[3, 19]], args: [-1] },
];

function variance(name: "var" | "std", vjp: Vjp<VarArgs>): Variance {
  return op({
    name,
    torch: (dim?: Dims, options?: VarOptions) => `x.${name}(${python(dim ?? null)}${keywords({ ...options })})`,
    samples: VAR_SAMPLES,
    errors: [
      {
        inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }],
        throws: new RegExp(`${name}\\(\\): expected a floating point tensor, got int32`),
      },
    ],
    prepare(x: Tensor, dim: Dims = null, { keepdim = false, correction = 1 }: VarOptions = {}) {
      if (!isFloat(x.dtype))
        throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
      return { inputs: [x], args: { dims: normalizeDims(name, dim, x.ndim), keepdim, correction } };
    },
    run([x], { dims, keepdim, correction }) {
      const { source, n, inner } = arrange(x!, dims);
      const out = Tensor.empty(reducedShape(x!.shape, dims, keepdim), x!.dtype, name);
      const average = discard(Tensor.empty(out.shape, x!.dtype, name));
      launch(
        `var_mean_${dtypeInfo(x!.dtype).kernel}` as KernelName,
        [out.ptr, average.ptr, source.ptr, n, inner, correction],
        out.numel,
        3 * n,
      );
      return name === "var" ? out : sqrt(discard(out));
    },
    vjp: [vjp],
  });
}

/** x − mean, times 2 / (n − correction): the gradient of the variance. */
function deviation(x: Tensor, { dims, correction }: VarArgs, factor: number): Tensor {
  const n = sizeOf(dims.map((dim) => x.shape[dim]!));
  return mul(sub(x, mean(x, dims, { keepdim: true })), factor / Math.max(0, n - correction));
}

/** Variance over `dim` (default: all): Σ (x − mean)² / (n − correction). @throws DTypeError unless floating point */
const variance_: Variance = variance(
  "var",
  needs([0], (g, c) => mul(spread(g, c.shapes[0]!, c.args.dims), deviation(c.input(0), c.args, 2))),
);
export { variance_ as var };

/** Standard deviation over `dim` (default: all): √(Σ (x − mean)² / (n − correction)). Its gradient where it is 0 is 0. @throws DTypeError unless floating point */
export const std: Variance = variance(
  "std",
  needs([0, "out"], (g, c) => {
    const { dims } = c.args;
    const out = c.output();
    const scaled = maskedFill(div(g, out), eq(out, 0), 0);
    return mul(spread(scaled, c.shapes[0]!, dims), deviation(c.input(0), c.args, 1));
  }),
);

/** ln Σ exp(x) over `dim`, without overflow. */
export const logsumexp: Op<(x: Tensor, dim: Dims, options?: KeepDim) => Tensor> = op({
  name: "logsumexp",
  torch: (dim: Dims, options?: KeepDim) => `x.logsumexp(${python(dim)}${keywords({ ...options })})`,
  samples: [
    { inputs: [[2, 3, 4]], args: [1] },
    { inputs: [[2, 3, 4]], args: [[0, -1], { keepdim: true }] },
    { inputs: [[3, 21]], args: [-1] },
    { inputs: [{ shape: [3], values: [1000, 1001, -1000] }], args: [0] },
  ],
  errors: [
    {
      inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }],
      args: [0],
      throws: /logsumexp\(\): expected a floating point tensor, got int32/,
    },
  ],
  prepare(x: Tensor, dim: Dims, { keepdim = false }: KeepDim = {}) {
    if (!isFloat(x.dtype))
      throw new DTypeError(`logsumexp(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
    return { inputs: [x], args: { dims: normalizeDims("logsumexp", dim, x.ndim), keepdim } };
  },
  run([x], { dims, keepdim }) {
    const { source, n, inner } = arrange(x!, dims);
    const out = Tensor.empty(reducedShape(x!.shape, dims, keepdim), x!.dtype, "logsumexp");
    launch(`logsumexp_${dtypeInfo(x!.dtype).kernel}` as KernelName, [out.ptr, source.ptr, n, inner], out.numel, 12 * n);
    return out;
  },
  vjp: [
    needs([0, "out"], (g, c) => {
      const { dims } = c.args;
      const shape = c.shapes[0]!;
      return mul(spread(g, shape, dims), exp(sub(c.input(0), spread(c.output(), shape, dims))));
    }),
  ],
});

/** √Σ x². Its gradient at 0 is 0, as in PyTorch. */
const euclid: Reduction = op({
  name: "_norm2",
  torch: (dim?: Dims, options?: KeepDim) => `x.norm(2, ${python(dim ?? null)}${keywords({ ...options })})`,
  samples: VAR_SAMPLES.slice(0, 3),
  prepare: (x: Tensor, dim: Dims = null, { keepdim = false }: KeepDim = {}) => ({
    inputs: [x],
    args: { dims: normalizeDims("norm", dim, x.ndim), keepdim },
  }),
  run([x], { dims, keepdim }) {
    const whole = dims.length === x!.ndim && !keepdim;
    return sqrt(discard(whole ? sumOfSquares(x!) : sum(discard(mul(x!, x!)), dims, { keepdim })));
  },
  vjp: [
    needs([0, "out"], (g, c) => {
      const out = c.output();
      return mul(c.input(0), spread(maskedFill(div(g, out), eq(out, 0), 0), c.shapes[0]!, c.args.dims));
    }),
  ],
});

/** Σ x² of all elements, unrecorded, in one pass. */
export function sumOfSquares(x: Tensor): Tensor {
  const source = materialize(x);
  const { numel } = source;
  const type = dtypeInfo(x.dtype).kernel as "f32" | "f64";
  const parts = Tensor.empty([Math.ceil(numel / backend().exports.reduce_block())], x.dtype, "norm");
  launch(`sum_squares_partial_${type}`, [parts.ptr, source.ptr, numel], parts.numel, 2 * backend().exports.reduce_block());
  const total = noGrad(() => sum(parts));
  parts.dispose();
  if (source !== x) source.dispose();
  return total;
}

/**
 * The p-norm (Σ |x|^p)^(1/p) over `dim` (default: all), p = 2 by default; Infinity gives the largest |x|,
 * 0 counts what is not 0. For the 2-norm of a matrix's singular values see `linalg`.
 *
 * @throws DTypeError unless floating point
 */
export const norm: Op<(x: Tensor, p?: number | "fro", dim?: Dims, options?: KeepDim) => Tensor> = composite(
  {
    name: "norm",
    torch: (p: number | "fro" = 2, dim?: Dims, options?: KeepDim) =>
      `x.norm(${p === "fro" ? 2 : python(p)}, ${python(dim ?? null)}${keywords({ ...options })})`,
    samples: [
      { inputs: [[2, 3, 4]] },
      { inputs: [[2, 3]], args: [1, 1] },
      { inputs: [[2, 3]], args: [3, 0, { keepdim: true }] },
      { inputs: [[2, 5]], args: [Infinity, 1] },
      { inputs: [[7]], args: [-Infinity] },
      { inputs: [[3]], args: ["fro"] },
    ],
    errors: [
      { inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }], throws: /norm\(\): expected a floating point tensor, got int32/ },
      { inputs: [[2]], args: ["nuc"], throws: /norm\(\): p must be a number or "fro", got "nuc"/ },
    ],
  },
  (x: Tensor, p: number | "fro" = 2, dim: Dims = null, options: KeepDim = {}) => {
    if (!isFloat(x.dtype)) throw new DTypeError(`norm(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
    if (p !== "fro" && typeof p !== "number") throw new ArgumentError(`norm(): p must be a number or "fro", got ${JSON.stringify(p)}`);
    if (p === 2 || p === "fro") return euclid(x, dim, options);
    if (p === Infinity) return amax(abs(x), dim, options);
    if (p === -Infinity) return amin(abs(x), dim, options);
    if (p === 1) return sum(abs(x), dim, options);
    if (p === 0) return to(sum(to(x, "bool"), dim, options), x.dtype);
    return pow(sum(pow(abs(x), p), dim, options), 1 / p);
  },
);
