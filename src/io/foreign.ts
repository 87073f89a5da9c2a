import { FormatError } from "../runtime/errors.js";
import type { DType, TypedArray } from "../core/dtype.js";
import type { Entry } from "./header.js";

/** Dtypes of safetensors files that are ours too: their bytes are copied as they are. */
export const NATIVE: Readonly<Record<string, DType>> = { F32: "float32", F64: "float64", I32: "int32", U8: "uint8", BOOL: "bool" };

/** What a tensor of this dtype becomes here. */
export function dtypeOfFile(dtype: string): DType {
  return NATIVE[dtype] ?? (dtype === "F16" || dtype === "BF16" ? "float32" : "int32");
}

/** The bytes of a tensor where a typed array may look at them: its alignment is up to the writer of the file. */
function aligned(bytes: Uint8Array, { begin, end }: Entry): ArrayBuffer {
  return bytes.slice(begin, end).buffer;
}

/**
 * Whole numbers of 32 and 64 bits must fit int32: checked for all tensors before the first is made.
 * @throws FormatError
 */
export function checkFits(bytes: Uint8Array, entry: Entry, where: string): void {
  const { dtype, name } = entry;
  if (dtype !== "I64" && dtype !== "U64" && dtype !== "U32") return;
  const width = dtype === "U32" ? 1 : 2;
  const words = new Int32Array(aligned(bytes, entry));
  for (let i = 0; i < words.length; i += width) {
    const low = words[i]!;
    // What the high word must be: all sign bits; of an unsigned number 0, and then the low one has no sign either.
    const fits = dtype === "I64" ? words[i + 1] === low >> 31 : low >= 0 && (width === 1 || words[i + 1] === 0);
    if (!fits)
      throw new FormatError(
        `${where}: tensor ${JSON.stringify(name)} is ${dtype}, and its element ${i / width} does not fit int32; save it as F64`,
      );
  }
}

/** The elements of a tensor in a dtype that is not ours. */
export function decode(bytes: Uint8Array, entry: Entry): TypedArray {
  const buffer = aligned(bytes, entry);
  switch (entry.dtype) {
    case "F16":
      return Float32Array.from(new Uint16Array(buffer), half);
    case "BF16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    case "I64":
    case "U64":
      return new Int32Array(buffer).filter((_, i) => i % 2 === 0);
    case "I8":
      return Int32Array.from(new Int8Array(buffer));
    case "I16":
      return Int32Array.from(new Int16Array(buffer));
    case "U16":
      return Int32Array.from(new Uint16Array(buffer));
    default:
      return new Int32Array(buffer); // U32, which fits
  }
}

/** An IEEE half from its bits: sign, 5 bits of exponent, 10 of fraction. */
function half(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
