import { backend } from "../../runtime/backend.js";
import { DTypeError, IndexError } from "../../runtime/errors.js";
import { materialize } from "../../core/copy.js";
import { contiguousStrides, show } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";

/** No value of int32 indices is left out of a check by this. */
const NONE = -(2 ** 31);

export interface IndexCheck {
  /** The range: `from` (default 0) up to, not including, `size`. */
  readonly from?: number;
  readonly size: number;
  /** What the indices count, for the message: "dim 1 of size 5". */
  readonly what: string;
  /** What one of them is called. Default "index". */
  readonly noun?: string;
  /** A value that is allowed too. */
  readonly ignore?: number;
}

/** @throws DTypeError unless int32 */
export function requireInt(name: string, index: Tensor, what = "the index"): void {
  if (index.dtype !== "int32") throw new DTypeError(`${name}(): ${what} must be int32, got ${index.dtype}; convert it with .to("int32")`);
}

/** @throws IndexError naming the first index that is out of range, and where it stands */
export function checkIndices(name: string, index: Tensor, { from = 0, size, what, noun = "index", ignore = NONE }: IndexCheck): void {
  if (index.numel === 0) return;
  const plain = materialize(index);
  const bad = backend().exports.check_index(plain.ptr, from, size, ignore, 0, plain.numel);
  const value = bad < 0 ? 0 : backend().memory.views.i32[plain.ptr / 4 + bad]!;
  if (plain !== index) plain.dispose();
  if (bad < 0) return;
  const at = contiguousStrides(index.shape).map((stride, d) => Math.floor(bad / stride) % index.shape[d]!);
  const where = index.ndim === 0 ? "" : ` at position ${show(at)}`;
  throw new IndexError(`${name}(): ${noun} ${value}${where} is out of range for ${what}; expected ${from} to ${size - 1}`);
}
