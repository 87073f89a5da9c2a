import { files } from "#files";
import { ArgumentError, FileError, LanegradError } from "../runtime/errors.js";
import { fetchBytes } from "./fetch.js";

/** Where bytes come from: a path (in browsers a relative URL), a URL, a Blob or File, or bytes that are there already. */
export type Source = string | URL | Blob | ArrayBuffer | Uint8Array;

export const canWriteFiles = files.canWrite;

/** @throws FileError when there is no such file, or it cannot be read */
export async function readSource(source: Source, name: string): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const bytes = await readIfThere(source, name);
  if (!bytes) throw new FileError(`${name}: ${String(source)} does not exist`);
  return bytes;
}

/** The bytes of a path or URL; null when there is no such file. */
export async function readIfThere(path: string | URL, name: string): Promise<Uint8Array | null> {
  if (typeof path !== "string" && !(path instanceof URL)) {
    throw new ArgumentError(`${name}: expected a path, URL, Blob, ArrayBuffer or Uint8Array, got ${typeof path}`);
  }
  return fileError(name, path, "read", () => (/^https?:/i.test(String(path)) ? fetchBytes(path) : files.read(path)));
}

/** Replaces the file whole or not at all. @throws FileError when it cannot be written: then it is as it was */
export function writeFile(
  path: string | URL,
  pieces: () => Iterable<Uint8Array>,
  name: string,
  options?: { makeFolder?: boolean },
): Promise<void> {
  if (typeof path !== "string" && !(path instanceof URL))
    return Promise.reject(new ArgumentError(`${name}: expected a path, got ${typeof path}`));
  return fileError(name, path, "write", () => files.write(path, pieces, options));
}

/** Gives the user a file: written in Node, offered as a download by a browser's page. @throws FileError when neither can be */
export function giveFile(path: string | URL, bytes: Uint8Array<ArrayBuffer>, name: string): Promise<void> {
  if (typeof path !== "string" && !(path instanceof URL))
    return Promise.reject(new ArgumentError(`${name}: expected a path, got ${typeof path}`));
  return fileError(name, path, "write", () => files.give(path, bytes));
}

/** Errors of the file system say neither which function failed nor, to TypeScript, that they are about files. */
async function fileError<R>(name: string, path: string | URL, verb: string, run: () => Promise<R>): Promise<R> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof LanegradError && !(cause instanceof FileError)) throw cause;
    const { message } = cause as Error;
    throw new FileError(cause instanceof FileError ? `${name}: ${message}` : `${name}: cannot ${verb} ${String(path)}: ${message}`, {
      cause,
    });
  }
}
