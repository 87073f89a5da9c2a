import { macrotask } from "../data/macrotask.js";
import { ArgumentError } from "../runtime/errors.js";
import { TURN_MS } from "../runtime/tuning.js";
import type { ToWorker } from "./messages.js";
import { abortError, encodeThrown } from "./thrown.js";
import type { Run } from "./types.js";

/*
 * The page's side of a call: a promise of its result; should it be a run, also what it yields.
 */

/** What a call tells the worker, but for its number. */
export type CallMessage = { [K in ToWorker["kind"]]: Omit<Extract<ToWorker, { kind: K }>, "id"> }[Exclude<ToWorker["kind"], "call">];

/** No reader, one that wants every value, one that wants the newest. */
type Mode = "unread" | "all" | "latest";

export class PendingCall {
  readonly promise: Promise<unknown>;
  private resolve!: (value: unknown) => void;
  private reject!: (error: unknown) => void;
  private readonly values: unknown[] = [];
  private mode: Mode = "unread";
  /** Read, and the worker not told yet. */
  private taken = 0;
  private wake: () => void = () => undefined;
  private end: { error: unknown } | "done" | null = null;
  private cancelled: { reason: unknown } | null = null;
  private paused = false;
  /** Since when this task has been reading. */
  private taskStart = 0;

  constructor(
    private readonly tell: (message: CallMessage) => void,
    private readonly queue: number,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get isOver(): boolean {
    return this.end !== null;
  }

  // What the worker says.

  progress(values: readonly unknown[]): void {
    this.taskStart = performance.now();
    this.values.push(...values);
    if (this.mode !== "all") {
      this.values.splice(0, this.values.length - (this.mode === "latest" ? 1 : this.queue));
      this.tell({ kind: "took", count: values.length });
    }
    this.wake();
  }

  done(value: unknown): void {
    this.end ??= "done";
    this.resolve(value);
    this.wake();
  }

  fail(error: unknown): void {
    this.end ??= { error };
    this.reject(error);
    this.wake();
  }

  wasCancelled(): void {
    this.values.length = 0;
    this.fail(this.cancelled?.reason);
  }

  // What the page says.

  cancel(reason: unknown): void {
    if (this.end || this.cancelled) return;
    this.cancelled = { reason };
    this.tell({ kind: "cancel", reason: encodeThrown(reason) });
  }

  private setPaused(on: boolean): void {
    if (this.end || this.paused === on) return;
    this.paused = on;
    this.tell({ kind: "pause", on });
  }

  private read(mode: Mode): AsyncIterator<unknown, void> {
    if (this.mode !== "unread") throw new ArgumentError("this run is being read already: only one loop can read it");
    this.mode = mode;
    this.taken = 0;
    if (mode === "latest") {
      this.values.splice(0, this.values.length - 1);
      this.tell({ kind: "latest" });
    }
    this.promise.catch(() => undefined); // the loop throws it
    return {
      next: () => this.next(),
      return: () => {
        this.cancel(abortError("the loop that read this run was left"));
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  private async next(): Promise<IteratorResult<unknown, void>> {
    // A reader that finds values waiting would go on in one task for ever, and the page would not be drawn.
    if (performance.now() - this.taskStart > TURN_MS) {
      await macrotask();
      this.taskStart = performance.now();
    }
    while (this.values.length === 0) {
      if (this.end === "done") return { done: true, value: undefined };
      if (this.end) throw this.end.error;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
    const value = this.values.shift();
    if (this.mode === "all") this.count();
    return { done: false, value };
  }

  /** Tells the worker in good time, but not of each value. */
  private count(): void {
    this.taken++;
    if (this.end || (this.values.length > 0 && this.taken < this.queue / 2)) return;
    this.tell({ kind: "took", count: this.taken });
    this.taken = 0;
  }

  /** The promise with what a run has beside. */
  asRun(): Run<unknown, unknown> {
    const run = Object.assign(this.promise, {
      pause: () => this.setPaused(true),
      resume: () => this.setPaused(false),
      cancel: (reason: unknown = abortError("the run was cancelled")) => this.cancel(reason),
      latest: () => ({ [Symbol.asyncIterator]: () => this.read("latest") }),
      [Symbol.asyncIterator]: () => this.read("all"),
    });
    return Object.defineProperty(run, "paused", { get: () => this.paused }) as typeof run & { paused: boolean };
  }
}
