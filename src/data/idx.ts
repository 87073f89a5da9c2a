import { FormatError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import { type DType, type TypedArray, bytesOf } from "../core/dtype.js";
import { show, sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { hex } from "../io/gzip.js";

interface IdxType {
  readonly dtype: DType;
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** By the third byte of a file. All values are big endian. */
const TYPES: Readonly<Record<number, IdxType>> = {
  0x08: { dtype: "uint8", bytes: 1, read: (view, at) => view.getUint8(at) },
  0x09: { dtype: "int32", bytes: 1, read: (view, at) => view.getInt8(at) },
  0x0b: { dtype: "int32", bytes: 2, read: (view, at) => view.getInt16(at) },
  0x0c: { dtype: "int32", bytes: 4, read: (view, at) => view.getInt32(at) },
  0x0d: { dtype: "float32", bytes: 4, read: (view, at) => view.getFloat32(at) },
  0x0e: { dtype: "float64", bytes: 8, read: (view, at) => view.getFloat64(at) },
};

/**
 * The tensor of an IDX file, the format of MNIST: 0, 0, a byte for the type, one for the number of dims, each
 * size in 4 bytes, the elements. Unsigned bytes give uint8, other whole numbers int32, floats their own dtype.
 *
 * All of it is checked before anything is allocated.
 * @throws FormatError when the bytes are no IDX file, are cut off, or too many
 */
export function decodeIdx(bytes: Uint8Array | ArrayBuffer, where = "decodeIdx()"): Tensor {
  const raw = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  const fail = (what: string): never => {
    throw new FormatError(`${where}: not an IDX file: ${what}`);
  };
  if (raw.length < 4) fail(`it has ${raw.length} byte(s), fewer than the 4 it must begin with`);
  const type = TYPES[raw[2]!];
  if (raw[0] !== 0 || raw[1] !== 0 || !type)
    return fail(`it begins with ${hex(raw.subarray(0, 4))}, not with 00 00 and a type from 08 to 0e`);
  const ndim = raw[3]!;
  const start = 4 + 4 * ndim;
  if (raw.length < start) fail(`it says ${ndim} dim(s), and ends before their sizes`);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const shape = Array.from({ length: ndim }, (_, dim) => view.getUint32(4 + 4 * dim));
  const size = sizeOf(shape);
  // A product that rounds is far beyond what any file has, so it is refused here as well.
  if (raw.length - start !== size * type.bytes)
    fail(`${show(shape)} needs ${size * type.bytes} bytes of data, ${raw.length - start} are there`);
  return upload(elements(raw, start, size, type), shape, type.dtype, where);
}

function elements(raw: Uint8Array, start: number, size: number, { dtype, bytes, read }: IdxType): TypedArray {
  if (dtype === "uint8") return raw.subarray(start);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const out = bytesOf(dtype) === 8 ? new Float64Array(size) : dtype === "float32" ? new Float32Array(size) : new Int32Array(size);
  for (let i = 0; i < size; i++) out[i] = read(view, start + i * bytes);
  return out;
}
