import type { WorkerStart } from "./worker.js";

/** A worker thread, wherever it lives. */
export interface WorkerHandle {
  terminate(): void;
}

export interface WorkerEvents {
  /** It failed to start, threw, or ended. */
  onGone(why: string): void;
}

/** What differs between Node and browsers. */
export interface Host {
  /** Bytes or module of a build: at once where files can be read synchronously, else null. */
  loadSync(file: string): WebAssembly.Module | null;
  load(file: string, from?: string | URL): Promise<WebAssembly.Module>;
  spawn(start: WorkerStart, events: WorkerEvents, url?: string | URL): WorkerHandle;
  /** Hardware threads. */
  cores(): number;
  now(): number;
}
