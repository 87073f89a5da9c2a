import type { DType, TypedArray } from "./dtype.js";

/**
 * A tensor as plain data: what arrives where a worker sent a tensor, and what a database or a message can hold.
 * `tensor(plain)` makes a tensor of it, `loadStateDict()` takes it as it is.
 */
export interface PlainTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements in row-major order; bool as 0 and 1. */
  readonly data: TypedArray;
}

export function isPlainTensor(value: unknown): value is PlainTensor {
  if (typeof value !== "object" || value === null) return false;
  const { dtype, shape, data } = value as Partial<PlainTensor>;
  return typeof dtype === "string" && Array.isArray(shape) && ArrayBuffer.isView(data);
}
