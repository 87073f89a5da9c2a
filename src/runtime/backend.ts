import { BackendError } from "./errors.js";
import { type Features, detectFeatures } from "./features.js";
import { instantiate } from "./glue.js";
import type { Host } from "./host.js";
import { type Exports, type KernelName, call } from "./kernels.js";
import { LinearMemory } from "./memory.js";
import { observer } from "./observer.js";
import { Pool } from "./pool.js";
import { THREAD_WORTH } from "./tuning.js";
import { type Variant, checkVariant, chooseVariant, isRelaxed, isShared } from "./variant.js";

export interface InitOptions {
  /** Threads in all, the caller's included. Default: the cores, at most 8. */
  threads?: number;
  /** Plain SIMD only, so that every machine rounds alike. Default false. */
  deterministic?: boolean;
  /** A build to use instead of the best one, for tests and measurements. */
  variant?: Variant;
  /** Where the .wasm file is, when it is not beside the library; or the compiled module. */
  wasm?: string | URL | WebAssembly.Module;
  /** Where the worker script is, when it is not beside the library. */
  workerUrl?: string | URL;
  /** The most memory that tensors may take, in bytes. Default and limit: 4 GiB. */
  maximumMemory?: number;
}

/** What runs, and why. */
export interface BackendReport {
  variant: Variant;
  simd: boolean;
  relaxed: boolean;
  threads: number;
  why: string;
}

const PAGE = 65536;
const MAX_PAGES = 65536;
/** Room for the module's own data and the main stack; tensors get what is grown after it. */
const FIRST_PAGES = 48;

export interface Backend {
  exports: Exports;
  memory: LinearMemory;
  pool: Pool | null;
  report(): BackendReport;
}

let current: Backend | null = null;
let starting: { promise: Promise<void>; options: string } | null = null;
let theHost: Host | null = null;

/** Called once by the entry point of the platform. */
export function setHost(host: Host): void {
  theHost = host;
}

/** The running backend. In Node it starts on first use; a browser awaits `init()` once before. */
export function backend(): Backend {
  return current ?? startSync();
}

function startSync(): Backend {
  const plan = planFor({});
  const module = host().loadSync(`${plan.variant}.wasm`);
  if (!module)
    throw new BackendError(
      "lanegrad has not started: put `await init()` before the first tensor (a browser loads WebAssembly asynchronously)",
    );
  return (current = start(plan, module, {}));
}

/**
 * Starts the library. Needed in browsers, once, before the first tensor; in Node only to pass options.
 * Calling it again with the same options gives the same promise.
 *
 * @throws BackendError when WebAssembly SIMD is missing, a file cannot be loaded, or it already runs with other options
 */
export function init(options: InitOptions = {}): Promise<void> {
  const key = JSON.stringify(options);
  if (starting) {
    if (starting.options === key || key === "{}") return starting.promise;
    return Promise.reject(new BackendError(`init(): already called with ${starting.options}, now with ${key}; call it once`));
  }
  if (current) {
    if (key === "{}") return Promise.resolve();
    return Promise.reject(
      new BackendError(`init(): options ${key} come too late, lanegrad already runs; call init() before the first tensor`),
    );
  }
  const promise = startAsync(options).catch((error: unknown) => {
    starting = null; // a later call may try again
    throw error;
  });
  starting = { promise, options: key };
  return promise;
}

async function startAsync(options: InitOptions): Promise<void> {
  const plan = planFor(options);
  const { wasm } = options;
  const module = wasm instanceof WebAssembly.Module ? wasm : await host().load(`${plan.variant}.wasm`, wasm);
  current = start(plan, module, options);
}

function host(): Host {
  if (!theHost) throw new BackendError("no platform is set: import lanegrad through its entry point");
  return theHost;
}

interface Plan {
  variant: Variant;
  why: string;
  features: Features;
  threads: number;
}

function planFor(options: InitOptions): Plan {
  const features = detectFeatures();
  if (!features.simd) {
    throw new BackendError("lanegrad needs WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16.4, Node 20, or newer");
  }
  const { threads: asked, maximumMemory } = options;
  if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1)) {
    throw new BackendError(`init(): threads must be a whole number from 1 on, not ${asked}`);
  }
  if (maximumMemory !== undefined && !(maximumMemory >= FIRST_PAGES * PAGE)) {
    throw new BackendError(`init(): maximumMemory must be at least ${FIRST_PAGES * PAGE} bytes, not ${maximumMemory}`);
  }
  const choice = chooseVariant(features, options.deterministic ?? false);
  const variant = options.variant ?? choice.variant;
  checkVariant(variant, features);
  const why = options.variant ? "asked for" : choice.why;
  const threads = isShared(variant) ? (asked ?? Math.min(8, host().cores())) : 1;
  if (!isShared(variant) && (asked ?? 1) > 1) console.warn(`lanegrad: one thread instead of ${asked}: ${why}.`);
  return { variant, why, features, threads };
}

/** Shared memory must reserve its maximum at once: some systems refuse 4 GiB. */
function createMemory(shared: boolean, maximumMemory?: number): { memory: WebAssembly.Memory; maximum: number } {
  const most = Math.min(MAX_PAGES, Math.floor((maximumMemory ?? MAX_PAGES * PAGE) / PAGE));
  for (let maximum = most; maximum >= FIRST_PAGES; maximum = Math.floor(maximum / 2)) {
    try {
      return { memory: new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared }), maximum: maximum * PAGE };
    } catch {
      continue;
    }
  }
  throw new BackendError(`init(): the engine grants no WebAssembly memory, not even ${FIRST_PAGES * PAGE} bytes`);
}

function start(plan: Plan, module: WebAssembly.Module, options: InitOptions): Backend {
  const { variant, features } = plan;
  const { memory, maximum } = createMemory(isShared(variant), options.maximumMemory);
  const exports = instantiate(variant, module, memory);
  const pool =
    plan.threads > 1
      ? new Pool({
          host: host(),
          exports,
          start: { variant, module, memory },
          threads: plan.threads,
          canBlock: features.canBlock,
          workerUrl: options.workerUrl,
          notice: (text) => console.warn(text),
        })
      : null;
  const linear = new LinearMemory(memory, maximum);
  return {
    exports,
    memory: linear,
    pool,
    report: () => ({ variant, simd: true, relaxed: isRelaxed(variant), threads: pool?.threads ?? 1, why: plan.why }),
  };
}

/** What runs, and why: the build, the threads, the reason. */
export function report(): BackendReport {
  return backend().report();
}

let threadWorth = THREAD_WORTH;

/** For tests: 0 splits even the smallest jobs, Infinity none; nothing given is as measured. */
export function setThreadWorth(operations = THREAD_WORTH): void {
  threadWorth = operations;
}

/** What `launch` asks back: a block that a dead worker may still write to must never be used again. */
let onSuspect: (ptr: number) => void = () => undefined;

export function setSuspectHandler(handler: (ptr: number) => void): void {
  onSuspect = handler;
}

/** Runs a kernel whose work has an order, as a whole on this thread, and gives what it returns. */
export function runInOrder(name: KernelName, ...args: number[]): number {
  const kernel = backend().exports[name];
  return observer === null ? kernel(...args) : observeInOrder(name, kernel, args);
}

function observeInOrder(name: KernelName, kernel: (...args: number[]) => number, args: readonly number[]): number {
  let result = 0;
  observer!.kernel(name, () => {
    result = kernel(...args);
    return 1;
  });
  return result;
}

export interface LaunchOptions {
  /** Ranges start at multiples of it. Default 1. */
  grain?: number;
  /** An output is also an input, so no part may run twice. */
  inPlace?: boolean;
}

/**
 * Runs a kernel over `0..total`, on several threads where that pays.
 *
 * @param cost scalar operations per unit of the range
 */
export function launch(name: KernelName, args: readonly number[], total: number, cost = 1, options?: LaunchOptions): void {
  if (observer === null) compute(name, args, total, cost, options);
  else observer.kernel(name, compute, name, args, total, cost, options);
}

/** Gives the number of threads that shared the work. */
function compute(name: KernelName, args: readonly number[], total: number, cost: number, options: LaunchOptions | undefined): number {
  const { exports, pool } = backend();
  if (exports[name].length !== args.length + 2)
    throw new BackendError(`internal: ${name} takes ${exports[name].length - 2} arguments and a range, got ${args.length}`);
  if (pool === null || total * cost < threadWorth || total < 2) {
    call(exports[name], args, 0, total);
    return 1;
  }
  const grain = options?.grain ?? 1;
  const whole = pool.run(name, args, total, grain, !options?.inPlace);
  if (!whole) onSuspect(args[0]!);
  return Math.min(pool.threads, Math.ceil(total / grain));
}
