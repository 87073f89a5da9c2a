import { backend } from "./backend.js";
import type { Ptr } from "./memory.js";

/** Shapes, strides and scalars of calls on their way. Far more than one op needs, so that nested ones do not meet. */
const BYTES = 64 * 1024;

let start = -1;
let next = 0;

function take(bytes: number): Ptr {
  if (start < 0) {
    const { memory } = backend();
    start = memory.tryAlloc(BYTES);
    if (start < 0 && memory.grow(BYTES)) start = memory.tryAlloc(BYTES);
  }
  const size = (bytes + 15) & ~15;
  if (next + size > BYTES) next = 0;
  const ptr = (start + next) as Ptr;
  next += size;
  return ptr;
}

/** Writes whole numbers for a kernel to read during the next call. */
export function writeInts(...lists: readonly (readonly number[])[]): Ptr {
  let count = 0;
  for (const list of lists) count += list.length;
  const ptr = take(count * 4);
  const { i32 } = backend().memory.views;
  let at = ptr / 4;
  for (const list of lists) for (const value of list) i32[at++] = value;
  return ptr;
}
