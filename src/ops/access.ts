import { backend } from "../runtime/backend.js";
import { ArgumentError } from "../runtime/errors.js";
import { materialize } from "../core/copy.js";
import { type TypedArray, bytesOf, dtypeInfo } from "../core/dtype.js";
import { type BackwardOptions, backward as runBackward } from "../core/engine.js";
import { format } from "../core/print.js";
import { show } from "../core/shape.js";
import type { GradHook, Tensor } from "../core/tensor.js";

/** The elements in row-major order, copied: a typed array of the dtype (bool as 0 and 1 in a Uint8Array). */
export function toTypedArray(x: Tensor): TypedArray {
  const source = materialize(x);
  const { bytes } = source.storage;
  const from = source.offset * bytesOf(x.dtype);
  const copy = bytes.slice(from, from + x.numel * bytesOf(x.dtype));
  if (source !== x) source.dispose();
  return new (dtypeInfo(x.dtype).array)(copy.buffer);
}

/**
 * The elements as a typed array that looks straight into the tensor's memory: writes go both ways, nothing is
 * copied. The memory is kept until `dispose()`. Where there are no threads, the array goes empty when
 * WebAssembly memory grows: ask again.
 *
 * @throws ArgumentError unless the elements lie in row-major order
 */
export function data(x: Tensor): TypedArray {
  if (!x.isContiguous)
    throw new ArgumentError(
      `data(): the elements of ${show(x.shape)} with strides ${show(x.strides)} do not lie in order; use contiguous() or toTypedArray()`,
    );
  const { ptr } = x;
  x.storage.pinned = true;
  return new (dtypeInfo(x.dtype).array)(backend().memory.wasm.buffer, ptr, x.numel);
}

/**
 * The value of a tensor of one element: 1 or 0 for bool, where `tolist()` gives a boolean.
 * @throws ArgumentError when it has another number of elements
 */
export function item(x: Tensor): number {
  if (x.numel !== 1) throw new ArgumentError(`item(): expected one element, got shape ${show(x.shape)}; use tolist(), or reduce first`);
  const { bytes } = x.storage;
  const at = bytes.byteOffset + x.offset * bytesOf(x.dtype);
  return new (dtypeInfo(x.dtype).array)(bytes.buffer as ArrayBuffer, at, 1)[0]!;
}

/** A number (boolean for bool), or arrays of them, nested like the shape. */
export type Nested = number | boolean | Nested[];

/** The elements as nested arrays; the bare value for a scalar. */
export function tolist(x: Tensor): Nested {
  const flat = toTypedArray(x);
  let at = 0;
  const build = (dim: number): Nested => {
    if (dim === x.ndim) {
      const value = flat[at++]!;
      return x.dtype === "bool" ? value !== 0 : value;
    }
    return Array.from({ length: x.shape[dim]! }, () => build(dim + 1));
  };
  return build(0);
}

/**
 * The tensor as PyTorch prints it, but for JavaScript's spellings (`true`, `dtype=float64`, `requiresGrad=true`,
 * `gradFn=<MulBackward>`). int32, which stands for int64, is named only where there are no elements to show it.
 */
export function toString(x: Tensor): string {
  return format(x, toTypedArray(x));
}

/**
 * Accumulates d(x)/d(leaf) into `grad` of every leaf that x depends on and that requires grad, then gives the
 * graph's memory back.
 *
 * @param gradient d(loss)/d(x), of x's shape; may be left out when x has one element
 * @throws AutogradError without a graph, through a consumed one, or when a tensor it needs was changed in place
 */
export function backward(x: Tensor, gradient?: Tensor | null, options?: BackwardOptions): void {
  runBackward(x, gradient, options);
}

/** Sets `requiresGrad`, and returns the tensor. */
export function requiresGrad_(x: Tensor, on = true): Tensor {
  x.requiresGrad = on;
  return x;
}

/** Asks for `grad` on a tensor that is not a leaf. */
export function retainGrad(x: Tensor): Tensor {
  const node = x.gradFn;
  if (node) (node.retained ??= [])[x.outputIndex] = x;
  return x;
}

/**
 * Calls `hook` with the gradient of this tensor whenever one is computed; what it returns, if anything, takes
 * its place. Returns a function that removes the hook.
 *
 * @throws ArgumentError when the tensor does not require grad
 */
export function registerHook(x: Tensor, hook: GradHook): () => void {
  if (!x.requiresGrad) throw new ArgumentError("registerHook(): this tensor does not require grad, so no gradient will ever come");
  const node = x.gradFn;
  const list = node ? ((node.hooks ??= [])[x.outputIndex] ??= []) : (x.hooks ??= []);
  list.push(hook);
  return () => {
    const at = list.indexOf(hook);
    if (at >= 0) list.splice(at, 1);
  };
}
