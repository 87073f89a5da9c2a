import { ArgumentError, LanegradError } from "../runtime/errors.js";
import { opTable } from "./op-table.js";
import { show } from "./shape.js";
import type { OpSpec } from "./spec.js";
import { Tensor } from "./tensor.js";

/**
 * What a call of an op throws, told in terms of the op that was called: the outermost tells last. What a program without
 * type checks passes comes to light as some TypeError.
 */
export function explained(spec: OpSpec, params: readonly unknown[], error: unknown): unknown {
  const cause = error instanceof Misuse ? error.cause : error;
  if (cause instanceof TypeError) return new Misuse(misuse(spec, params, cause), { cause });
  if (error instanceof LanegradError) rename(error, spec.name);
  return error;
}

/** Made by `explained`. */
class Misuse extends ArgumentError {}

function misuse({ name, tensors = [0], listInput }: OpSpec, params: readonly unknown[], { message }: TypeError): string {
  const [given, places] = listInput && Array.isArray(params[0]) ? [params[0] as unknown[], params[0].keys()] : [params, tensors];
  for (const at of places) {
    const value = given[at];
    if (value instanceof Tensor || (at > 0 && value == null)) continue;
    const got = value === undefined ? "nothing" : typeof value === "number" ? `the number ${value}` : kindOf(value);
    return `${name}(): expected a tensor as argument ${at}, got ${got}; make one with tensor(…)`;
  }
  return `${name}(): cannot make sense of the arguments (${params.map(shown).join(", ")}): ${message}`;
}

const kindOf = (x: unknown): string => (Array.isArray(x) ? "an array" : x === null ? "null" : typeof x);

function shown(x: unknown): string {
  if (x instanceof Tensor) return `${x.dtype} ${show(x.shape)}`;
  return typeof x === "string" ? JSON.stringify(x) : typeof x === "number" || typeof x === "boolean" ? String(x) : kindOf(x);
}

/** An error that names an op inside the one that was called names this one. */
function rename(error: LanegradError, name: string): void {
  const inner = /^(\w+)\(\): /.exec(error.message)?.[1];
  if (inner === undefined || inner === name || name.startsWith("_") || !opTable.has(inner)) return;
  const message = name + error.message.slice(inner.length);
  error.stack = error.stack?.replace(error.message, message);
  error.message = message;
}
