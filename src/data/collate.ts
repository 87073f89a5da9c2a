import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import { getDefaultDType } from "../core/dtype.js";
import { creationMark, freeSince } from "../core/storage.js";
import { Tensor } from "../core/tensor.js";
import { stack } from "../ops/join.js";

/** The type of a batch of samples of type T. */
export type Collated<T> = T extends Tensor | number | boolean
  ? Tensor
  : T extends string
    ? string[]
    : T extends object
      ? { -readonly [K in keyof T]: Collated<T[K]> }
      : unknown;

/**
 * Samples made one batch: tensors are stacked; numbers and booleans become a tensor, text a list; arrays and
 * plain objects are collated entry by entry.
 *
 * Numbers give int32 if all of them are whole, else float32: JavaScript does not tell 1 from 1.0. Where a target
 * is a measurement that may happen to be whole, let the sample hold a tensor. (PyTorch: int64 and float64.)
 *
 * @throws ShapeError when tensors or arrays differ in shape or length
 * @throws ArgumentError for anything else, and for an empty batch
 */
export function defaultCollate<T>(samples: readonly T[]): Collated<T> {
  if (samples.length === 0) throw new ArgumentError("defaultCollate(): expected at least one sample");
  const mark = creationMark();
  try {
    return collate(samples, "a sample") as Collated<T>;
  } catch (error) {
    freeSince(mark); // the entries before the bad one
    throw error;
  }
}

function collate(items: readonly unknown[], what: string): unknown {
  const [first] = items;
  const kind = kindOf(first);
  const other = items.findIndex((item) => kindOf(item) !== kind);
  if (kind === "unknown" || other >= 0) {
    const got = kind === "unknown" ? describe(first) : `${describe(first)} and, in sample ${other}, ${describe(items[other])}`;
    throw new ArgumentError(
      `defaultCollate(): ${what} must be the same in all: a tensor, number, boolean, string, array or plain object; got ${got}. Pass a collateFn for other things`,
    );
  }
  switch (kind) {
    case "tensor":
      return stack(items as Tensor[]);
    case "number":
      return numbers(items as number[]);
    case "boolean":
      return upload((items as boolean[]).map(Number), [items.length], "bool", "defaultCollate");
    case "string":
      return [...items];
    case "array":
      return arrays(items as unknown[][], what);
    case "object":
      return objects(items as Record<string, unknown>[], what);
  }
}

function numbers(values: readonly number[]): Tensor {
  const whole = values.every((value) => Number.isInteger(value) && value === (value | 0) && !Object.is(value, -0));
  return upload(values, [values.length], whole ? "int32" : getDefaultDType(), "defaultCollate");
}

function arrays(items: readonly unknown[][], what: string): unknown[] {
  const length = items[0]!.length;
  const other = items.findIndex((item) => item.length !== length);
  if (other >= 0)
    throw new ShapeError(
      `defaultCollate(): ${what} has ${length} entries, in sample ${other} it has ${items[other]!.length}; arrays of a batch must have one length`,
    );
  return Array.from({ length }, (_, i) => collate(items.map((item) => item[i]), `entry ${i} of ${what}`)); // prettier-ignore
}

function objects(items: readonly Record<string, unknown>[], what: string): Record<string, unknown> {
  return Object.fromEntries(Object.keys(items[0]!).map((key) => [key, collate(items.map((item) => item[key]), `${JSON.stringify(key)} of ${what}`)])); // prettier-ignore
}

type Kind = "tensor" | "number" | "boolean" | "string" | "array" | "object" | "unknown";

function kindOf(value: unknown): Kind {
  if (value instanceof Tensor) return "tensor";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  if (type === "number" || type === "boolean" || type === "string") return type;
  return type === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype ? "object" : "unknown";
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return typeof value;
  return (value as { constructor?: { name?: string } }).constructor?.name ?? "an object";
}
