/*
 * The page's side. Why not Comlink, which does calls across threads well: a call to a worker that is gone stays pending there
 * for ever; errors lose cause and class; each step of an iterator is a trip there and back, with nothing to hold a fast worker;
 * and what it converts, it converts at the top level only, where tensors stand within state dicts. With all that done here,
 * numbering the messages is what would be left to it.
 */
import type * as NodeThreads from "node:worker_threads";
import { ArgumentError, WorkerError } from "../runtime/errors.js";
import { whenGone } from "./alive.js";
import { type FromWorker, type ToWorker, open } from "./messages.js";
import { PendingCall } from "./run.js";
import { abortError, reviveThrown } from "./thrown.js";
import type { Remote } from "./types.js";
import { cannotSend, encode } from "./wire.js";

/** A browser's worker (also Deno's and Bun's) or one of `node:worker_threads`. */
export type AnyWorker = Worker | NodeThreads.Worker;

export interface ConnectOptions {
  /** Values of a run that may be unread before the worker waits. Default 1000. */
  queue?: number;
  /** Milliseconds in which the worker's script must have called `expose()`. Default 60,000. */
  timeout?: number;
}

/**
 * Calls the object that a worker's script gave to `expose()`.
 *
 * ```ts
 * import type { Trainer } from "./trainer.js";
 *
 * const trainer = connect<Trainer>(new Worker(new URL("./trainer.ts", import.meta.url), { type: "module" }));
 * const run = trainer.train({ steps: 1000 });
 * for await (const { step, loss } of run) draw(step, loss);
 * const { accuracy } = await run;
 * ```
 *
 * Calls may be made at once; they wait until the script has loaded. When it cannot load, ends or throws before `expose()`, they
 * reject with a WorkerError; what a method throws arrives with its class, message, stack and cause. In Node the worker keeps
 * the process alive only while a call is pending.
 */
export function connect<T extends object>(worker: AnyWorker, options: ConnectOptions = {}): Remote<T> {
  const { queue = 1000, timeout = 60_000 } = options;
  if (!isWorker(worker)) throw new ArgumentError("connect(): expected a worker: connect(new Worker(…))");
  if (!(queue >= 1)) throw new ArgumentError(`connect(): queue must be at least 1, got ${queue}`);
  const connection = new Connection(worker, queue, timeout);
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  const controls: Record<string | symbol, unknown> = {
    ready: connection.ready,
    terminate: () => connection.terminate(),
    [Symbol.dispose]: () => connection.terminate(),
  };
  return new Proxy(controls, {
    get(_, name) {
      if (Object.hasOwn(controls, name)) return controls[name];
      // Were there a then(), awaiting the remote object would call it.
      if (typeof name === "symbol" || name === "then") return undefined;
      if (!methods.has(name)) methods.set(name, (...args) => connection.call(name, args));
      return methods.get(name);
    },
  }) as unknown as Remote<T>;
}

class Connection {
  readonly ready: Promise<void>;
  private isReady!: () => void;
  private isBroken!: (error: unknown) => void;
  /** What is to be sent once the script has loaded; null when it has. */
  private waiting: (() => void)[] | null = [];
  private readonly calls = new Map<number, PendingCall>();
  private gone: WorkerError | null = null;
  private lastId = 0;
  private readonly timer: ReturnType<typeof setTimeout>;

  constructor(
    private readonly worker: AnyWorker,
    private readonly queue: number,
    timeout: number,
  ) {
    this.ready = new Promise((resolve, reject) => {
      this.isReady = resolve;
      this.isBroken = reject;
    });
    this.ready.catch(() => undefined); // who does not ask for it hears from each call
    listen(worker, {
      message: (data) => this.hear(data),
      crashed: (message, cause) => this.crash(message, cause),
      ended: (code) => this.end(`the worker ended, with exit code ${code}${this.waiting ? ", before it called expose()" : ""}`),
      unreadable: () => this.end("a message of the worker could not be read: it held what only the worker's own page may have"),
    });
    this.timer = setTimeout(
      () =>
        this.end(`the worker's script has not called expose() in ${timeout} ms: see that it does, or raise connect(worker, { timeout })`),
      timeout,
    );
  }

  call(method: string, args: unknown[]): Promise<unknown> {
    const id = ++this.lastId;
    const call = new PendingCall((message) => this.whenReady(() => !call.isOver && this.post({ ...message, id })), this.queue);
    this.calls.set(id, call);
    this.keepAlive();
    try {
      if (this.gone) throw this.gone;
      const mark = {};
      const { value, signals, holders, transfer } = encode(args, `${method}(): argument `, mark);
      this.follow(id, call, signals);
      this.start({ kind: "call", id, method, args: value, places: { mark, holders }, queue: this.queue }, transfer);
    } catch (error) {
      this.settle(id, (it) => it.fail(error));
    }
    return call.asRun();
  }

  /** Sends a call, which may be over already, or cloned now, as the page may change it before the worker has loaded. */
  private start(message: Extract<ToWorker, { kind: "call" }>, transfer: Transferable[]): void {
    const call = this.calls.get(message.id);
    if (!call) return;
    const what = `${message.method}(): an argument`;
    const sending = (send: () => void): void => {
      try {
        send();
      } catch (error) {
        this.settle(message.id, (it) => it.fail(cannotSend(what, error)));
      }
    };
    let sent = message;
    if (this.waiting && transfer.length === 0) sending(() => (sent = structuredClone(message)));
    this.whenReady(() => sending(() => !call.isOver && this.post(sent, transfer)));
  }

  /** The call is cancelled when one of the signals among its arguments aborts. */
  private follow(id: number, call: PendingCall, signals: Iterable<AbortSignal>): void {
    for (const signal of signals) {
      if (signal.aborted) return this.settle(id, (it) => it.fail(signal.reason));
      const cancel = (): void => call.cancel(signal.reason);
      signal.addEventListener("abort", cancel);
      const forget = (): void => signal.removeEventListener("abort", cancel);
      call.promise.then(forget, forget);
    }
  }

  terminate(): void {
    this.end("terminate() has ended the worker: connect() to a new one", abortError("terminate() has ended the worker"));
    void this.worker.terminate();
  }

  private post(message: ToWorker, transfer: Transferable[] = []): void {
    // Both kinds of workers take a list as second argument; their types differ in what may stand in it.
    (this.worker as Worker).postMessage({ lanegrad: message }, transfer);
  }

  private whenReady(send: () => void): void {
    if (this.waiting) this.waiting.push(send);
    else if (!this.gone) send();
  }

  private hear(data: unknown): void {
    const message = open<FromWorker>(data);
    if (!message || this.gone) return;
    if (message.kind === "ready") this.begin(message.lock);
    else if (message.kind === "progress") this.calls.get(message.id)?.progress(message.values);
    else if (message.kind === "done") this.settle(message.id, (call) => call.done(message.value));
    else if (message.kind === "cancelled") this.settle(message.id, (call) => call.wasCancelled());
    else this.settle(message.id, (call) => call.fail(reviveThrown(message.error)));
  }

  private begin(lock: string | null): void {
    if (lock !== null) whenGone(lock, () => this.end("the worker ended: its script called close(), or it ran out of memory"));
    clearTimeout(this.timer);
    const { waiting } = this;
    this.waiting = null;
    for (const send of waiting ?? []) send();
    this.isReady();
    this.keepAlive();
  }

  private settle(id: number, end: (call: PendingCall) => void): void {
    const call = this.calls.get(id);
    if (!call) return;
    this.calls.delete(id);
    end(call);
    this.keepAlive();
  }

  /** The script threw outside of any call. Browsers' workers live on, and what is pending will still be answered. */
  private crash(message: string, cause: unknown): void {
    if (message === "")
      this.end(
        'the worker could not be loaded: see that the URL in new Worker(new URL("./trainer.js", import.meta.url), { type: "module" }) ' +
          "and those that the script imports are of scripts, and that the page's Content-Security-Policy allows them",
        undefined,
        cause,
      );
    else if (this.waiting) this.end(`the worker's script failed before it called expose(): ${message}`, undefined, cause);
    else if (isOfNode(this.worker)) this.end(`the worker ended by an error outside of any call: ${message}`, undefined, cause);
  }

  /** Nothing more will come: whatever is pending rejects, whatever is called later too. */
  private end(message: string, pending?: unknown, cause?: unknown): void {
    if (this.gone) return;
    clearTimeout(this.timer);
    this.gone = new WorkerError(message, { cause });
    this.waiting = null;
    this.isBroken(this.gone);
    for (const id of [...this.calls.keys()]) this.settle(id, (call) => call.fail(pending ?? this.gone));
    this.keepAlive();
  }

  /** Node ends when only idle workers are left. */
  private keepAlive(): void {
    if (!isOfNode(this.worker)) return;
    if (!this.gone && (this.waiting || this.calls.size > 0)) this.worker.ref();
    else this.worker.unref();
  }
}

interface WorkerEvents {
  message: (data: unknown) => void;
  /** `message` is empty when the script did not load. */
  crashed: (message: string, cause: unknown) => void;
  ended: (code: number) => void;
  unreadable: () => void;
}

const isWorker = (value: unknown): boolean => typeof value === "object" && value !== null && "postMessage" in value && "terminate" in value;

const isOfNode = (worker: AnyWorker): worker is NodeThreads.Worker => "ref" in worker && "on" in worker;

function listen(worker: AnyWorker, events: WorkerEvents): void {
  if (isOfNode(worker)) {
    worker.on("message", events.message);
    worker.on("messageerror", events.unreadable);
    worker.on("error", (error: unknown) => events.crashed(String(error), error));
    worker.on("exit", events.ended);
    return;
  }
  worker.addEventListener("message", ({ data }: MessageEvent<unknown>) => events.message(data));
  worker.addEventListener("messageerror", events.unreadable);
  worker.addEventListener("error", ({ message, error }: Partial<ErrorEvent>) => events.crashed(message ?? "", error));
}
