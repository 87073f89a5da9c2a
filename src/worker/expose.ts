import { parentPort } from "#port";
import { ArgumentError, WorkerError } from "../runtime/errors.js";
import { type AnyGenerator, DrivenRun } from "./drive.js";
import { type FromWorker, type ToWorker, open } from "./messages.js";
import type { Port } from "./port.js";
import { encodeThrown, reviveThrown } from "./thrown.js";
import { RESERVED } from "./types.js";
import { cannotSend, encode, placeSignal } from "./wire.js";

type Methods = Record<string, (...args: unknown[]) => unknown>;
type Call = Extract<ToWorker, { kind: "call" }>;

let exposed = false;
const STACK = 50;

/**
 * Offers an object's methods to the thread that started this worker, where `connect()` calls them. To be called once, in the
 * worker's script.
 *
 * A generator or async generator is a run: what it yields is its progress, what it returns its result. Between two yields the
 * worker hears messages: it pauses, cancels (`finally` blocks run), and answers other calls. It does so every 8 ms, so yield as
 * often as you like. Tensors in what is yielded or returned arrive as plain data.
 *
 * ```ts
 * const trainer = {
 *   async *train(config: Config) {
 *     for (let step = 0; step < config.steps; step++) yield { step, loss: trainStep() };
 *     return { accuracy: evaluate() };
 *   },
 *   weights: () => model.stateDict(),
 * };
 * export type Trainer = typeof trainer;
 * expose(trainer);
 * ```
 *
 * @throws WorkerError where no worker is
 * @throws ArgumentError when it was called before, or when the object has no methods or one with a reserved name
 */
export function expose(trainer: object): void {
  const port = parentPort();
  if (!port)
    throw new WorkerError(
      "expose(): this is not a worker's script. Call it in a file that is started by new Worker(…), and connect() to that from here",
    );
  const names = methodsOf(trainer);
  if (exposed) throw new ArgumentError("expose(): called twice in one worker; put all methods into one object");
  if (names.length === 0) throw new ArgumentError("expose(): this object has no methods that could be called");
  for (const name of names) {
    if (RESERVED.includes(name)) throw new ArgumentError(`expose(): a method cannot be called ${name}: connect() uses that name itself`);
  }
  exposed = true;
  // V8 keeps ten lines of a stack: those of the library alone may be more, and the trainer's own line is what tells.
  if (Error.stackTraceLimit < STACK) Error.stackTraceLimit = STACK;
  serve(trainer as Methods, new Set(names), port);
}

/** Its own and inherited methods, but for those of every object. */
function methodsOf(trainer: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = trainer; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== "constructor" && typeof value === "function") names.add(name);
    }
  }
  return [...names];
}

function serve(trainer: Methods, names: ReadonlySet<string>, port: Port): void {
  const runs = new Map<number, DrivenRun>();
  const controllers = new Map<number, AbortController>();
  const send = (message: FromWorker, transfer: Transferable[] = []): void => port.post({ lanegrad: message }, transfer);

  async function answer(call: Call, controller: AbortController): Promise<void> {
    const { id, method, args, places, queue } = call;
    placeSignal(places, controller.signal);
    if (!names.has(method)) throw new ArgumentError(`the worker has no method ${method}(); it has ${[...names].join(", ")}`);
    let value = trainer[method]!(...(args as unknown[]));
    if (isGenerator(value)) {
      const run = new DrivenRun(value, send, { id, what: method, signal: controller.signal, queue });
      runs.set(id, run);
      const end = await run.drive();
      if (!end) return send({ kind: "cancelled", id });
      value = end.value;
    }
    const encoded = encode(await value, `what ${method}() returned`);
    try {
      send({ kind: "done", id, value: encoded.value }, encoded.transfer);
    } catch (error) {
      throw cannotSend(`what ${method}() returned`, error);
    }
  }

  port.listen((data) => {
    const message = open<ToWorker>(data);
    if (!message) return;
    const { id } = message;
    if (message.kind === "call") {
      const controller = new AbortController();
      controllers.set(id, controller);
      void answer(message, controller)
        .catch((error: unknown) => send({ kind: "failed", id, error: encodeThrown(error) }))
        .finally(() => {
          controllers.delete(id);
          runs.delete(id);
        });
    } else if (message.kind === "cancel") controllers.get(id)?.abort(reviveThrown(message.reason));
    else if (message.kind === "pause") runs.get(id)?.setPaused(message.on);
    else if (message.kind === "took") runs.get(id)?.took(message.count);
    else runs.get(id)?.setLatest();
  });
  void port.holdLock().then((lock) => send({ kind: "ready", lock }));
}

function isGenerator(value: unknown): value is AnyGenerator {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as Partial<AnyGenerator>).next === "function" && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
