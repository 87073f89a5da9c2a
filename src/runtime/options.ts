import { type WasmSource, isAddress, kindOf } from "./compile.js";
import { BackendError } from "./errors.js";
import { type Variant, isVariant } from "./variant.js";

export interface InitOptions {
  /** Threads in all, the caller's included. Default: the cores, at most 8. */
  threads?: number;
  /** Plain SIMD only, so that every machine rounds alike. Default false. */
  deterministic?: boolean;
  /** A build to use instead of the best one, for tests and measurements. */
  variant?: Variant;
  /**
   * The WebAssembly, when it is not beside the library: the address of one of lanegrad's `.wasm` files, or of a folder that
   * holds them all (it ends in `/`), from which the best one is taken; a file's bytes; a `Response`; a compiled
   * `WebAssembly.Module`; or a promise of any of them. Of a single file it is found out which build it is.
   */
  wasm?: WasmSource | Promise<WasmSource>;
  /** Where the script of the pool's threads is (`lanegrad/thread-worker`), when it is not beside the library. */
  workerUrl?: string | URL;
  /** The most memory that tensors may take, in bytes. Default and limit: 4 GiB. */
  maximumMemory?: number;
}

const NAMES: readonly (keyof InitOptions)[] = ["threads", "deterministic", "variant", "wasm", "workerUrl", "maximumMemory"];

/** The least memory there can be: room for the module's own data and the main stack; tensors get what is grown after it. */
export const LEAST_MEMORY = 48 * 65536;

/** @throws BackendError when an option is unknown or has a value that makes no sense */
export function checkOptions(options: InitOptions): void {
  const { threads, maximumMemory, variant } = options;
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name as keyof InitOptions))
      throw new BackendError(`init(): there is no option ${name}; there are ${NAMES.join(", ")}`);
  }
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new BackendError(`init(): threads must be a whole number from 1 on, not ${threads}`);
  }
  if (maximumMemory !== undefined && !(maximumMemory >= LEAST_MEMORY)) {
    throw new BackendError(`init(): maximumMemory must be at least ${LEAST_MEMORY} bytes, not ${maximumMemory}`);
  }
  if (variant !== undefined && !isVariant(variant)) {
    throw new BackendError(`init(): there is no build ${String(variant)}; there are simd, relaxed-simd, threads and relaxed`);
  }
}

/** The options that are given. */
const given = (options: InitOptions): [string, unknown][] => Object.entries(options).filter(([, value]) => value !== undefined);

export function isEmpty(options: InitOptions): boolean {
  return given(options).length === 0;
}

/** Whether both ask for the same: bytes, modules and responses only if they are the same object. */
export function sameOptions(a: InitOptions, b: InitOptions): boolean {
  const [first, second] = [given(a), new Map(given(b))];
  return first.length === second.size && first.every(([name, value]) => Object.is(plain(value), plain(second.get(name))));
}

const plain = (value: unknown): unknown => (kindOf(value) === "URL" ? String(value) : value);

/** The options as messages show them: `{ threads: 2, wasm: Uint8Array }`. */
export function showOptions(options: InitOptions): string {
  const parts = given(options).map(([name, value]) => {
    const text = typeof value === "object" && !isAddress(value as WasmSource) ? kindOf(value) : JSON.stringify(plain(value));
    return `${name}: ${text}`;
  });
  return parts.length === 0 ? "no options" : `{ ${parts.join(", ")} }`;
}
