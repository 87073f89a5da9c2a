/** What the engine can run. Nothing here touches globals at import time. */
export interface Features {
  simd: boolean;
  relaxed: boolean;
  /** The engine keeps twelve sums and what they come from in 16 registers: see crates/kernels/src/tall.rs. */
  tallTiles: boolean;
  /** Shared memory may be created and sent to workers. */
  threads: boolean;
  /** Why threads are off; empty when they are on. */
  threadsWhy: string;
  /** `Atomics.wait` works on this thread. */
  canBlock: boolean;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** One function `(param) -> v128` whose body is `code`: valid only where the engine knows the opcodes. */
function probe(code: number[]): boolean {
  const body = [0x00, ...code, 0x0b];
  const bytes = [
    ...HEADER,
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type: () -> v128
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, body.length + 2, 0x01, body.length, ...body],
  ];
  return WebAssembly.validate(new Uint8Array(bytes));
}

const ZERO_I32 = [0x41, 0x00];
const SPLAT = [0xfd, 0x0f]; // i8x16.splat
const RELAXED_MADD = [0xfd, 0x85, 0x02]; // f32x4.relaxed_madd

export function detectFeatures(): Features {
  if (typeof WebAssembly !== "object") {
    return { simd: false, relaxed: false, tallTiles: false, threads: false, threadsWhy: "no WebAssembly here", canBlock: false };
  }
  const zero = [...ZERO_I32, ...SPLAT];
  const simd = probe(zero);
  const relaxed = simd && probe([...zero, ...zero, ...zero, ...RELAXED_MADD]);
  const threadsWhy = whyNoThreads();
  return { simd, relaxed, tallTiles: isRecent(), threads: threadsWhy === "", threadsWhy, canBlock: canBlock() };
}

/**
 * Atomics.pause has nothing to do with registers, but it is as old as a good use of them: V8 has it since 13.3 (Chrome 133,
 * Node 24), Firefox since 137. The compiler of V8 before, in Node 22, loads too much ahead.
 */
const isRecent = (): boolean => typeof (Atomics as { pause?: unknown }).pause === "function";

function whyNoThreads(): string {
  if (typeof SharedArrayBuffer === "undefined") {
    return isBrowser()
      ? "the page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp"
      : "SharedArrayBuffer is missing";
  }
  if (isBrowser() && !(globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated) {
    return "the page is not cross-origin isolated: serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp";
  }
  return "";
}

/** A browser's page or worker, as opposed to Node and its kin. */
export function isBrowser(): boolean {
  const scope = globalThis as { window?: unknown; WorkerGlobalScope?: unknown; process?: { versions?: { node?: string } } };
  return (scope.window !== undefined || scope.WorkerGlobalScope !== undefined) && scope.process?.versions?.node === undefined;
}

function canBlock(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false; // a browser's main thread
  }
}
