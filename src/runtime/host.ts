import type { Variant } from "./variant.js";
import type { WorkerStart } from "./worker.js";

/** A worker thread, wherever it lives. */
export interface WorkerHandle {
  terminate(): void;
}

export interface WorkerEvents {
  /** It failed to start, threw, or ended. */
  onGone(why: string): void;
}

/** What differs between Node and browsers, and between entries that carry the WebAssembly and those that fetch it. */
export interface Host {
  /** The builds that there are, the first one to be used; all of them when it is left out. */
  readonly builds?: readonly Variant[] | undefined;
  /** A build: at once where that is possible, else null. */
  loadSync(variant: Variant): WebAssembly.Module | null;
  load(variant: Variant): Promise<WebAssembly.Module>;
  /** A file that the user says where to find. */
  open(address: string | URL): Promise<Response | Uint8Array<ArrayBuffer>>;
  spawn(start: WorkerStart, events: WorkerEvents, url?: string | URL): WorkerHandle;
  /** Does it in the event loop's next turn. There only where `spawn` takes the caller milliseconds, and the loop's help is not needed. */
  soon?(work: () => void): void;
  /** Hardware threads. */
  cores(): number;
  now(): number;
}
