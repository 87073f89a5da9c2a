import { INTERNAL, type Storage, closeScope, openScope } from "./storage.js";
import { Tensor } from "./tensor.js";

/** Runs `fn`; frees the tensors it made that neither its result nor a graph needs. */
export function temporary<R>(fn: () => R): R {
  return freeing(fn, INTERNAL);
}

/**
 * Runs `fn` and frees at once what it made, but for the tensors it returns (alone, or in arrays and plain
 * objects), those that a graph needs, and parameters, gradients and the memory of optimisers. Never needed:
 * idle memory is taken back anyway. It makes long synchronous arithmetic on large tensors faster.
 *
 * @example const rms = scope(() => x.mul(x).mean().sqrt());
 */
export function scope<R>(fn: () => R): R {
  return freeing(fn, "it was made in a scope() that did not return it; return it, or make it outside");
}

function freeing<R>(fn: () => R, why: string): R {
  const mark = openScope();
  let result: R | undefined;
  try {
    return (result = fn());
  } finally {
    release(mark, result, why);
  }
}

function release(mark: number, result: unknown, why: string): void {
  const only = result instanceof Tensor ? result.storage : null;
  let kept: Set<Storage> | undefined;
  closeScope(mark, (storage) => {
    if (only ? storage === only : (kept ??= storagesOf(result)).has(storage)) return;
    if (storage.saved === 0 && !storage.pinned && !storage.outlives) storage.free(why);
    else if (why === INTERNAL) storage.internal = true; // only a graph holds it now
  });
}

/** The storages of the tensors in a result: a tensor, or arrays and objects of them. */
export function storagesOf(value: unknown, into = new Set<Storage>()): Set<Storage> {
  if (value instanceof Tensor) into.add(value.storage);
  else if (Array.isArray(value)) value.forEach((item) => storagesOf(item, into));
  else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    Object.values(value).forEach((item) => storagesOf(item, into));
  }
  return into;
}
