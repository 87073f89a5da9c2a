import { builtin } from "../runtime/builtin.node.js";
import type { Files } from "./platform.js";

/** One read call takes at most 2 GiB. */
const MOST_AT_ONCE = 2 ** 30;

async function read(path: string | URL): Promise<Uint8Array | null> {
  const { open } = builtin("node:fs/promises");
  const file = await open(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  });
  if (!file) return null;
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at, Math.min(MOST_AT_ONCE, bytes.length - at), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

/** Into a file beside it, then over it: who reads `path` at any time, even after a crash, finds the old or the new. */
function write(path: string, pieces: () => Iterable<Uint8Array>, makeFolder: boolean): void {
  const { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } = builtin("node:fs");
  const folder = builtin("node:path").dirname(path);
  if (makeFolder) mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const file = openSync(temporary, "wx");
  try {
    try {
      for (const piece of pieces()) {
        for (let at = 0; at < piece.length;) at += writeSync(file, piece, at, Math.min(MOST_AT_ONCE, piece.length - at));
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** So that the new name, too, outlives a crash. Windows cannot open folders, and its file systems need it not. */
function syncFolder(folder: string): void {
  const { closeSync, fsyncSync, openSync } = builtin("node:fs");
  let handle: number;
  try {
    handle = openSync(folder, "r");
  } catch {
    return;
  }
  try {
    fsyncSync(handle);
  } catch (error) {
    // Some file systems do not know how; the file itself is safe.
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes(codeOf(error))) throw error;
  } finally {
    closeSync(handle);
  }
}

function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array | null {
  try {
    const buffer = builtin("node:zlib").gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes), chunkSize: 2 ** 18 });
    return buffer.length > maxBytes ? null : new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
  } catch (error) {
    if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") return null;
    throw error;
  }
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code);
}

export const files: Files = {
  read,
  canWrite: true,
  // Done when the call returns: whoever forgets to await saves what is there now, not what training makes of it.
  write: (path, pieces, { makeFolder = false } = {}) =>
    new Promise((resolve) => resolve(write(typeof path === "string" ? path : builtin("node:url").fileURLToPath(path), pieces, makeFolder))),
  give: (path, bytes) => files.write(path, () => [bytes]),
  gunzip: (bytes, maxBytes) => new Promise((resolve) => resolve(gunzip(bytes, maxBytes))),
};
