import { DTypeError, ShapeError } from "../runtime/errors.js";
import { type DType, isFloat } from "../core/dtype.js";
import { composite } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { normalizeDims, show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { div, mul } from "./binary.js";
import { eq } from "./compare.js";
import { to } from "./convert.js";
import { eye } from "./creation.js";
import { type Dims, type KeepDim, type Reduction, REDUCTION_SAMPLES, reduction, spread } from "./families/reduction.js";
import { expand, permute, unsqueeze } from "./view.js";
import { where } from "./where.js";

export type { Dims, KeepDim } from "./families/reduction.js";

const toInt = (dtype: DType): DType => (isFloat(dtype) ? dtype : "int32");

/** Sum over `dim` (default: all). Integers and bools add up in int32, modulo 2³². */
export const sum: Reduction = reduction({
  name: "sum",
  kernel: "sum",
  result: toInt,
  dtypes: ["float64", "int32", "bool"],
  errors: [
    { inputs: [[2, 3]], args: [2], throws: /sum\(\): dim 2 is out of range/ },
    { inputs: [[2, 3]], args: [[0, -2]], throws: /sum\(\): a dim appears twice/ },
  ],
  vjp: [(g, { args, shapes: [shape] }) => spread(g, shape!, args.dims)],
});

/** Mean over `dim` (default: all): the sum divided by the number of elements. NaN for none. @throws DTypeError unless floating point */
export const mean: Reduction = composite(
  {
    name: "mean",
    torch: (dim?: Dims, options?: KeepDim) => `x.mean(${python(dim ?? [])}${keywords({ ...options })})`,
    samples: REDUCTION_SAMPLES,
    errors: [{ inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }], throws: /mean\(\): expected a floating point tensor, got int32/ }],
  },
  (x: Tensor, dim: Dims = null, options: KeepDim = {}) => {
    if (!isFloat(x.dtype)) throw new DTypeError(`mean(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
    const dims = normalizeDims("mean", dim, x.ndim);
    return div(
      sum(x, dims, options),
      dims.reduce((n, d) => n * x.shape[d]!, 1),
    );
  },
);

/** Product over one `dim` (default: all). Integers and bools multiply in int32, modulo 2³². The empty product is 1. */
export const prod: Op<(x: Tensor, dim?: number | null, options?: KeepDim) => Tensor> = reduction({
  name: "prod",
  torch: (dim?: number | null, options?: KeepDim) => `x.prod(${dim ?? ""}${keywords({ ...options })})`,
  kernel: "prod",
  result: toInt,
  dtypes: ["float64", "int32"],
  samples: [
    { inputs: [[2, 3, 4]] },
    { inputs: [[2, 3, 4]], args: [1] },
    { inputs: [[2, 5]], args: [-1, { keepdim: true }] },
    { inputs: [{ shape: [4], values: [2, 0, 3, -1] }] },
    { inputs: [{ shape: [2, 3], values: [0, 5, 0, 1, 2, 3] }], args: [1] },
    { inputs: [[]] },
    { inputs: [[0, 3]], args: [0] },
  ],
  errors: [{ inputs: [[2]], args: [1], throws: /prod\(\): dim 1 is out of range/ }],
  vjp: [
    needs([0, "out"], (g, c) => {
      const { dims } = c.args;
      const [x, shape] = [c.input(0), c.shapes[0]!];
      // out / x is the product of the others, but where x is 0 that says nothing.
      if (!hasZero(x)) return div(spread(mul(g, c.output()), shape, dims), x);
      return mul(spread(g, shape, dims), productOfOthers(x, dims));
    }),
  ],
}) as Op<(x: Tensor, dim?: number | null, options?: KeepDim) => Tensor>;

function hasZero(x: Tensor): boolean {
  return any(eq(x, 0)).item() === 1;
}

/** For each element, the product of the others along `dims` (one dim, or all). */
function productOfOthers(x: Tensor, dims: readonly number[]): Tensor {
  if (dims.length > 1) return productOfOthers(x.reshape([-1]), [0]).reshape(x.shape);
  const last = permute(x, [...x.shape.keys()].filter((d) => d !== dims[0]).concat(dims));
  const n = last.shape.at(-1)!;
  const square = expand(unsqueeze(last, -2), [...last.shape, n]);
  const others = prod(where(eye(n, n, { dtype: "bool" }), 1, square), -1);
  const back = [...x.shape.keys()].map((d) => (d === dims[0] ? x.ndim - 1 : d < dims[0]! ? d : d - 1));
  return permute(others, back);
}

function refuseEmpty(name: string) {
  return (x: Tensor, { dims }: { dims: readonly number[] }): void => {
    const empty = dims.find((dim) => x.shape[dim] === 0);
    if (empty !== undefined) throw new ShapeError(`${name}(): dim ${empty} of ${show(x.shape)} has no elements, so there is no extreme one`);
  };
}

/** The gradient of an extreme goes in equal parts to all elements that reach it. */
const toExtremes = needs<{ dims: readonly number[]; keepdim: boolean }>([0, "out"], (g, c) => {
  const { dims } = c.args;
  const shape = c.shapes[0]!;
  const reached = to(eq(c.input(0), spread(c.output(), shape, dims)), g.dtype);
  return div(mul(spread(g, shape, dims), reached), spread(sum(reached, dims), shape, dims));
});

const EXTREME_SAMPLES = [...REDUCTION_SAMPLES.slice(0, -1), { inputs: [{ shape: [5], values: [1, 3, 3, -2, 3] }] }];

/** Largest element over `dim` (default: all); NaN if one is NaN. The gradient is shared by all that reach it. */
export const amax: Reduction = reduction({
  name: "amax",
  kernel: "amax",
  samples: EXTREME_SAMPLES,
  dtypes: ["float64", "int32", "uint8"],
  errors: [{ inputs: [[2, 0]], args: [1], throws: /amax\(\): dim 1 of \[2, 0\] has no elements/ }],
  refuse: refuseEmpty("amax"),
  vjp: [toExtremes],
});

/** Smallest element over `dim` (default: all); NaN if one is NaN. The gradient is shared by all that reach it. */
export const amin: Reduction = reduction({
  name: "amin",
  kernel: "amin",
  samples: EXTREME_SAMPLES,
  dtypes: ["float64", "int32", "uint8"],
  errors: [{ inputs: [[2, 0]], args: [1], throws: /amin\(\): dim 1 of \[2, 0\] has no elements/ }],
  refuse: refuseEmpty("amin"),
  vjp: [toExtremes],
});

const asBool = (x: Tensor): Tensor => to(x, "bool");
const LOGIC_SAMPLES = REDUCTION_SAMPLES.map((sample) => {
  const { inputs, args } = sample as { inputs: readonly number[][]; args?: readonly unknown[] };
  return { inputs: [{ shape: inputs[0]!, dtype: "bool" as const, low: 0, high: 2 }], args };
});
const logicTorch =
  (name: string) =>
  (dim?: Dims, options?: KeepDim): string =>
    `torch.${name}(x, ${python(Array.isArray(dim) || dim == null ? (dim ?? "__all__") : dim)}${keywords({ ...options })})`.replace(', "__all__"', "");

/** Whether any element over `dim` (default: all) is not 0, as bool. */
export const any: Reduction = reduction({
  name: "any",
  torch: logicTorch("any"),
  kernel: "any",
  samples: LOGIC_SAMPLES,
  dtypes: ["float32", "int32"],
  before: asBool,
  vjp: [null],
});

/** Whether all elements over `dim` (default: all) are not 0, as bool. True for none. */
export const all: Reduction = reduction({
  name: "all",
  torch: logicTorch("all"),
  kernel: "all",
  samples: LOGIC_SAMPLES,
  dtypes: ["float32", "int32"],
  before: asBool,
  vjp: [null],
});

/** The number of elements that are not 0, over `dim` (default: all), as int32. */
export const countNonzero: Op<(x: Tensor, dim?: Dims) => Tensor> = composite(
  {
    name: "countNonzero",
    torch: (dim?: Dims) => `torch.count_nonzero(x${dim == null ? "" : `, ${python(dim)}`})`,
    samples: [{ inputs: [{ shape: [3, 4], dtype: "int32", low: -1, high: 2 }] }, { inputs: [[2, 5]], args: [1] }],
  },
  (x: Tensor, dim: Dims = null) => sum(asBool(x), dim),
);

