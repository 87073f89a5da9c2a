import { Tensor } from "../core/tensor.js";
import { detach } from "../ops/convert.js";
import { clone } from "../ops/view.js";
import { Parameter } from "./parameter.js";

/** What has been copied so far, so that what is shared inside the original is shared inside the copy. */
export type Copied = Map<unknown, unknown>;

/** A module, which knows its fields. */
interface Copyable {
  deepCopy(copied: Copied): unknown;
}

const isCopyable = (value: unknown): value is Copyable => typeof (value as Partial<Copyable> | null | undefined)?.deepCopy === "function";

/** A copy of a field's value: of modules, tensors, and lists and plain objects of them; anything else is shared. */
export function copyValue<T>(value: T, copied: Copied): T {
  if (copied.has(value)) return copied.get(value) as T;
  if (isCopyable(value)) return value.deepCopy(copied) as T;
  const copy = copyOther(value, copied);
  copied.set(value, copy);
  return copy as T;
}

function copyOther(value: unknown, copied: Copied): unknown {
  if (value instanceof Tensor) {
    const { requiresGrad } = value;
    const data = clone(detach(value));
    return value instanceof Parameter ? new Parameter(data, { requiresGrad }) : Object.assign(data, { requiresGrad });
  }
  if (Array.isArray(value)) return value.map((item: unknown) => copyValue(item, copied));
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyValue<unknown>(item, copied)]));
  return value;
}
