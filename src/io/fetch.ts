import { FileError } from "../runtime/errors.js";

/**
 * The bytes at a URL; null when the server has no such file.
 *
 * Development servers answer unknown paths with their index page, so HTML counts as "no such file" too.
 * @throws FileError when the server cannot be reached, fails, or cuts the connection
 */
export async function fetchBytes(url: string | URL): Promise<Uint8Array | null> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw new FileError(`could not fetch ${String(url)}: ${reason(cause)}`, { cause });
  }
  const html = response.headers.get("content-type")?.startsWith("text/html") ?? false;
  if (response.status === 404 || (response.ok && html)) {
    await response.body?.cancel();
    return null;
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new FileError(`could not fetch ${String(url)}: the server answered ${response.status}`);
  }
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new FileError(`could not fetch ${String(url)}: the connection was cut: ${reason(cause)}`, { cause });
  }
}

/** The message of an error; that of its cause where fetch says no more than "fetch failed". */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
