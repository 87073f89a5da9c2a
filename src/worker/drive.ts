import { macrotask } from "../data/macrotask.js";
import { TURN_MS } from "../runtime/tuning.js";
import type { FromWorker } from "./messages.js";
import { cannotSend, encode } from "./wire.js";

/*
 * The worker's side of a run: it drives the generator, gathers what it yields, and gives the event loop a turn often enough
 * for messages to be heard.
 */

export type AnyGenerator = Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>;

/** When the event loop last had a turn, whichever run gave it. */
let lastTurn = 0;

const now = (): number => performance.now();

export interface RunOptions {
  readonly id: number;
  /** The method's name, for messages. */
  readonly what: string;
  /** Aborts when the page cancels. */
  readonly signal: AbortSignal;
  /** Values that may be under way or unread before the generator has to wait. */
  readonly queue: number;
}

export class DrivenRun {
  private paused = false;
  private latest = false;
  /** Yielded and encoded, not sent yet. */
  private pending: unknown[] = [];
  private transfer: Transferable[] = [];
  /** Sent, not read yet. */
  private unread = 0;
  /** The newest value, which the page has not had: only when it wants no other. */
  private newest: { value: unknown } | null = null;
  private wake: () => void = () => undefined;

  constructor(
    private readonly generator: AnyGenerator,
    private readonly send: (message: FromWorker, transfer: Transferable[]) => void,
    private readonly options: RunOptions,
  ) {
    options.signal.addEventListener("abort", () => this.wake());
  }

  setPaused(on: boolean): void {
    this.paused = on;
    this.wake();
  }

  setLatest(): void {
    this.latest = true;
    this.wake();
  }

  took(count: number): void {
    this.unread -= count;
    this.wake();
  }

  /** Runs the generator to its end. @returns what it returned; null when it was cancelled */
  async drive(): Promise<{ value: unknown } | null> {
    const { generator, options } = this;
    const { signal } = options;
    try {
      for (;;) {
        if (signal.aborted) return await this.finish();
        const { done, value } = await generator.next();
        if (done) {
          this.flushLast();
          return { value };
        }
        this.gather(value);
        if (this.mustWait || now() - lastTurn >= TURN_MS) await this.turn();
      }
    } catch (error) {
      // A fetch in the generator that had the signal ends with its reason.
      if (signal.aborted && error === signal.reason) return null;
      await this.finish().catch(() => undefined); // when it was a value that could not be sent, the generator still lives
      this.flushLast();
      throw error;
    }
  }

  /** The generator's finally blocks; should they yield, to nobody. */
  private async finish(): Promise<null> {
    let step = await this.generator.return?.();
    while (step && !step.done) step = await this.generator.next();
    return null;
  }

  private get mustWait(): boolean {
    return this.paused || (!this.latest && this.unread + this.pending.length >= this.options.queue);
  }

  private gather(value: unknown): void {
    if (this.latest) {
      this.newest = { value };
      return;
    }
    this.add(value); // now, as the next step may change a tensor in place
  }

  private add(value: unknown): void {
    const encoded = encode(value, `what ${this.options.what}() yielded`);
    this.pending.push(encoded.value);
    this.transfer.push(...encoded.transfer);
  }

  /** Sends what has come together, lets the event loop run, and waits as long as the page asks for it. */
  private async turn(): Promise<void> {
    this.flush();
    await macrotask();
    while (this.mustWait && !this.options.signal.aborted) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.flush();
    }
    lastTurn = now();
  }

  /** What it yielded before it ended, also to a reader that is busy. */
  private flushLast(): void {
    this.unread = 0;
    try {
      this.flush();
    } catch {
      // The newest value can no longer be sent, as the generator has gone on and disposed of it.
    }
  }

  private flush(): void {
    // One at a time, so that nothing piles up before a page that is busy.
    if (this.newest && this.unread === 0) {
      const { value } = this.newest;
      this.newest = null;
      this.add(value);
    }
    if (this.pending.length === 0) return;
    const { pending: values, transfer } = this;
    this.pending = [];
    this.transfer = [];
    this.unread += values.length;
    try {
      this.send({ kind: "progress", id: this.options.id, values }, transfer);
    } catch (error) {
      throw cannotSend(`what ${this.options.what}() yielded`, error);
    }
  }
}
