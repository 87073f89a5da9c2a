// How a run is timed: warm-up, then samples by benchmark.js. bench/torch/sampler.py does the same for PyTorch.
import library from "benchmark";
// @ts-expect-error it comes with benchmark.js, without types
import lodash from "lodash";
import { macrotask } from "../src/data/macrotask.js";
import type { Side } from "./row.js";

/** What is made again with other globals. */
interface Contextual<T> {
  runInContext: (context: object) => T;
}

// A turn of the event loop between samples, as in a program that reads batches, but no rest, which a timer would be.
const timers = (lodash as Contextual<object>).runInContext({ setTimeout: (then: () => void) => void macrotask().then(then) });
// By itself benchmark.js finds lodash in Node only.
const Benchmark = (library as unknown as Contextual<typeof library>).runInContext({ _: timers });
// It would compile the source of what it is given anew for each sample, where the names in it mean nothing.
(Benchmark.support as { decompilation: boolean }).decompilation = false;

export interface Effort {
  /** Seconds of sampling. */
  seconds: number;
  minSamples: number;
}

/** A sample is as many runs as take this long, so that the clock's grain does not show. */
const SAMPLE_SECONDS = 2e-3;
const WARM_UP_SECONDS = 0.3;
/**
 * Runs below this long are mostly JavaScript, which engines compile in steps, and anew where a first guess was wrong: a
 * training step of 0.07 ms takes 0.1 to 0.5 for the first half second. In quick runs too.
 */
const BRIEF_SECONDS = 1e-3;
const BRIEF_WARM_UP_SECONDS = 1;

/** Seconds of `count` runs. */
async function timed(run: Side["run"], count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - start) / 1000;
}

/** Runs until the engine has optimised it; gives how many runs make a sample. */
export async function warmUp(run: Side["run"], { seconds }: Effort): Promise<number> {
  let [count, spent] = [1, 0];
  for (;;) {
    const once = await timed(run, count);
    spent += once;
    if (once < SAMPLE_SECONDS) count = Math.min(1 << 20, Math.ceil(count * Math.min(8, 1.2 * (SAMPLE_SECONDS / Math.max(once, 1e-5)))));
    else if (spent >= (once / count < BRIEF_SECONDS ? BRIEF_WARM_UP_SECONDS : Math.min(WARM_UP_SECONDS, seconds))) return count;
    await macrotask();
  }
}

/** Runs that take longer feel nothing of what happens between samples. */
const LONG_SECONDS = 0.02;

/*
 * What benchmark.js does between two samples takes one to two milliseconds, in which the caches serve others: the next
 * five runs of 16 MB take up to 1.6 times as long. So runs that are not counted go before each sample, as PyTorch's
 * samples, too, follow one another at once.
 */
function resuming(run: Side["run"]): () => void {
  let spent = 0;
  return () => {
    if (spent > 1000 * LONG_SECONDS) return;
    const start = performance.now();
    do {
      void run();
      spent = performance.now() - start;
    } while (spent < 1000 * SAMPLE_SECONDS);
  };
}

/** Seconds of one run, one number per sample of `count` runs or more. */
export async function sample(run: Side["run"], count: number, { seconds, minSamples }: Effort): Promise<number[]> {
  const pending = run();
  const waits = pending instanceof Promise;
  await pending;
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark({
      async: true, // a turn between samples
      delay: 0,
      defer: waits,
      setup: waits ? undefined : resuming(run),
      fn: waits
        ? (deferred: { resolve: () => void }) => void (run() as Promise<unknown>).then(() => deferred.resolve(), reject)
        : () => void run(),
      initCount: count,
      minTime: SAMPLE_SECONDS,
      maxTime: seconds,
      minSamples,
      onComplete: () => resolve(benchmark.stats.sample),
      onError: () => reject(benchmark.error),
    });
    benchmark.run();
  });
}
