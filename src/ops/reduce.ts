import { DTypeError } from "../runtime/errors.js";
import { type DType, isFloat } from "../core/dtype.js";
import { composite } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { normalizeDims } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { div } from "./binary.js";
import { to } from "./convert.js";
import { type Dims, type KeepDim, type Reduction, REDUCTION_SAMPLES, reduction, spread } from "./families/reduction.js";

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
    errors: [
      { inputs: [{ shape: [2], dtype: "int32", low: 0, high: 3 }], throws: /mean\(\): expected a floating point tensor, got int32/ },
    ],
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

const asBool = (x: Tensor): Tensor => to(x, "bool");
const LOGIC_SAMPLES = REDUCTION_SAMPLES.map((sample) => {
  const { inputs, args } = sample as { inputs: readonly number[][]; args?: readonly unknown[] };
  return { inputs: [{ shape: inputs[0]!, dtype: "bool" as const, low: 0, high: 2 }], args };
});
const logicTorch =
  (name: string) =>
  (dim?: Dims, options?: KeepDim): string =>
    `torch.${name}(x, ${python(Array.isArray(dim) || dim == null ? (dim ?? "__all__") : dim)}${keywords({ ...options })})`.replace(
      ', "__all__"',
      "",
    );

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
