import { FormatError } from "../runtime/errors.js";
import { type Shape, show, sizeOf } from "../core/shape.js";

/*
 * The safetensors format: https://huggingface.co/docs/safetensors
 *   8 bytes   the length of the header, little endian
 *   header    JSON: { name: { dtype, shape, data_offsets: [begin, end] }, __metadata__: { key: text } }
 *   data      the elements, row-major and little endian; offsets count from its start
 */

/** The limit of the reference implementation. */
export const MOST_HEADER_BYTES = 100_000_000;

/** Dtypes of files that can be read here, and their bytes. */
const BYTES: Readonly<Record<string, number>> = {
  BOOL: 1, U8: 1, I8: 1, U16: 2, I16: 2, F16: 2, BF16: 2, U32: 4, I32: 4, F32: 4, U64: 8, I64: 8, F64: 8,
}; // prettier-ignore

export interface Entry {
  readonly name: string;
  /** As the file says it: F32, I64, … */
  readonly dtype: string;
  readonly shape: Shape;
  /** Where its bytes begin and end in the file. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of the header, which is that of the dict that was saved. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks all that a file says about itself, before anything is made of it.
 *
 * @throws FormatError
 */
export function readHeader(bytes: Uint8Array, where: string): Header {
  const fail = (what: string): never => {
    throw new FormatError(`${where}: not a safetensors file: ${what}`);
  };
  if (bytes.length < 8) fail(`it has ${bytes.length} byte(s), fewer than the 8 that give the length of the header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MOST_HEADER_BYTES) fail(`its header would have ${length} bytes; at most ${MOST_HEADER_BYTES} are allowed`);
  if (length > bytes.length - 8) fail(`its header should have ${length} bytes, but only ${bytes.length - 8} follow: the file is cut off`);
  const start = 8 + length;
  const raw = parseObject(bytes.subarray(8, start), fail);
  const metadata = readMetadata(raw["__metadata__"], fail);
  const entries = Object.keys(raw)
    .filter((name) => name !== "__metadata__")
    .map((name) => readEntry(name, raw[name], start, fail));
  checkLayout(entries, start, bytes.length, fail);
  return { entries, metadata };
}

type Fail = (what: string) => never;

function parseObject(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail("its header does not begin with {");
  let parsed: unknown;
  let twice: string | null = null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    parsed = JSON.parse(text);
    twice = repeatedKey(text);
  } catch (error) {
    fail(`its header is not JSON: ${(error as Error).message}`);
  }
  if (twice !== null) fail(`its header names ${JSON.stringify(twice)} twice`);
  return parsed as Record<string, unknown>;
}

/** The first key that an object of this (valid) JSON has twice: JSON.parse would silently take the last. */
function repeatedKey(json: string): string | null {
  const open: Set<string>[] = [];
  for (const [token, text, colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")\s*(:?)|[{}]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "}") open.pop();
    else if (colon) {
      const key = JSON.parse(text!) as string;
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return null;
}

function readMetadata(raw: unknown, fail: Fail): Record<string, string> {
  if (raw === undefined) return {};
  if (!isObject(raw)) return fail("its __metadata__ is not an object");
  for (const [key, value] of Object.entries(raw)) {
    if (typeof value !== "string") fail(`its __metadata__ has ${JSON.stringify(key)}: ${typeof value}, where only text may stand`);
  }
  return raw as Record<string, string>;
}

function readEntry(name: string, raw: unknown, start: number, fail: Fail): Entry {
  const title = `tensor ${JSON.stringify(name)}`;
  if (!isObject(raw)) return fail(`${title} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = raw;
  const size = typeof dtype === "string" && Object.hasOwn(BYTES, dtype) ? BYTES[dtype]! : 0;
  if (size === 0) return fail(`${title} has the dtype ${JSON.stringify(dtype)}; this reader knows ${Object.keys(BYTES).join(", ")}`);
  if (!isCounts(shape)) return fail(`${title} has the shape ${JSON.stringify(shape)}; sizes must be whole numbers from 0 on`);
  if (!isCounts(offsets) || offsets.length !== 2)
    return fail(`${title} has the data_offsets ${JSON.stringify(offsets)}; expected [begin, end]`);
  const [begin, end] = offsets as [number, number];
  const nbytes = sizeOf(shape) * size;
  // Also false beyond 2^53, where numbers round.
  if (!Number.isSafeInteger(nbytes) || end - begin !== nbytes) {
    return fail(
      `${title}, ${String(dtype)} ${show(shape)}, needs ${nbytes} bytes, but its data_offsets [${begin}, ${end}] give it ${end - begin}`,
    );
  }
  return { name, dtype: dtype as string, shape, begin: start + begin, end: start + end };
}

/** The data must be the tensors, one behind the other, and nothing else. */
function checkLayout(entries: readonly Entry[], start: number, fileSize: number, fail: Fail): void {
  let at = start;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const title = `tensor ${JSON.stringify(name)}`;
    if (begin < at) fail(`${title} begins at byte ${begin - start} of the data, inside the tensor before it`);
    if (begin > at) fail(`${title} begins at byte ${begin - start} of the data: ${begin - at} byte(s) before it belong to no tensor`);
    at = end;
  }
  if (at > fileSize) fail(`its data should have ${at - start} bytes, but only ${fileSize - start} are there: the file is cut off`);
  if (at < fileSize) fail(`${fileSize - at} byte(s) after its data belong to no tensor`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0 && !Object.is(item, -0));
}
