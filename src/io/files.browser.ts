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

/** Only pages have downloads: workers, and servers that render pages, have no document. */
function download(path: string | URL, bytes: Uint8Array<ArrayBuffer>): void {
  if (typeof document === "undefined")
    throw new FileError(`there are no downloads here, so ${String(path)} is lost; take its text, and hand it to the page`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = String(path).split("/").at(-1)!;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
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
  give: (path, bytes) => new Promise((resolve) => resolve(download(path, bytes))),
  gunzip,
};
