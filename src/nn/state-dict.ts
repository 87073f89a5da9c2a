import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { cast, copyStrided } from "../core/copy.js";
import { type PlainTensor, isPlainTensor } from "../core/plain.js";
import { sameShape, show, sizeOf } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { detach } from "../ops/convert.js";
import { tensor } from "../ops/creation.js";
import type { Module } from "./module.js";

/** Tensors by name. */
export type StateDict = Record<string, Tensor>;

export interface LoadResult {
  /** Keys of the model that the dict lacks. */
  missingKeys: string[];
  /** Keys of the dict that the model lacks. */
  unexpectedKeys: string[];
}

/** `outer.inner`; the root has no name. */
export function join(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}

/** Every parameter and persistent buffer by its key: parameters before buffers, parents before children, tied ones under each name. */
function* entries(module: Module, prefix = ""): Iterable<[string, Tensor]> {
  for (const [name, tensor] of module.namedParameters({ recurse: false })) yield [join(prefix, name), tensor];
  for (const [name, tensor] of module.namedBuffers({ recurse: false, persistent: true })) yield [join(prefix, name), tensor];
  for (const [name, child] of module.namedChildren({ removeDuplicate: false })) yield* entries(child, join(prefix, name));
}

export function collectState(module: Module): StateDict {
  return Object.fromEntries([...entries(module)].map(([key, tensor]) => [key, detach(tensor)]));
}

export function loadState(module: Module, dict: Readonly<Record<string, Tensor | PlainTensor>>, strict: boolean): LoadResult {
  const own = new Map(entries(module));
  const missingKeys = [...own.keys()].filter((key) => !Object.hasOwn(dict, key));
  const unexpectedKeys = Object.keys(dict).filter((key) => !own.has(key));
  const pairs = [...own].filter(([key]) => Object.hasOwn(dict, key)).map(([key, to]) => ({ key, to, from: dict[key]! }));
  for (const { key, from } of pairs) {
    if (!(from instanceof Tensor) && !isPlainTensor(from))
      throw new ArgumentError(`loadStateDict(): ${key} must be a tensor, got ${from === null ? "null" : typeof from}`);
    if (!(from instanceof Tensor) && from.data.length !== sizeOf(from.shape))
      throw new ArgumentError(`loadStateDict(): ${key} has ${from.data.length} elements, which do not fit its shape ${show(from.shape)}`);
  }
  const misshapen = pairs.filter(({ to, from }) => !sameShape(to.shape, from.shape));
  const quoted = (keys: string[]): string => keys.map((key) => `"${key}"`).join(", ");
  const problems = [
    ...(strict && missingKeys.length > 0 ? [`missing keys: ${quoted(missingKeys)}`] : []),
    ...(strict && unexpectedKeys.length > 0 ? [`unexpected keys: ${quoted(unexpectedKeys)}`] : []),
    ...misshapen.map(
      ({ key, to, from }) => `size mismatch for ${key}: ${show(from.shape)} in the state dict, ${show(to.shape)} in the model`,
    ),
  ];
  if (problems.length > 0) {
    const message = `loadStateDict(): the state dict does not fit ${module.constructor.name}, so nothing was loaded:\n  ${problems.join("\n  ")}`;
    throw misshapen.length > 0 ? new ShapeError(message) : new ArgumentError(message);
  }
  for (const { from } of pairs) if (from instanceof Tensor) from.storage.check();
  for (const { to, from } of pairs) {
    if (from instanceof Tensor) overwrite(to, from);
    else {
      const made = tensor(from);
      overwrite(to, made);
      made.dispose();
    }
  }
  return { missingKeys, unexpectedKeys };
}

/** to[...] = from[...] in the dtype of `to`, outside of any graph. */
function overwrite(to: Tensor, from: Tensor): void {
  const source = from.dtype === to.dtype ? from : cast(from, to.dtype, "loadStateDict");
  copyStrided(to, source);
  if (source !== from) source.dispose();
  to.storage.version++;
}
