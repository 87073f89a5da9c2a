import * as library from "../runtime/errors.js";

/*
 * Errors on their way between threads. Structured cloning keeps neither the classes nor, everywhere, the cause.
 */

export type WireError =
  | { readonly thrown: unknown }
  | {
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly dom: boolean;
      readonly cause?: WireError;
      readonly errors?: readonly WireError[];
      /** What else it carries: `code` of Node's errors. */
      readonly extra: Readonly<Record<string, unknown>>;
    };

type ErrorClass = new (message: string) => Error;

const classes: Record<string, ErrorClass> = {
  ...Object.fromEntries(Object.entries(library).filter(([name]) => name.endsWith("Error"))), // of CommonJS it is all of the library
  ...{ Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError },
};

const OWN = new Set(["name", "message", "stack", "cause", "errors"]);
/** Causes may go in a circle. */
const DEEPEST = 8;

export function encodeThrown(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error)) return { thrown: isPrimitive(thrown) ? thrown : String(thrown) };
  const { name, message, stack, cause } = thrown;
  const inner = (value: unknown): WireError => encodeThrown(value, depth + 1);
  const errors: unknown = (thrown as Partial<AggregateError>).errors;
  return {
    name,
    message,
    stack,
    dom: typeof DOMException === "function" && thrown instanceof DOMException,
    ...(cause !== undefined && depth < DEEPEST && { cause: inner(cause) }),
    ...(Array.isArray(errors) && depth < DEEPEST && { errors: errors.map(inner) }),
    extra: Object.fromEntries(Object.entries(thrown).filter(([key, value]) => !OWN.has(key) && isPrimitive(value))),
  };
}

/** The error again: of its class if that is one of lanegrad's or the language's, else an Error of that name. The stack is the other thread's. */
export function reviveThrown(wire: WireError): unknown {
  if ("thrown" in wire) return wire.thrown;
  const { name, message, stack, dom, cause, errors, extra } = wire;
  const error = dom ? new DOMException(message, name) : new (Object.hasOwn(classes, name) ? classes[name]! : Error)(message);
  const own = { ...(error.name !== name && { name }), ...(stack !== undefined && { stack }) };
  for (const [key, value] of Object.entries({
    ...own,
    ...(cause && { cause: reviveThrown(cause) }),
    ...(errors && { errors: errors.map(reviveThrown) }),
  })) {
    Object.defineProperty(error, key, { value, configurable: true, writable: true });
  }
  return Object.assign(error, extra);
}

const isPrimitive = (value: unknown): boolean => value === null || !["object", "function", "symbol"].includes(typeof value);

export function abortError(message: string): DOMException {
  return new DOMException(message, "AbortError");
}
