import { compile, isAddress } from "./compile.js";
import { BackendError } from "./errors.js";
import { instantiate } from "./glue.js";
import type { Host } from "./host.js";
import { type Exports, type KernelName, call } from "./kernels.js";
import { LinearMemory } from "./memory.js";
import { observer } from "./observer.js";
import { type InitOptions, LEAST_MEMORY, isEmpty, sameOptions, showOptions } from "./options.js";
import { type Plan, checkedFeatures, planFor, planGiven, runningVariant } from "./plan.js";
import { Pool } from "./pool.js";
import { THREAD_WORTH } from "./tuning.js";
import { type Variant, isRelaxed, isShared } from "./variant.js";

export type { InitOptions } from "./options.js";

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
const FIRST_PAGES = LEAST_MEMORY / PAGE;

export interface Backend {
  exports: Exports;
  memory: LinearMemory;
  pool: Pool | null;
  report(): BackendReport;
}

let current: Backend | null = null;
let starting: { promise: Promise<void>; options: InitOptions } | null = null;
let theHost: Host | null = null;

/** Called once by the entry point of the platform. One that carries its WebAssembly within stays, whichever comes after. */
export function setHost(host: Host): void {
  if (host.builds || !theHost?.builds) theHost = host;
}

/** The running backend. In Node it starts on first use; a browser awaits `init()` once before. */
export function backend(): Backend {
  return current ?? startSync();
}

function startSync(): Backend {
  const plan = planFor(host(), {}, checkedFeatures({}));
  const module = host().loadSync(plan.variant);
  if (!module)
    throw new BackendError(
      "lanegrad has not started: put `await init()` before the first tensor (a browser loads WebAssembly asynchronously)",
    );
  return (current = start(plan, module, {}));
}

/**
 * Starts the library. Needed in browsers, once, before the first tensor; in Node only to pass options.
 * Calling it again, with the same options or with none, gives the same promise; after a failure it tries again.
 *
 * @throws BackendError when WebAssembly SIMD is missing, a file cannot be loaded, or it was already called with other options
 */
export function init(options: InitOptions = {}): Promise<void> {
  if (starting) {
    if (isEmpty(options) || sameOptions(starting.options, options)) return starting.promise;
    return Promise.reject(
      new BackendError(`init(): already called with ${showOptions(starting.options)}, now with ${showOptions(options)}; call it once`),
    );
  }
  if (current) {
    if (isEmpty(options)) return Promise.resolve();
    return Promise.reject(
      new BackendError(`init(): options ${showOptions(options)} come too late, lanegrad already runs; call init() before the first tensor`),
    );
  }
  const promise = startAsync(options).catch((error: unknown) => {
    starting = null; // a later call may try again
    throw error;
  });
  starting = { promise, options: { ...options } };
  return promise;
}

async function startAsync(options: InitOptions): Promise<void> {
  const features = checkedFeatures(options);
  const wasm = await options.wasm;
  if (wasm === undefined) {
    const plan = planFor(host(), options, features);
    startWith(plan, await host().load(plan.variant), options);
  } else if (isAddress(wasm) && String(wasm).endsWith("/")) {
    const plan = planFor({ ...host(), builds: undefined }, options, features);
    startWith(plan, await fetchModule(`${String(wasm)}${plan.variant}.wasm`), options);
  } else {
    const module = await (isAddress(wasm) ? fetchModule(wasm) : compile(wasm, "what wasm gives"));
    startWith(planGiven(host(), options, features, module), module, options);
  }
}

async function fetchModule(address: string | URL): Promise<WebAssembly.Module> {
  return compile(await host().open(address), String(address));
}

function startWith(plan: Plan, module: WebAssembly.Module, options: InitOptions): void {
  if (current) throw new BackendError("init(): lanegrad started by itself meanwhile; await init() before the first tensor");
  current = start(plan, module, options);
}

function host(): Host {
  if (!theHost) throw new BackendError('lanegrad has no entry: import "lanegrad" (or "lanegrad/inline") once in the program');
  return theHost;
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
  const { memory, maximum } = createMemory(isShared(plan.variant), options.maximumMemory);
  const exports = instantiate(plan.variant, module, memory);
  const variant = runningVariant(plan, exports.isRelaxed() === 1, options);
  exports.tall_tiles(plan.features.tallTiles ? 1 : 0);
  const pool =
    plan.threads > 1
      ? new Pool({
          host: host(),
          exports,
          start: { variant, module, memory },
          threads: plan.threads,
          canBlock: plan.features.canBlock,
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
