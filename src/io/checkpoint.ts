import { ArgumentError, FormatError } from "../runtime/errors.js";
import type { TypedArray } from "../core/dtype.js";
import { Generator } from "../core/generator.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "../ops/access.js";
import { fromTypedArray } from "../ops/creation.js";
import { type TensorDict, build, saveSafetensors, serialize, title } from "./safetensors.js";
import { type Source, readSource } from "./source.js";

/*
 * A checkpoint is a safetensors file: each tensor under its dotted path, and in the metadata, as JSON, the
 * structure that they stood in. There, objects with a key that begins with $ are not the user's:
 *   { $tensor: name }   a tensor of the file
 *   { $array: name }    a typed array, stored as a tensor
 *   { $number: text }   NaN, Infinity, -Infinity or -0, which JSON does not have
 * A key of the user's that begins with $ gets another one in front.
 */
const STRUCTURE = "lanegrad.checkpoint";

/**
 * Saves what training needs to go on: `saveCheckpoint(path, { model, optimizer, rng: defaultGenerator(), epoch })`.
 *
 * `state` is made of plain objects and arrays, tensors, typed arrays, numbers, text, booleans, null and
 * undefined. Modules, optimisers and all else with a `stateDict()` stand for what it returns, a Generator for
 * its state. All numbers come back bit for bit. Like every file saved here, it is replaced whole or not at
 * all. It is a safetensors file, so Python can read its tensors.
 *
 * @throws ArgumentError when it holds itself, a function, or another thing that cannot be saved
 * @throws FileError when the file cannot be written
 */
export async function saveCheckpoint(path: string | URL, state: unknown): Promise<void> {
  await pack(state, "saveCheckpoint()", (tensors, metadata) => saveSafetensors(path, tensors, { metadata }));
}

/** The bytes of a checkpoint, for places without files: see `saveCheckpoint`. */
export function serializeCheckpoint(state: unknown): Uint8Array {
  return pack(state, "serializeCheckpoint()", (tensors, metadata) => serialize(tensors, { metadata }));
}

/**
 * What `saveCheckpoint` saved, from a path, a URL, a Blob or File, or the bytes:
 * `model.loadStateDict(state.model)`, `optimizer.loadStateDict(state.optimizer)`, `generator.setState(state.rng)`.
 *
 * @typeParam T what you know to be in it; not checked
 * @throws FileError when it cannot be read
 * @throws FormatError when it is no checkpoint
 */
export async function loadCheckpoint<T = Record<string, unknown>>(source: Source): Promise<T> {
  const where = title("loadCheckpoint", source);
  const { tensors, metadata } = build(await readSource(source, "loadCheckpoint()"), where);
  try {
    const text = metadata[STRUCTURE];
    if (text === undefined)
      throw new FormatError(`${where}: a safetensors file, but not one that saveCheckpoint() made; use loadSafetensors()`);
    return unpack(parse(text, where), tensors, where) as T;
  } catch (error) {
    Object.values(tensors).forEach((x) => x.dispose());
    throw error;
  }
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`${where}: the structure of the checkpoint is not JSON: ${(cause as Error).message}`, { cause });
  }
}

/** Takes `state` apart, and has it used at once: the tensors made for it live no longer. */
function pack<R>(state: unknown, where: string, use: (tensors: TensorDict, metadata: Record<string, string>) => R): R {
  const packer = new Packer(where);
  try {
    const structure = packer.pack(state, "");
    return use(Object.fromEntries(packer.names), { [STRUCTURE]: JSON.stringify(structure) });
  } finally {
    packer.made.forEach((x) => x.dispose());
  }
}

class Packer {
  readonly names = new Map<string, Tensor>();
  /** Tensors that stand in for typed arrays. */
  readonly made: Tensor[] = [];
  private readonly nameOf = new Map<Tensor, string>();
  private readonly around = new Set<object>();

  constructor(private readonly where: string) {}

  pack(value: unknown, path: string): unknown {
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number")
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    if (value instanceof Tensor) return { $tensor: this.store(value, path) };
    if (value instanceof Generator) return this.pack(value.getState(), path);
    if (isTypedArray(value)) {
      const x = fromTypedArray(value);
      this.made.push(x);
      return { $array: this.store(x, path) };
    }
    if (typeof value !== "object" || ArrayBuffer.isView(value))
      throw this.refuse(path, ArrayBuffer.isView(value) ? value.constructor.name : typeof value);
    return this.packInside(value, path);
  }

  private packInside(value: object, path: string): unknown {
    if (this.around.has(value)) throw new ArgumentError(`${this.where}: ${path} holds itself; a checkpoint must end somewhere`);
    this.around.add(value);
    const packed = this.packParts(value, path);
    this.around.delete(value);
    return packed;
  }

  private packParts(value: object, path: string): unknown {
    const at = (key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);
    if ("stateDict" in value && typeof value.stateDict === "function")
      return this.pack((value as { stateDict(): unknown }).stateDict(), path);
    if (Array.isArray(value)) return value.map((item, i) => (item === undefined ? null : this.pack(item, at(i))));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw this.refuse(path, value.constructor.name);
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key.startsWith("$") ? `$${key}` : key, this.pack(item, at(key))]));
  }

  private refuse(path: string, what: string): ArgumentError {
    return new ArgumentError(
      `${this.where}: ${path || "the state"} is a ${what}, which cannot be saved; use plain objects, arrays, tensors, typed arrays, numbers and text`,
    );
  }

  /** The name that a tensor gets in the file. One that occurs twice is stored once, and is one again when loaded. */
  private store(x: Tensor, path: string): string {
    const known = this.nameOf.get(x);
    if (known !== undefined) return known;
    let name = path || "value";
    while (this.names.has(name) || name === "__metadata__") name += "_"; // { a: { b }, "a.b" }
    this.names.set(name, x);
    this.nameOf.set(x, name);
    return name;
  }
}

function isTypedArray(value: unknown): value is TypedArray {
  return value instanceof Float32Array || value instanceof Float64Array || value instanceof Int32Array || value instanceof Uint8Array;
}

function unpack(packed: unknown, tensors: TensorDict, where: string): unknown {
  if (packed === null || typeof packed !== "object") return packed;
  if (Array.isArray(packed)) return packed.map((item) => unpack(item, tensors, where));
  const entries = Object.entries(packed);
  const [first] = entries;
  if (entries.length === 1 && first && /^\$[^$]/.test(first[0])) return unpackTagged(first[0], String(first[1]), tensors, where);
  return Object.fromEntries(entries.map(([key, item]) => [key.replace(/^\$/, ""), unpack(item, tensors, where)]));
}

function unpackTagged(tag: string, value: string, tensors: TensorDict, where: string): unknown {
  if (tag === "$number") return Number(value);
  const x = Object.hasOwn(tensors, value) ? tensors[value] : undefined;
  if (!x || (tag !== "$tensor" && tag !== "$array"))
    throw new FormatError(
      `${where}: the structure of the checkpoint names { ${tag}: ${JSON.stringify(value)} }, which the file does not have`,
    );
  if (tag === "$tensor") return x;
  const array = toTypedArray(x);
  x.dispose();
  return array;
}
