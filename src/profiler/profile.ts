import { backend } from "../runtime/backend.js";
import { ArgumentError } from "../runtime/errors.js";
import { observer, setObserver } from "../runtime/observer.js";
import { giveFile } from "../io/source.js";
import { Module } from "../nn/module.js";
import { namedTallies, watchModules } from "./modules.js";
import { type Event, type MemorySample, Recorder } from "./recorder.js";
import { type KernelRow, type ModuleRow, type OpRow, type ProfileRow, rowOf } from "./rows.js";
import { type TableOptions, bytesText, draw, kernelColumns, moduleColumns, opColumns, sorted } from "./table.js";
import { traceOf } from "./trace.js";

export interface ProfileOptions {
  /** The model whose modules are meant, where `fn` does not call its `forward`: names are paths in it. */
  model?: Module;
  /** Events kept for the trace at most, of some 100 bytes each; later ones only count in the rows. Default 200,000. */
  maxEvents?: number;
}

const MAX_EVENTS = 200_000;
/** Rows of each table that printing shows. */
const SHOWN = 20;

/** What `profile()` found. Print it, ask for a table, or save a trace. */
export class Profile<R> {
  /** Milliseconds that `fn` took, what it did beside the library included. */
  readonly duration: number;
  /** Bytes of tensor memory that were allocated. */
  readonly bytes: number;
  /** Ops and gradients, the largest `self` first. */
  readonly ops: readonly OpRow[];
  /** Modules, in the order of their first call. */
  readonly modules: readonly ModuleRow[];
  /** WebAssembly kernels, the largest `total` first. */
  readonly kernels: readonly KernelRow[];
  readonly #events: readonly Event[];
  readonly #memory: readonly MemorySample[];
  readonly #dropped: number;

  /** Made by `profile()`. */
  constructor(
    /** What `fn` returned. */
    readonly result: R,
    recorder: Recorder,
    duration: number,
    model: Module | undefined,
  ) {
    this.duration = duration;
    this.bytes = recorder.bytes;
    const tallies = [...recorder.tallies.values()];
    const bySelf = (a: ProfileRow, b: ProfileRow): number => b.self - a.self;
    this.ops = tallies
      .filter(({ kind }) => kind !== "kernel")
      .map((tally) => ({ ...rowOf(tally, duration), inKernels: tally.inKernels }))
      .sort(bySelf);
    this.kernels = tallies
      .filter(({ kind }) => kind === "kernel")
      .map((tally) => ({ ...rowOf(tally, duration), threads: tally.threads }))
      .sort(bySelf);
    this.modules = namedTallies(recorder, model).map(({ tally, type }) => {
      const { total, backward } = tally;
      return { ...rowOf(tally, duration), type, forward: total - backward, backward };
    });
    this.#events = recorder.events;
    this.#memory = recorder.memory;
    this.#dropped = recorder.dropped;
  }

  /**
   * An aligned table, to be printed.
   * @throws ArgumentError for options that are none
   */
  table(options: TableOptions = {}): string {
    const { by = "op" } = options;
    switch (by) {
      case "op":
        return draw(opColumns, sorted(this.ops, options), 1);
      case "module":
        return draw(moduleColumns, sorted(this.modules, options), 2);
      case "kernel":
        return draw(kernelColumns, sorted(this.kernels, options), 1);
      default:
        throw new ArgumentError(`table(): by must be "op", "module" or "kernel", got ${JSON.stringify(by)}`);
    }
  }

  /** The whole time, then the tables of ops, modules and kernels, 20 rows each. */
  toString(): string {
    const inOps = this.ops.reduce((sum, row) => sum + row.self, 0);
    const inKernels = this.kernels.reduce((sum, row) => sum + row.self, 0);
    const head =
      `${this.duration.toFixed(3)} ms: ${inKernels.toFixed(3)} in kernels, ${(inOps - inKernels).toFixed(3)} around them in ops, ` +
      `${(this.duration - inOps).toFixed(3)} outside of ops; ${bytesText(this.bytes)} allocated`;
    const parts = [head, this.table({ limit: SHOWN })];
    if (this.modules.length > 0) parts.push(this.table({ by: "module", limit: SHOWN }));
    parts.push(this.table({ by: "kernel", limit: SHOWN }));
    return parts.join("\n\n");
  }

  /** console.log in Node prints the tables too. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /**
   * The course of it all as JSON in the Trace Event Format, which chrome://tracing and https://ui.perfetto.dev open:
   * modules, ops, gradients and kernels as nested bars, and the tensor memory in use.
   */
  toChromeTrace(): string {
    return traceOf(this.#events, this.#memory, this.#dropped);
  }

  /**
   * Writes `toChromeTrace()` into a file; a browser's page offers it as a download of that name.
   * @throws FileError (rejects) where it cannot be written, and in a browser's worker, which has no downloads
   */
  saveChromeTrace(path: string | URL): Promise<void> {
    return giveFile(path, new TextEncoder().encode(this.toChromeTrace()), "saveChromeTrace()");
  }
}

/**
 * Runs `fn` and finds out where the time and the memory go: by op, by module, by kernel.
 *
 * ```ts
 * const p = profile(() => {
 *   const loss = F.crossEntropy(model.forward(x), y);
 *   optimizer.zeroGrad();
 *   loss.backward();
 *   optimizer.step();
 * });
 * console.log(String(p));
 * console.log(p.table({ by: "module", sortBy: "total", limit: 10 }));
 * await p.saveChromeTrace("trace.json");
 * ```
 *
 * Backward is counted twice over: each gradient is an op of its own (`MulBackward`), and its time also belongs to the
 * module whose `forward` recorded the op. Modules that `forward` does not go through (a function of the model that
 * is called instead of it) are found from there down; `model` says what their names are paths in. A `forward` that is
 * a field of the instance is not seen, nor what is recorded before `profile()`.
 *
 * Run what you measure a few times before: first calls compile, and make the memory that later ones use again. Every
 * op, kernel and module costs about a microsecond while it is measured; unmeasured, nothing. Clocks of browsers are
 * coarse: 5 µs on a page that is cross-origin isolated, 100 µs on others.
 *
 * An async `fn` is measured until its promise is settled, with all that runs in the meantime; then the profile comes
 * as a promise. An async `forward` counts until its first `await`. An error in `fn` ends the measuring and is passed on.
 *
 * Differs from `torch.profiler.profile`: a function around the code rather than a context, no schedule, and modules
 * are always followed.
 *
 * @throws ArgumentError for a `fn` that is no function, options out of range, and inside of another profile()
 * @see https://docs.pytorch.org/docs/stable/profiler.html
 */
export function profile<R>(fn: () => Promise<R>, options?: ProfileOptions): Promise<Profile<R>>;
export function profile<R>(fn: () => R, options?: ProfileOptions): Profile<R>;
export function profile<R>(fn: () => R | Promise<R>, options: ProfileOptions = {}): Profile<R> | Promise<Profile<R>> {
  const { model, maxEvents = MAX_EVENTS } = options;
  if (typeof fn !== "function")
    throw new ArgumentError(`profile(): expected a function to run, got ${fn === null ? "null" : typeof fn}; write profile(() => …)`);
  if (model !== undefined && !(model instanceof Module)) throw new ArgumentError(`profile(): model must be a Module, got ${typeof model}`);
  if (!(maxEvents >= 0)) throw new ArgumentError(`profile(): maxEvents must be a number from 0 on, got ${maxEvents}`);
  if (observer !== null)
    throw new ArgumentError(
      "profile(): another profile() is running, and only one can; end it first (await it if its function is async), or leave the inner one out",
    );
  const { stats } = backend().memory.allocator;
  const recorder = new Recorder(
    maxEvents,
    () => performance.now(),
    () => stats.inUse,
  );
  setObserver(recorder);
  const unwatch = watchModules(recorder);
  let end = NaN;
  const stop = (): void => {
    end = performance.now();
    setObserver(null);
    unwatch();
  };
  const done = (result: R): Profile<R> => new Profile(result, recorder, end - recorder.begin, model);
  let result: R | Promise<R>;
  try {
    result = fn();
  } catch (error) {
    stop();
    throw error;
  }
  if (result instanceof Promise) return result.finally(stop).then(done);
  stop();
  return done(result);
}
