import { launch } from "../../runtime/backend.js";
import { DTypeError, ShapeError } from "../../runtime/errors.js";
import type { KernelName } from "../../runtime/kernels.js";
import { contiguousInput, copyStrided } from "../../core/copy.js";
import { discard } from "../../core/op.js";
import { normalizeDim, sameShape, show } from "../../core/shape.js";
import type { InputSpec, Op } from "../../core/spec.js";
import { Tensor, viewOf } from "../../core/tensor.js";
import { narrow } from "../slice.js";
import { checkIndices, requireInt } from "./indices.js";
import { aroundDim } from "./reduction.js";

/*
 * What ops share that pick elements or slices by an index, or put them there.
 */

/** @throws ShapeError unless `index` has the dims of `x` and is nowhere larger, but along `dim` */
export function checkAlong(name: string, x: Tensor, dim: number, index: Tensor, what = "the tensor"): void {
  const fits = index.ndim === x.ndim && index.shape.every((size, d) => d === dim || size <= x.shape[d]!);
  if (!fits)
    throw new ShapeError(
      `${name}(): the index ${show(index.shape)} does not fit ${what} ${show(x.shape)}: it needs the same dims and, but along dim ${dim}, no larger sizes`,
    );
}

/** For ops that need the same elements of several tensors. @throws DTypeError when the dtypes differ */
export function requireSameDType(name: string, x: Tensor, y: Tensor, what = "the source"): void {
  if (x.dtype !== y.dtype) throw new DTypeError(`${name}(): ${what} is ${y.dtype}, the tensor ${x.dtype}; convert one with .to(…)`);
}

export type Scatter = Op<(x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor>;

/** What scatters check and agree on: `src` cut to the shape of the index. */
export function prepareScatter(name: string, x: Tensor, dim: number, index: Tensor, src: Tensor): { inputs: Tensor[]; args: number } {
  const at = normalizeDim(name, dim, x.ndim);
  requireInt(name, index);
  requireSameDType(name, x, src);
  checkAlong(name, x, at, index);
  checkAlong(name, src, -1, index, "the source");
  checkIndices(name, index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
  const cut = index.shape.reduce((part, size, d) => (size === part.shape[d] ? part : narrow(part, d, 0, size)), src);
  return { inputs: [x, index, cut], args: at };
}

/** A copy of `x`, or the target of an in-place op with x's elements already in it. */
export function copyFor(x: Tensor, target: Tensor | undefined, name: string): Tensor {
  if (target) return target;
  const out = Tensor.empty(x.shape, x.dtype, name);
  copyStrided(out, x);
  return out;
}

/** Runs a scatter kernel into `out`, or into the part of it that the index can reach. */
export function scatterInto(out: Tensor, kernel: KernelName, dim: number, index: Tensor, src: Tensor): void {
  if (index.numel === 0) return;
  const shape = out.shape.map((size, d) => (d === dim ? size : index.shape[d]!));
  const whole = sameShape(shape, out.shape);
  const part = viewOf(out, shape, out.strides, out.offset);
  const region = whole ? out : discard(copyFor(part, undefined, "scatter"));
  const values = contiguousInput(src);
  const places = contiguousInput(index);
  const { outer, n, inner } = aroundDim(shape, dim);
  const m = index.shape[dim] ?? 1;
  launch(kernel, [region.ptr, values.ptr, places.ptr, n, m, inner], outer * inner, m, { inPlace: true });
  if (!whole) copyStrided(part, region);
}

export const INDEX: InputSpec = { shape: [2, 3], dtype: "int32", values: [0, 2, 0, 1, 0, 2] };
export const SCATTER_ERRORS = (name: string): { inputs: InputSpec[]; args: unknown[]; throws: RegExp }[] => [
  {
    inputs: [[3, 3], { shape: [1], dtype: "int32", values: [0] }, [1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the index \\[1\\] does not fit`),
  },
  {
    inputs: [[2, 2], { shape: [1, 1], dtype: "int32", values: [2] }, [1, 1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): index 2 at position \\[0, 0\\] is out of range for dim 0 of size 2`),
  },
  {
    inputs: [[2, 2], { shape: [1, 2], dtype: "int32", low: 0, high: 2 }, [1, 1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the index \\[1, 2\\] does not fit the source \\[1, 1\\]`),
  },
];

export interface RowArgs {
  dim: number;
  alpha: number;
}

/** @throws ShapeError unless `source` is `x` with as many slices along `dim` as there are indices */
export function prepareRows(
  name: string,
  x: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  alpha = 1,
): { inputs: Tensor[]; args: RowArgs } {
  const at = normalizeDim(name, dim, x.ndim);
  requireInt(name, index);
  requireSameDType(name, x, source);
  if (index.ndim > 1) throw new ShapeError(`${name}(): expected indices of one dim, got ${show(index.shape)}`);
  const wanted = x.shape.map((size, d) => (d === at ? index.numel : size));
  if (!sameShape(source.shape, wanted))
    throw new ShapeError(
      `${name}(): the source is ${show(source.shape)}; for ${index.numel} indices along dim ${at} of ${show(x.shape)} it must be ${show(wanted)}`,
    );
  checkIndices(name, index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
  return { inputs: [x, index, source], args: { dim: at, alpha } };
}

export const ROW_ERRORS = (name: string): { inputs: InputSpec[]; args: unknown[]; throws: RegExp }[] => [
  {
    inputs: [[3, 2], { shape: [2], dtype: "int32", values: [0, 3] }, [2, 2]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): index 3 at position \\[1\\] is out of range`),
  },
  {
    inputs: [[3, 2], { shape: [2], dtype: "int32", values: [0, 1] }, [1, 2]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the source is \\[1, 2\\].* must be \\[2, 2\\]`),
  },
];
