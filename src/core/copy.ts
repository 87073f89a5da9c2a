import { backend, launch } from "../runtime/backend.js";
import { DTypeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { writeInts } from "../runtime/scratch.js";
import { type DType, bitsOf, dtypeInfo } from "./dtype.js";
import { discard, setCopyInto } from "./op.js";
import { broadcastStrides, sizeOf } from "./shape.js";
import { INTERNAL } from "./storage.js";
import { collapse } from "./strided.js";
import { Tensor } from "./tensor.js";

/** The tensor itself if its elements lie in order, else a copy that does. For public use see `contiguous`. */
export function materialize(x: Tensor): Tensor {
  if (x.isContiguous) return x;
  const out = Tensor.empty(x.shape, x.dtype, "contiguous");
  copyStrided(out, x);
  return out;
}

/** For `run`: contiguous elements, for the time of the op. */
export function contiguousInput(x: Tensor): Tensor {
  return x.isContiguous ? x : discard(materialize(x));
}

/** to[...] = from[...], same dtype, any strides; `from` broadcasts. */
export function copyStrided(to: Tensor, from: Tensor): void {
  const total = sizeOf(to.shape);
  if (total === 0) return;
  const nest = collapse(to.shape, [to.strides, broadcastStrides(from.shape, from.strides, to.shape)]);
  const bits = bitsOf(to.dtype);
  const meta = writeInts([nest.shape.length], nest.shape, nest.strides[0]!, nest.strides[1]!);
  launch(`copy_nd_${bits}`, [to.ptr, from.ptr, meta], total);
}

/** A contiguous copy in another dtype. Unrecorded: `to()` is the op. */
export function cast(x: Tensor, dtype: DType, name = "to"): Tensor {
  const source = contiguousInput(x);
  const out = Tensor.empty(x.shape, dtype, name);
  launch(`cast_${castName(x.dtype)}_${castName(dtype)}` as KernelName, [out.ptr, source.ptr], sizeOf(x.shape));
  return out;
}

function castName(dtype: DType): string {
  return dtype === "bool" ? "bool" : dtypeInfo(dtype).kernel;
}

/** Fills a contiguous tensor with one value. */
export function fillRaw(x: Tensor, value: number): void {
  const stored = x.dtype === "bool" ? Number(value !== 0) : value; // NaN is true, as in PyTorch
  launch(`fill_${dtypeInfo(x.dtype).kernel}`, [x.ptr, stored], sizeOf(x.shape));
}

/**
 * to[...] = from[...], casting and broadcasting: what in-place ops end with.
 * @throws DTypeError when a float would go into an integer tensor
 */
export function copyInto(to: Tensor, from: Tensor): void {
  const kindOf = (dtype: DType): number => dtypeInfo(dtype).kind;
  if (kindOf(from.dtype) > kindOf(to.dtype)) {
    throw new DTypeError(
      `a ${from.dtype} result cannot be stored in a ${to.dtype} tensor in place; use the op without the trailing underscore, or convert one with .to(…)`,
    );
  }
  const source = from.dtype === to.dtype ? from : cast(from, to.dtype);
  copyStrided(to, source);
  if (source !== from) source.storage.free(INTERNAL);
}

setCopyInto(copyInto);

/** A contiguous tensor with these bytes, from a typed array of its dtype. */
export function upload(values: ArrayLike<number>, shape: readonly number[], dtype: DType, name: string): Tensor {
  const out = Tensor.empty(shape, dtype, name);
  const { ptr } = out;
  const info = dtypeInfo(dtype);
  const view = new info.array(backend().memory.wasm.buffer, ptr, values.length);
  view.set(values);
  if (dtype === "bool") for (let i = 0; i < view.length; i++) view[i] = values[i] === 0 ? 0 : 1;
  return out;
}

/** Writes `value(i)` into element i of a contiguous tensor of numbers. */
export function writeInto(x: Tensor, value: (i: number) => number): void {
  const { ptr } = x;
  const view = new (dtypeInfo(x.dtype).array)(backend().memory.wasm.buffer, ptr, sizeOf(x.shape));
  for (let i = 0; i < view.length; i++) view[i] = value(i);
}
