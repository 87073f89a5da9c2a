import { FileError } from "../runtime/errors.js";
import { fetchBytes } from "./fetch.js";
import type { Files } from "./platform.js";

async function gunzip(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | null> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    total += chunk.value.length;
    if (total > maxBytes) {
      await reader.cancel();
      return null;
    }
    chunks.push(chunk.value);
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

export const files: Files = {
  read: fetchBytes,
  canWrite: false,
  write: (path) =>
    Promise.reject(
      new FileError(
        `a browser cannot write ${String(path)}; make the bytes with serialize() or serializeCheckpoint() and offer them as a Blob`,
      ),
    ),
  gunzip,
};
