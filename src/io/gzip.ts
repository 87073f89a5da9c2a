import { files } from "#files";
import { ArgumentError, FormatError } from "../runtime/errors.js";

export interface GunzipOptions {
  /** The most bytes that may come out. Default 1 GiB. */
  maxBytes?: number;
}

/** Whether the bytes begin as gzip data does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of gzip data (RFC 1952). Length and CRC-32 are checked.
 *
 * A few bytes can unpack to gigabytes, so it stops as soon as more than `maxBytes` have come out.
 * @throws FormatError when the data is corrupt, cut off, followed by something else, or larger than `maxBytes`
 */
export async function gunzip(bytes: Uint8Array | ArrayBuffer, options: GunzipOptions = {}, name = "gunzip()"): Promise<Uint8Array> {
  const { maxBytes = 2 ** 30 } = options;
  if (!(Number.isSafeInteger(maxBytes) && maxBytes >= 0))
    throw new ArgumentError(`${name}: maxBytes must be a whole number from 0 on, got ${maxBytes}`);
  const packed = bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes;
  if (!isGzip(packed))
    throw new FormatError(`${name}: this is not gzip data: it begins with ${hex(packed.subarray(0, 4))}, not with 1f 8b`);
  let out: Uint8Array | null;
  try {
    out = await files.gunzip(packed, maxBytes);
  } catch (cause) {
    throw new FormatError(`${name}: the gzip data is corrupt or cut off: ${String((cause as Error).message)}`, { cause });
  }
  if (!out) throw new FormatError(`${name}: the gzip data unpacks to more than the ${maxBytes} bytes expected`);
  return out;
}

/** Bytes as messages show them. */
export function hex(bytes: Uint8Array): string {
  if (bytes.length === 0) return "nothing";
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
