import {
  ARG_COUNT,
  BUSY,
  CHUNKS,
  DONE,
  FAILED,
  GRAIN,
  KERNEL,
  MAX_CHUNKS,
  MAX_WORKERS,
  MEMBERS,
  READY,
  SEQ,
  STOP,
  TOTAL,
  boundary,
  createControl,
  open,
  share,
  tagOf,
  unfinished,
} from "./control.js";
import { BackendError } from "./errors.js";
import type { Host, WorkerHandle } from "./host.js";
import { type Exports, call, kernelTable } from "./kernels.js";
import { CHUNKS_PER_THREAD, JOIN_SPINS } from "./tuning.js";
import type { WorkerStart } from "./worker.js";

export interface PoolOptions {
  host: Host;
  exports: Exports;
  start: Pick<WorkerStart, "variant" | "module" | "memory">;
  /** Threads in all, the caller's included. */
  threads: number;
  canBlock: boolean;
  workerUrl?: string | URL | undefined;
  /** Told once, when workers are lost. */
  notice(text: string): void;
}

/**
 * A worker that holds a chunk for this long after everyone else is done counts as dead. Chunks take
 * milliseconds; only a machine that swaps comes near.
 */
const PATIENCE_MS = 5000;

/**
 * Worker threads that share a kernel's range with the caller. `run` is synchronous: the caller works too,
 * then waits (or, on a browser's main thread, spins) for the last chunks.
 */
export class Pool {
  private readonly control = createControl();
  private readonly ids = new Map<string, number>();
  private readonly workers: (WorkerHandle | null)[] = [];
  private seq = 0;
  private living = 0;
  private told = false;

  constructor(private readonly options: PoolOptions) {
    kernelTable(options.exports).forEach(([name], id) => this.ids.set(name, id));
    this.living = Math.min(MAX_WORKERS, options.threads - 1);
    this.control.ints[MEMBERS] = 1 + this.living;
    // The first result, mostly small, need not wait for workers to be made.
    if (options.host.soon) options.host.soon(() => this.start());
    else this.start();
  }

  private start(): void {
    if (this.workers.length > 0 || Atomics.load(this.control.ints, STOP) !== 0) return;
    for (let index = 0, count = this.living; index < count; index++) this.spawn(index);
  }

  /** Threads that can take work now, the caller's included. */
  get threads(): number {
    return 1 + this.alive;
  }

  /** Workers not known to be gone. */
  get alive(): number {
    return this.living;
  }

  /** Workers that have reported for work so far. */
  get ready(): number {
    return Atomics.load(this.control.ints, READY);
  }

  /**
   * Runs `name(...args, begin, end)` over `0..total` in chunks that are multiples of `grain`.
   *
   * `redo` says that a chunk may run twice (its outputs are not its inputs); without it the death of a
   * worker in the middle of a chunk is an error, not a repetition.
   * @returns false when a worker died holding a chunk: it may still write to the outputs of this job
   * @throws BackendError when a kernel trapped on a worker, or a worker died and the chunk cannot be repeated
   */
  run(name: string, args: readonly number[], total: number, grain: number, redo: boolean): boolean {
    this.start();
    const { ints } = this.control;
    const kernel = this.options.exports[name as keyof Exports];
    const chunks = Math.min(MAX_CHUNKS, this.threads * CHUNKS_PER_THREAD, Math.ceil(total / grain));
    if (chunks <= 1 || this.alive === 0) {
      call(kernel, args, 0, total);
      return true;
    }
    const tag = tagOf(++this.seq);
    ints[KERNEL] = this.ids.get(name)!;
    ints[ARG_COUNT] = args.length;
    this.control.args.set(args);
    ints[TOTAL] = total;
    ints[GRAIN] = grain;
    ints[CHUNKS] = chunks;
    open(ints, tag, chunks);
    Atomics.store(ints, SEQ, this.seq);
    Atomics.notify(ints, SEQ);

    let trap = null as { cause: unknown } | null;
    const compute = (first: number, end: number): void => {
      try {
        call(kernel, args, boundary(first, chunks, total, grain), boundary(end, chunks, total, grain));
      } catch (error) {
        trap = { cause: error }; // thrown below: the others may still be writing
      }
    };
    share(ints, tag, chunks, 0, compute);
    const whole = this.join(tag, chunks);
    if (!whole) this.bury(name, unfinished(ints, tag, chunks), redo, compute);
    if (trap !== null) throw new BackendError(`${name} failed: ${String(trap.cause)}`, trap);
    this.throwIfFailed();
    return whole;
  }

  /** Ends the workers. */
  stop(): void {
    Atomics.store(this.control.ints, STOP, 1);
    Atomics.notify(this.control.ints, SEQ);
    this.workers.forEach((worker) => worker?.terminate());
    this.workers.fill(null);
    this.living = 0;
  }

  private spawn(index: number): void {
    const { host, start, workerUrl } = this.options;
    try {
      const message = { ...start, control: this.control.ints.buffer as SharedArrayBuffer, index };
      this.workers[index] = host.spawn(message, { onGone: (why) => this.lost(index, why) }, workerUrl);
    } catch (error) {
      // Browsers start no worker from a script of another origin, such as a CDN's.
      const advice =
        (error as Error).name === "SecurityError" ? "; serve that script from the page's origin and pass init({ workerUrl })" : "";
      this.lost(index, String(error) + advice);
    }
  }

  private lost(index: number, why: string): void {
    if (this.workers[index] !== null) this.living--;
    this.workers[index] = null;
    if (this.told || Atomics.load(this.control.ints, STOP) !== 0) return;
    this.told = true;
    this.options.notice(`lanegrad: a worker thread is gone (${why}); going on without it, backend().threads says with how many.`);
  }

  /** Waits until all chunks are done. False when a worker kept one for too long. */
  private join(tag: number, chunks: number): boolean {
    const { ints } = this.control;
    const { canBlock, host } = this.options;
    const goal = tag + chunks;
    let deadline = 0;
    for (let spin = 0; ; spin++) {
      const done = Atomics.load(ints, DONE);
      if (done === goal) return true;
      if (spin < JOIN_SPINS) continue;
      deadline ||= host.now() + PATIENCE_MS;
      if (host.now() > deadline) return false;
      if (canBlock) Atomics.wait(ints, DONE, done, 50);
    }
  }

  /** A worker died holding a chunk: ends it for good, and does the chunk here if it can be repeated. */
  private bury(name: string, chunks: number[], redo: boolean, compute: (first: number, end: number) => void): void {
    const { ints } = this.control;
    this.workers.forEach((worker, index) => {
      if (Atomics.exchange(ints, BUSY + index, 0) === 0) return;
      worker?.terminate();
      this.lost(index, "it stopped in the middle of a job");
    });
    Atomics.store(ints, DONE, tagOf(++this.seq)); // should it wake up after all, it counts for nothing
    if (!redo) {
      throw new BackendError(
        `${name}: a worker thread died while it changed a tensor in place, so that tensor's contents are lost; ` +
          `load a checkpoint and go on: the library works with ${this.threads} thread(s)`,
      );
    }
    chunks.forEach((chunk) => compute(chunk, chunk + 1));
  }

  private throwIfFailed(): void {
    const { ints, text } = this.control;
    const failed = Atomics.exchange(ints, FAILED, 0);
    if (failed === 0) return;
    this.workers[failed - 1]?.terminate();
    this.lost(failed - 1, "a kernel failed on it");
    const bytes = Uint8Array.from(text); // TextDecoder refuses shared memory
    throw new BackendError(`a kernel failed on a worker thread: ${new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))}`);
  }
}
