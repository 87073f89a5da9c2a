import { BackendError } from "./errors.js";

/** What a module can be made of: a `.wasm` file's address, its bytes, the answer to a request for it, or the module itself. */
export type WasmSource = string | URL | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Response | WebAssembly.Module;

/** What kind of object a value is, also one of another realm (a frame, a test runner's sandbox), which `instanceof` denies. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Whether it is a place to fetch from, rather than the thing itself. */
export function isAddress(source: WasmSource): source is string | URL {
  return typeof source === "string" || kindOf(source) === "URL";
}

/**
 * Compiles what `init({ wasm })` was given.
 *
 * @param name what messages call it
 * @throws BackendError that says what came instead of WebAssembly
 */
export async function compile(source: Exclude<WasmSource, string | URL>, name: string): Promise<WebAssembly.Module> {
  if (kindOf(source) === "WebAssembly.Module") return source;
  if (kindOf(source) === "Response") return compileResponse(source as Response, name);
  if (ArrayBuffer.isView(source) || kindOf(source) === "ArrayBuffer")
    return compileBytes(source as ArrayBuffer | ArrayBufferView<ArrayBuffer>, name);
  throw new BackendError(
    `init(): wasm must be a URL, the file's bytes, a Response or a WebAssembly.Module (or a promise of one), not ${kindOf(source)}`,
  );
}

/** Compiles while the bytes arrive, where the server says what they are; else when they are there. */
async function compileResponse(response: Response, name: string): Promise<WebAssembly.Module> {
  if (!response.ok)
    throw new BackendError(`init(): ${name} answered ${response.status}; serve lanegrad's .wasm files, or pass init({ wasm: url })`);
  if (response.bodyUsed)
    throw new BackendError(`init(): the body of the Response that wasm gives was read already; fetch it again, or pass its clone()`);
  const type = response.headers.get("Content-Type") ?? "";
  const streams = /^application\/wasm\s*$/i.test(type) && "compileStreaming" in WebAssembly;
  if (!streams) return compileBytes(await response.arrayBuffer(), name);
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (cause) {
    throw refused(name, cause);
  }
}

async function compileBytes(bytes: ArrayBuffer | ArrayBufferView<ArrayBuffer>, name: string): Promise<WebAssembly.Module> {
  checkMagic(bytes, name);
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw refused(name, cause);
  }
}

/** The same at once: not on a browser's main thread, which allows it for small modules only. */
export function compileSync(bytes: ArrayBuffer | ArrayBufferView<ArrayBuffer>, name: string): WebAssembly.Module {
  checkMagic(bytes, name);
  try {
    return new WebAssembly.Module(bytes);
  } catch (cause) {
    throw refused(name, cause);
  }
}

function checkMagic(source: ArrayBuffer | ArrayBufferView<ArrayBuffer>, name: string): void {
  const bytes = ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source);
  if (bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d) return;
  const start = new TextDecoder().decode(bytes.subarray(0, 40));
  const what = bytes.length === 0 ? "is empty" : `starts with ${JSON.stringify(start)}`;
  throw new BackendError(
    `init(): ${name} is not WebAssembly but ${what}; ` +
      `a server that answers unknown paths with its index page does this: copy the .wasm file there, or pass init({ wasm: url })`,
  );
}

/** The engine would not have it. */
function refused(name: string, cause: unknown): BackendError {
  const text = String(cause);
  if (/Content.Security.Policy|unsafe-eval/i.test(text)) {
    return new BackendError(
      "init(): this page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src (it allows no eval of scripts)",
      { cause },
    );
  }
  const hint = /opcode|relaxed/i.test(text)
    ? "; a relaxed build needs relaxed SIMD: where an engine lacks it, give simd.wasm or threads.wasm"
    : "";
  return new BackendError(`init(): ${name} is not a WebAssembly module that this engine can run: ${text}${hint}`, { cause });
}
