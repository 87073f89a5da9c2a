import type { DType } from "./dtype.js";
import { upload } from "./copy.js";
import type { Tensor } from "./tensor.js";

/** Scalars as 0-dim tensors, shared: `x.mul(2)` in a loop allocates nothing. */
const caches: Record<DType, Map<number, Tensor>> = {
  float32: new Map(),
  float64: new Map(),
  int32: new Map(),
  uint8: new Map(),
  bool: new Map(),
};
const MOST = 256;

/** A shared 0-dim tensor. Never to be changed in place or given to users. */
export function constant(value: number, dtype: DType): Tensor {
  if (Object.is(value, -0)) return upload([value], [], dtype, "constant"); // a Map takes it for 0
  const cache = caches[dtype];
  let tensor = cache.get(value);
  if (tensor && !tensor.storage.isGone) return tensor;
  if (cache.size >= MOST) {
    // Whatever still uses one keeps it; without its pin it leaves with the idle ones.
    for (const old of cache.values()) old.storage.pinned = false;
    cache.clear();
  }
  tensor = upload([value], [], dtype, "constant");
  tensor.storage.pinned = true;
  cache.set(value, tensor);
  return tensor;
}
