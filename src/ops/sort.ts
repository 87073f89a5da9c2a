import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { SHORT_TOPK } from "../runtime/tuning.js";
import { cast, contiguousInput, copyStrided } from "../core/copy.js";
import { dtypeInfo } from "../core/dtype.js";
import { composite, discard, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { normalizeDim, show } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { type Found, placeAlong } from "./extreme.js";
import { narrow } from "./slice.js";
import { transpose } from "./view.js";

export interface SortOptions {
  /** Largest first. Default false. */
  descending?: boolean;
}

/** Rows to sort: the dim last and contiguous; bytes as int32, for which there is a kernel. */
function rowsOf(x: Tensor, dim: number): { rows: Tensor; n: number; type: "f32" | "f64" | "i32" } {
  const last = contiguousInput(x.ndim < 2 ? x : transpose(x, dim, -1));
  const rows = dtypeInfo(x.dtype).kernel === "u8" ? discard(cast(last, "int32")) : last;
  return { rows, n: x.shape[dim] ?? 1, type: dtypeInfo(rows.dtype).kernel as "f32" | "f64" | "i32" };
}

/** Values and indices of rows, with the dim back where it was and the dtype what it was. */
function finish(x: Tensor, dim: number, values: Tensor, indices: Tensor, aux: Tensor[]): Tensor[] {
  const back = (y: Tensor): Tensor => {
    if (y.ndim < 2 || dim === y.ndim - 1) return y;
    const out = Tensor.empty(transpose(y, dim, -1).shape, y.dtype, "sort");
    copyStrided(out, transpose(discard(y), dim, -1));
    return out;
  };
  const typed = values.dtype === x.dtype ? values : cast(discard(values), x.dtype);
  const out = [back(typed), back(indices)];
  aux.push(out[1]!);
  return out;
}

const sum2 = ([values, indices]: Tensor[]): Tensor => values!.add(indices!);

const sortOp: Op<(x: Tensor, dim?: number, options?: SortOptions) => Tensor[]> = op({
  name: "_sort",
  torch: (dim = -1, options?: SortOptions) =>
    `(lambda r: r.values + r.indices)(x.sort(dim=${dim}, stable=True${keywords({ ...options })}))`,
  samples: [
    { inputs: [[2, 3, 4]] },
    { inputs: [[5, 3]], args: [0] },
    { inputs: [[40]], args: [-1, { descending: true }] },
    { inputs: [{ shape: [6], values: [2, 1, 2, 1, 3, 1] }], args: [0, { descending: true }] },
    { inputs: [[]] },
    { inputs: [[2, 0]] },
  ],
  dtypes: ["float64", "int32", "uint8"],
  check: sum2,
  prepare: (x: Tensor, dim = -1, { descending = false }: SortOptions = {}) => ({
    inputs: [x],
    args: { dim: normalizeDim("sort", dim, x.ndim), descending },
  }),
  run([x], { dim, descending }, aux) {
    const { rows, n, type } = rowsOf(x!, dim);
    const values = Tensor.empty(rows.shape, rows.dtype, "sort");
    const indices = Tensor.empty(rows.shape, "int32", "sort");
    const scratch = discard(Tensor.empty(rows.shape, rows.dtype, "sort"));
    const scratchIndices = discard(Tensor.empty(rows.shape, "int32", "sort"));
    const pointers = [values.ptr, indices.ptr, rows.ptr, scratch.ptr, scratchIndices.ptr];
    if (n > 0) launch(`sort_${type}` as KernelName, [...pointers, n, Number(descending)], rows.numel / n, 10 * n * Math.log2(n + 1));
    return finish(x!, dim, values, indices, aux);
  },
  vjp: [placeAlong],
});

/**
 * The elements in order along `dim` (default: the last), and where they stood. Equal ones keep their order (PyTorch
 * promises that with `stable=True`); NaN counts as largest.
 */
export const sort: Op<(x: Tensor, dim?: number, options?: SortOptions) => Found> = composite(
  {
    name: "sort",
    torch: (dim = -1, options?: SortOptions) => `x.sort(dim=${dim}, stable=True${keywords({ ...options })}).values`,
    samples: [
      { inputs: [[5, 3]], args: [0] },
      { inputs: [[5]], args: [-1, { descending: true }] },
    ],
    errors: [{ inputs: [[2]], args: [1], throws: /sort\(\): dim 1 is out of range/ }],
    check: ([values]) => values!,
  },
  (x: Tensor, dim?: number, options?: SortOptions) => named(sortOp(x, dim, options)),
);

function named([values, indices]: Tensor[]): Found {
  return { values: values!, indices: indices! };
}

/** The positions, as int32, that would sort along `dim` (default: the last). Stable. */
export const argsort: Op<(x: Tensor, dim?: number, options?: SortOptions) => Tensor> = composite(
  {
    name: "argsort",
    torch: (dim = -1, options?: SortOptions) => `x.argsort(dim=${dim}, stable=True${keywords({ ...options })}).int()`,
    samples: [
      { inputs: [[5, 3]], args: [0] },
      { inputs: [[5]], args: [-1, { descending: true }] },
    ],
  },
  (x: Tensor, dim?: number, options?: SortOptions) => sortOp(x, dim, options)[1]!,
);

export interface TopkOptions {
  /** Default: the last. */
  dim?: number;
  /** The largest (default) or the smallest. */
  largest?: boolean;
}

const topkOp: Op<(x: Tensor, k: number, options?: TopkOptions) => Tensor[]> = op({
  name: "_topk",
  torch: (k: number, options?: TopkOptions) => `(lambda r: r.values + r.indices)(x.topk(${k}${keywords({ ...options })}))`,
  samples: [
    { inputs: [[2, 5]], args: [3] },
    { inputs: [[5, 2]], args: [2, { dim: 0, largest: false }] },
    { inputs: [[4]], args: [0] },
  ],
  dtypes: ["float64", "int32", "uint8"],
  check: sum2,
  prepare(x: Tensor, k: number, { dim = -1, largest = true }: TopkOptions = {}) {
    if (x.dtype === "bool") throw new DTypeError('topk(): bools have no order; convert them with .to("uint8")');
    const at = normalizeDim("topk", dim, x.ndim);
    const size = x.shape[at] ?? 1;
    if (!Number.isInteger(k) || k < 0) throw new ArgumentError(`topk(): k must be a whole number from 0 on, got ${k}`);
    if (k > size) throw new ShapeError(`topk(): k is ${k}, but dim ${at} of ${show(x.shape)} has only ${size} elements`);
    return { inputs: [x], args: { dim: at, k, largest } };
  },
  run([x], { dim, k, largest }, aux) {
    const { rows, n, type } = rowsOf(x!, dim);
    const shape = [...rows.shape.slice(0, -1), ...(x!.ndim === 0 ? [] : [k])];
    const values = Tensor.empty(shape, rows.dtype, "topk");
    const indices = Tensor.empty(shape, "int32", "topk");
    if (values.numel > 0)
      launch(`topk_${type}` as KernelName, [values.ptr, indices.ptr, rows.ptr, n, k, Number(largest)], values.numel / k, 2 * n);
    return finish(x!, dim, values, indices, aux);
  },
  vjp: [placeAlong],
});

/**
 * The `k` largest (or smallest) elements along a dim, in order, and where they stood; of equals, the first. NaN
 * counts as largest.
 *
 * @throws ShapeError when there are fewer than k
 */
export const topk: Op<(x: Tensor, k: number, options?: TopkOptions) => Found> = composite(
  {
    name: "topk",
    torch: (k: number, options?: TopkOptions) => `x.topk(${k}${keywords({ ...options })}).values`,
    samples: [
      { inputs: [[2, 5]], args: [3] },
      { inputs: [[2, 80]], args: [70, { largest: false }] },
    ],
    errors: [
      { inputs: [[2]], args: [3], throws: /topk\(\): k is 3, but dim 0 of \[2\] has only 2 elements/ },
      { inputs: [[2]], args: [-1], throws: /topk\(\): k must be a whole number from 0 on, got -1/ },
    ],
    check: ([values]) => values!,
  },
  (x: Tensor, k: number, options: TopkOptions = {}) => {
    if (!(k > SHORT_TOPK)) return named(topkOp(x, k, options));
    const { dim = -1, largest = true } = options;
    if (k > (x.shape.at(dim) ?? 1)) topkOp(x, k, options); // throws
    const { values, indices } = sort(x, dim, { descending: largest });
    return { values: narrow(values, dim, 0, k), indices: narrow(indices, dim, 0, k) };
  },
);
