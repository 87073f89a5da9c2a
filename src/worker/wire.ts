import type { PlainTensor } from "../core/plain.js";
import type { Tensor } from "../core/tensor.js";
import { ArgumentError } from "../runtime/errors.js";
import type { SignalPlaces } from "./messages.js";

/*
 * Values on their way between threads: tensors become plain data that is moved, not copied again. Whatever is a tensor is
 * told by its looks, as the page's side shall not load the library.
 */

export interface Encoded {
  readonly value: unknown;
  readonly transfer: Transferable[];
  /** The AbortSignals in it, */
  readonly signals: ReadonlySet<AbortSignal>;
  /** and the copies of what holds them. */
  readonly holders: readonly object[];
}

/** Where in a value something stands: `[1, "signal"]`. */
type Path = readonly (string | number)[];

const moved = new WeakSet<object>();

/**
 * Marks a typed array, ArrayBuffer, ImageBitmap, OffscreenCanvas or the like to be moved to the other thread when it is sent,
 * rather than copied: it is empty here afterwards. Tensors need no such mark.
 */
export function transfer<T extends object>(value: T): T {
  moved.add(value);
  return value;
}

/**
 * @param what the function whose argument or result it is, for messages
 * @param mark what stands in the place of an AbortSignal, which cannot be cloned
 * @throws ArgumentError that names the place of a function or a model in it
 */
export function encode(value: unknown, what: string, mark?: object): Encoded {
  const transferred = new Set<Transferable>();
  const signals = new Set<AbortSignal>();
  const holders = new Set<object>();
  const seen = new Map<object, unknown>();
  const path: (string | number)[] = [];

  const refuse = (is: string, help: string): never => {
    throw new ArgumentError(`${what}${show(path)} is ${is}, which cannot be sent to another thread: ${help}`);
  };

  const within = (holder: object, key: string | number, item: unknown): unknown => {
    if (typeof item === "number") return item; // long arrays of numbers
    if (isSignal(item)) {
      signals.add(item);
      holders.add(holder);
      return mark;
    }
    path.push(key);
    const copy = walk(item);
    path.pop();
    return copy;
  };

  const walk = (value: unknown): unknown => {
    if (typeof value === "function") return refuse("a function", "send data, and have the worker yield what is to be told");
    if (typeof value === "symbol") return refuse("a symbol", "send a string");
    if (typeof value !== "object" || value === null) return value;
    if (!seen.has(value)) walkObject(value, (copy) => seen.set(value, copy));
    return seen.get(value);
  };

  /** `keep` is called with the copy before it is filled, as objects may hold themselves. */
  const walkObject = (value: object, keep: (copy: unknown) => void): void => {
    if (moved.has(value)) {
      transferred.add(ArrayBuffer.isView(value) ? (value.buffer as ArrayBuffer) : (value as Transferable));
      keep(value);
    } else if (isTensor(value)) {
      const data = value.toTypedArray();
      transferred.add(data.buffer as ArrayBuffer);
      keep({ dtype: value.dtype, shape: [...value.shape], data } satisfies PlainTensor);
    } else if (ArrayBuffer.isView(value) && value.byteLength !== value.buffer.byteLength) {
      // Cloning a view clones all of its buffer, which may be the whole memory of WebAssembly.
      const copy = copyOf(value);
      transferred.add(copy.buffer as ArrayBuffer);
      keep(copy);
    } else if (Array.isArray(value)) {
      const copy: unknown[] = [];
      keep(copy);
      for (let i = 0; i < value.length; i++) copy.push(within(copy, i, value[i]));
    } else if (value instanceof Map) {
      const copy = new Map<unknown, unknown>();
      keep(copy);
      for (const [key, item] of value as Map<unknown, unknown>) copy.set(key, within(copy, String(key), item));
    } else if (value instanceof Set) {
      const copy = new Set<unknown>();
      keep(copy);
      let i = 0;
      for (const item of value as Set<unknown>) copy.add(within(copy, i++, item));
    } else if (Object.prototype.toString.call(value) !== "[object Object]") {
      keep(value); // dates, blobs, errors and all else that cloning knows, or refuses, by itself
    } else {
      if (typeof (value as { stateDict?: unknown }).stateDict === "function")
        refuse(`a model or an optimiser (${value.constructor.name})`, "send its stateDict()");
      const copy: Record<string, unknown> = {};
      keep(copy);
      for (const [key, item] of Object.entries(value)) copy[key] = within(copy, key, item);
    }
  };

  return { value: walk(value), transfer: [...transferred], signals, holders: [...holders] };
}

/** Puts the signal at the places where the arguments had one. */
export function placeSignal({ mark, holders }: SignalPlaces, signal: AbortSignal): void {
  const placed = (item: unknown): unknown => (item === mark ? signal : item);
  for (const holder of holders) {
    if (holder instanceof Map) for (const [key, item] of holder as Map<unknown, unknown>) holder.set(key, placed(item));
    else if (holder instanceof Set) {
      const items = [...(holder as Set<unknown>)];
      holder.clear();
      for (const item of items) holder.add(placed(item));
    } else for (const [key, item] of Object.entries(holder)) (holder as Record<string, unknown>)[key] = placed(item);
  }
}

/** What a failing postMessage means. */
export function cannotSend(what: string, cause: unknown): ArgumentError {
  return new ArgumentError(
    `${what} cannot be sent to another thread: ${cause instanceof Error ? cause.message : String(cause)}. Send numbers, texts, arrays, typed arrays, tensors or objects of them`,
    {
      cause,
    },
  );
}

const isSignal = (value: unknown): value is AbortSignal => typeof AbortSignal === "function" && value instanceof AbortSignal;

const isTensor = (value: object): value is Tensor =>
  "storage" in value && "dtype" in value && typeof (value as Partial<Tensor>).toTypedArray === "function";

function copyOf(view: ArrayBufferView): ArrayBufferView {
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
  // A Buffer of Node's has a constructor of another kind.
  if (view instanceof Uint8Array) return bytes;
  return new (view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView)(bytes.buffer);
}

const show = (path: Path): string => path.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
