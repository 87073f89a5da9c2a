import { backend } from "../runtime/backend.js";
import { ArgumentError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import { type DType, bytesOf } from "../core/dtype.js";
import type { Shape } from "../core/shape.js";
import { creationMark, freeSince } from "../core/storage.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "../ops/access.js";
import { NATIVE, checkFits, decode, dtypeOfFile } from "./foreign.js";
import { type Entry, MOST_HEADER_BYTES, readHeader } from "./header.js";
import { type Source, readSource, writeFile } from "./source.js";

/** Tensors by name: a state dict. */
export type TensorDict = Record<string, Tensor>;

export interface SafetensorsOptions {
  /** Text that goes with the tensors. `format: "pt"` is added unless it says otherwise: some Python readers ask for it. */
  metadata?: Readonly<Record<string, string>>;
}

/**
 * The tensors as the bytes of a safetensors file, which PyTorch reads with `safetensors.torch.load`.
 *
 * @throws ArgumentError when something is not a tensor, or metadata not text
 * @throws DisposedError when a tensor's memory is gone
 */
export function serialize(tensors: TensorDict, options: SafetensorsOptions = {}): Uint8Array {
  const plan = layOut(tensors, options, "serialize()");
  const out = new Uint8Array(plan.nbytes);
  let at = 0;
  for (const piece of plan.pieces()) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

/**
 * Writes the tensors to a safetensors file. The file is replaced whole or not at all: whatever fails, and
 * whenever, the old one is still there. Browsers have no files: see `serialize`.
 *
 * @throws FileError when it cannot be written, and what `serialize` throws
 */
export async function saveSafetensors(path: string | URL, tensors: TensorDict, options: SafetensorsOptions = {}): Promise<void> {
  const plan = layOut(tensors, options, "saveSafetensors()");
  await writeFile(path, () => plan.pieces(), "saveSafetensors()");
}

/**
 * The tensors of a safetensors file. F32, F64, I32, U8 and BOOL are ours; F16 and BF16 become float32, the
 * other whole numbers int32.
 *
 * All of the file is checked before anything is allocated.
 * @throws FormatError when the bytes are no such file, are cut off, or hold a whole number beyond int32
 */
export function deserialize(bytes: Uint8Array | ArrayBuffer): TensorDict {
  return build(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes, "deserialize()").tensors;
}

/**
 * The tensors of a safetensors file: a path, a URL, a Blob or File, or its bytes. See `deserialize`.
 *
 * @throws FileError when it cannot be read
 * @throws FormatError when it is no such file
 */
export async function loadSafetensors(source: Source): Promise<TensorDict> {
  return build(await readSource(source, "loadSafetensors()"), title("loadSafetensors", source)).tensors;
}

/** What a safetensors file holds. */
export interface SafetensorsInfo {
  metadata: Readonly<Record<string, string>>;
  /** `dtype` is what a loaded tensor will have, `fileDtype` how the file stores it. */
  tensors: Record<string, { shape: Shape; dtype: DType; fileDtype: string }>;
}

/** The metadata of a safetensors file, and the names, shapes and dtypes of its tensors. @throws FormatError */
export function inspectSafetensors(bytes: Uint8Array | ArrayBuffer): SafetensorsInfo {
  const { entries, metadata } = readHeader(bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes, "inspectSafetensors()");
  const tensors = entries.map(({ name, shape, dtype }) => [name, { shape, dtype: dtypeOfFile(dtype), fileDtype: dtype }] as const);
  return { metadata, tensors: Object.fromEntries(tensors) };
}

/** Function and file, for messages. */
export function title(name: string, source: Source): string {
  return typeof source === "string" || source instanceof URL ? `${name}(${JSON.stringify(String(source))})` : `${name}()`;
}

/** Tensors and metadata; nothing stays behind when a tensor does not fit into memory. */
export function build(bytes: Uint8Array, where: string): { tensors: TensorDict; metadata: Readonly<Record<string, string>> } {
  const { entries, metadata } = readHeader(bytes, where);
  for (const entry of entries) checkFits(bytes, entry, where);
  const mark = creationMark();
  try {
    // fromEntries, as a tensor may be called __proto__.
    return { tensors: Object.fromEntries(entries.map((entry) => [entry.name, tensorOf(bytes, entry, where)])), metadata };
  } catch (error) {
    freeSince(mark);
    throw error;
  }
}

/** A tensor from its bytes in a file, which are checked. */
export function tensorOf(bytes: Uint8Array, entry: Entry, where: string): Tensor {
  const dtype = dtypeOfFile(entry.dtype);
  const raw = bytes.subarray(entry.begin, entry.end);
  if (dtype === "bool") return upload(raw, entry.shape, dtype, where); // any byte but 0 is true
  if (!(entry.dtype in NATIVE)) return upload(decode(bytes, entry), entry.shape, dtype, where);
  const out = Tensor.empty(entry.shape, dtype, where);
  backend().memory.views.u8.set(raw, out.ptr);
  return out;
}

interface Plan {
  nbytes: number;
  /** The file, piece by piece: the header, then each tensor. */
  pieces(): Generator<Uint8Array>;
}

function layOut(tensors: TensorDict, options: SafetensorsOptions, where: string): Plan {
  const metadata = { format: "pt", ...options.metadata };
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string")
      throw new ArgumentError(`${where}: metadata is text by key, but ${JSON.stringify(key)} is ${typeof value}; use JSON.stringify`);
  }
  for (const [name, x] of Object.entries(tensors)) {
    if (name === "__metadata__") throw new ArgumentError(`${where}: "__metadata__" is reserved by the format; rename the tensor`);
    requireTensor(x, `${where}: ${JSON.stringify(name)}`);
  }
  // The widest first, so that in a file mapped into memory every tensor is aligned.
  const order = Object.entries(tensors).sort(([, a], [, b]) => bytesOf(b.dtype) - bytesOf(a.dtype));
  const offsets = new Map<string, [number, number]>();
  let end = 0;
  for (const [name, x] of order) offsets.set(name, [end, (end += x.numel * bytesOf(x.dtype))]);
  const described = Object.entries(tensors).map(([name, x]) => [
    name,
    { dtype: FILE_DTYPE[x.dtype], shape: x.shape, data_offsets: offsets.get(name) },
  ]);
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...(Object.fromEntries(described) as object) }));
  const length = Math.ceil(header.length / 8) * 8;
  if (length > MOST_HEADER_BYTES)
    throw new ArgumentError(`${where}: names and metadata take ${length} bytes; the format allows ${MOST_HEADER_BYTES}`);
  return {
    nbytes: 8 + length + end,
    *pieces() {
      const front = new Uint8Array(8 + length).fill(0x20); // padded with spaces, which JSON ignores
      const view = new DataView(front.buffer);
      view.setUint32(0, length, true);
      view.setUint32(4, 0, true);
      front.set(header, 8);
      yield front;
      for (const [, x] of order) {
        const { buffer } = toTypedArray(x);
        yield new Uint8Array(buffer);
      }
    },
  };
}

/** @throws ArgumentError, or DisposedError when its memory is gone */
export function requireTensor(x: unknown, what: string): asserts x is Tensor {
  if (!(x instanceof Tensor))
    throw new ArgumentError(`${what} is not a Tensor but ${x === null ? "null" : typeof x}; see saveCheckpoint() for other values`);
  x.storage.check();
}

const FILE_DTYPE: Record<DType, string> = { float32: "F32", float64: "F64", int32: "I32", uint8: "U8", bool: "BOOL" };
