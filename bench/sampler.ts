// How a run is timed: warm-up, then samples by benchmark.js. bench/torch/sampler.py does the same for PyTorch.
import library from "benchmark";
// @ts-expect-error it comes with benchmark.js, without types
import lodash from "lodash";
import type { Side } from "./row.js";

// By itself it finds lodash in Node only.
const Benchmark = (library as unknown as { runInContext: (context: object) => typeof library }).runInContext({ _: lodash as unknown });

export interface Effort {
  /** Seconds of sampling. */
  seconds: number;
  minSamples: number;
}

/** A sample is as many runs as take this long, so that the clock's grain does not show. */
const SAMPLE_SECONDS = 2e-3;
const WARM_UP_SECONDS = 0.3;
/** Runs below this long are mostly JavaScript, which engines compile in steps: these warm up in full in quick runs too. */
const BRIEF_SECONDS = 1e-3;

/** Seconds of `count` runs. */
async function timed(run: Side["run"], count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  return (performance.now() - start) / 1000;
}

/** The event loop turns, as in a program that reads batches: finalisers and timers get their chance. */
const turn = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 0));

/** Runs until the engine has optimised it; gives how many runs make a sample. */
export async function warmUp(run: Side["run"], { seconds }: Effort): Promise<number> {
  let [count, spent] = [1, 0];
  for (;;) {
    const once = await timed(run, count);
    spent += once;
    if (once < SAMPLE_SECONDS) count = Math.min(1 << 20, Math.ceil(count * Math.min(8, 1.2 * (SAMPLE_SECONDS / Math.max(once, 1e-5)))));
    else if (spent >= (once / count < BRIEF_SECONDS ? WARM_UP_SECONDS : Math.min(WARM_UP_SECONDS, seconds))) return count;
    await turn();
  }
}

/** Seconds of one run, one number per sample of `count` runs or more. */
export async function sample(run: Side["run"], count: number, { seconds, minSamples }: Effort): Promise<number[]> {
  const pending = run();
  const waits = pending instanceof Promise;
  await pending;
  return new Promise((resolve, reject) => {
    const benchmark = new Benchmark({
      async: true, // the event loop turns between samples
      delay: 0, // but does not rest: PyTorch's samples follow one another too
      setup: waits ? undefined : () => void run(), // the timer's millisecond is enough to lose what was in the caches
      defer: waits,
      // With braces: where there is a set-up, benchmark.js takes a function that has none for an empty one.
      fn: waits
        ? (deferred: { resolve: () => void }) => void (run() as Promise<unknown>).then(() => deferred.resolve(), reject)
        : function () {
            void run();
          },
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
