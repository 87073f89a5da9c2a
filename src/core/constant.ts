import type { DType } from "./dtype.js";
import { upload } from "./copy.js";
import type { Tensor } from "./tensor.js";

/** Scalars as 0-dim tensors, shared: `x.mul(2)` in a loop allocates nothing. */
const cache = new Map<string, Tensor>();
const MOST = 256;

/** A shared 0-dim tensor. Never to be changed in place or given to users. */
export function constant(value: number, dtype: DType): Tensor {
  const key = `${dtype}${Object.is(value, -0) ? "-0" : value}`;
  let tensor = cache.get(key);
  if (tensor && !tensor.storage.isGone) return tensor;
  if (cache.size >= MOST) {
    // Whatever still uses one keeps it; without its pin it leaves with the idle ones.
    for (const old of cache.values()) old.storage.pinned = false;
    cache.clear();
  }
  tensor = upload([value], [], dtype, "constant");
  tensor.storage.pinned = true;
  cache.set(key, tensor);
  return tensor;
}
