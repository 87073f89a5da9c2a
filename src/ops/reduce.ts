import { launch } from "../runtime/backend.js";
import type { KernelName } from "../runtime/kernels.js";
import { cast, contiguousInput } from "../core/copy.js";
import { type DType, dtypeInfo, isFloat } from "../core/dtype.js";
import { discard, op } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { normalizeDims, sizeOf } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { expand, permute, reshape } from "./view.js";

/** One dim, several, or (null, undefined, []) all of them. */
export type Dims = number | readonly number[] | null;

/** Sum over `dim` (default: all). Integers and bools add up in int32. */
export const sum: Op<(x: Tensor, dim?: Dims, options?: { keepdim?: boolean }) => Tensor> = op({
  name: "sum",
  torch: (dim?: Dims, options?: { keepdim?: boolean }) => `x.sum(${python(dim ?? [])}${keywords(options)})`,
  samples: [
    { inputs: [[2, 3, 4]] },
    { inputs: [[2, 3, 4]], args: [1] },
    { inputs: [[2, 3, 4]], args: [[0, -1], { keepdim: true }] },
    { inputs: [[17]], args: [0] },
    { inputs: [[]] },
    { inputs: [[0, 3]], args: [0] },
    { inputs: [[3, 0]], args: [1] },
  ],
  errors: [{ inputs: [[2, 3]], args: [2], throws: /sum\(\): dim 2 is out of range/ }],
  prepare(x: Tensor, dim: Dims = null, { keepdim = false }: { keepdim?: boolean } = {}) {
    return { inputs: [x], args: { dims: normalizeDims("sum", dim, x.ndim), keepdim } };
  },
  run([x], { dims, keepdim }) {
    const dtype: DType = isFloat(x!.dtype) ? x!.dtype : "int32";
    const source = contiguousInput(dimsLast(x!, dims));
    const typed = source.dtype === dtype ? source : discard(cast(source, dtype));
    const shape = reducedShape(x!.shape, dims, keepdim);
    const out = Tensor.empty(shape, dtype, "sum");
    const n = sizeOf(dims.map((dim) => x!.shape[dim]!));
    launch(`sum_${dtypeInfo(dtype).kernel}` as KernelName, [out.ptr, typed.ptr, n, 1], out.numel, n);
    return out;
  },
  vjp: [(g, { args, shapes: [shape] }) => expand(reshape(g, reducedShape(shape!, args.dims, true)), shape!)],
});

/** The reduced dims moved behind the others. */
export function dimsLast(x: Tensor, dims: readonly number[]): Tensor {
  const order = [...x.shape.keys()].filter((dim) => !dims.includes(dim));
  return permute(x, [...order, ...dims]);
}

/** The shape that reducing `dims` leaves. */
export function reducedShape(shape: readonly number[], dims: readonly number[], keepdim: boolean): number[] {
  return keepdim ? shape.map((size, dim) => (dims.includes(dim) ? 1 : size)) : shape.filter((_, dim) => !dims.includes(dim));
}
