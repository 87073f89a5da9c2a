import { FormatError } from "../runtime/errors.js";
import { type DType, bytesOf } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { toTypedArray } from "../ops/access.js";
import { contiguous, permute } from "../ops/view.js";
import { checkFits } from "./foreign.js";
import type { Entry } from "./header.js";
import { requireTensor, tensorOf, title } from "./safetensors.js";
import { type Source, readSource, writeFile } from "./source.js";

/*
 * NumPy's format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * \x93NUMPY, version, length of the header (2 bytes in version 1, else 4), a Python dict as text, the elements.
 */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** Far beyond what any plain array needs. */
const MOST_HEADER_BYTES = 65536;

const DESCR: Readonly<Record<DType, string>> = { float32: "<f4", float64: "<f8", int32: "<i4", uint8: "|u1", bool: "|b1" };

/** As safetensors calls them, which reads them too; and their bytes. */
const READ: Readonly<Record<string, readonly [string, number]>> = {
  "<f4": ["F32", 4],
  "<f8": ["F64", 8],
  "<f2": ["F16", 2],
  "|b1": ["BOOL", 1],
  "|u1": ["U8", 1],
  "|i1": ["I8", 1],
  "<i2": ["I16", 2],
  "<u2": ["U16", 2],
  "<i4": ["I32", 4],
  "<u4": ["U32", 4],
  "<i8": ["I64", 8],
  "<u8": ["U64", 8],
};

/** The tensor as the bytes of a .npy file. */
export function encodeNpy(x: Tensor): Uint8Array {
  requireTensor(x, "encodeNpy(): the argument");
  const shape = x.ndim === 1 ? `${x.shape[0]},` : x.shape.join(", ");
  const text = `{'descr': '${DESCR[x.dtype]}', 'fortran_order': False, 'shape': (${shape}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const out = new Uint8Array(start + x.numel * bytesOf(x.dtype)).fill(0x20, 0, start);
  out.set(MAGIC);
  out.set([1, 0, (start - 10) & 255, (start - 10) >> 8], 6);
  out.set(new TextEncoder().encode(text), 10);
  out[start - 1] = 0x0a;
  out.set(new Uint8Array(toTypedArray(x).buffer), start);
  return out;
}

/**
 * The tensor of a .npy file, in row-major order. float16 becomes float32, other whole numbers than uint8 int32.
 *
 * @throws FormatError when the bytes are no such file, are cut off, hold another dtype, or a whole number beyond int32
 */
export function decodeNpy(bytes: Uint8Array | ArrayBuffer, where = "decodeNpy()"): Tensor {
  const raw = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  const { entry, fortran } = readNpyHeader(raw, where);
  checkFits(raw, entry, where);
  if (!fortran) return tensorOf(raw, entry, where);
  // Columns first is the transpose, rows first.
  const dims = entry.shape.map((_, i) => i).reverse();
  return temporary(() => contiguous(permute(tensorOf(raw, { ...entry, shape: [...entry.shape].reverse() }, where), dims)));
}

function readNpyHeader(raw: Uint8Array, where: string): { entry: Entry; fortran: boolean } {
  const fail = (what: string): never => {
    throw new FormatError(`${where}: not a .npy file: ${what}`);
  };
  if (raw.length < 12 || MAGIC.some((byte, i) => raw[i] !== byte)) fail("it does not begin with \\x93NUMPY and a header");
  const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
  const version = raw[6]!;
  if (version < 1 || version > 3) fail(`it has version ${version}; versions 1 to 3 are known`);
  const [length, at] = version === 1 ? [view.getUint16(8, true), 10] : [view.getUint32(8, true), 12];
  const begin = at + length;
  if (length > MOST_HEADER_BYTES) fail(`its header would have ${length} bytes; at most ${MOST_HEADER_BYTES} are read`);
  if (begin > raw.length) fail(`its header should have ${length} bytes, but only ${raw.length - at} follow: the file is cut off`);
  const text = new TextDecoder().decode(raw.subarray(at, begin));
  const found = /^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(((?:\d+, ?)*\d*)\), ?\}\s*$/.exec(text);
  if (!found) return fail(`its header is ${JSON.stringify(text.slice(0, 200))}; arrays of one dtype are read, not structured ones`);
  const [, descr = "", order, sizes = ""] = found;
  const type = Object.hasOwn(READ, descr) ? READ[descr] : undefined;
  if (!type) return fail(`its dtype is ${JSON.stringify(descr)}; this reader knows ${Object.keys(READ).join(", ")}`);
  const [dtype, width] = type;
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  const nbytes = sizeOf(shape) * width;
  if (raw.length - begin !== nbytes) fail(`${descr} of shape (${sizes}) needs ${nbytes} bytes of data, ${raw.length - begin} are there`);
  return { entry: { name: "array", dtype, shape, begin, end: begin + nbytes }, fortran: order === "True" };
}

/** Writes a .npy file, whole or not at all. @throws FileError when it cannot be written */
export async function saveNpy(path: string | URL, x: Tensor): Promise<void> {
  const bytes = encodeNpy(x);
  await writeFile(path, () => [bytes], "saveNpy()");
}

/** The tensor of a .npy file: a path, a URL, a Blob or File, or its bytes. See `decodeNpy`. @throws FileError, FormatError */
export async function loadNpy(source: Source): Promise<Tensor> {
  return decodeNpy(await readSource(source, "loadNpy()"), title("loadNpy", source));
}
