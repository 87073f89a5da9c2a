// One thread of bench/limit.ts: runs a module in windows that all threads begin together, and posts the units it did per second in each.
import { parentPort, workerData } from "node:worker_threads";

const { bytes, size, threads, windows, windowSeconds, barrier } = workerData;
const state = new Int32Array(barrier);
const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;

/** Runs for a while; gives the units per second, `run(amount)` being `units` of them. */
function rate(amount, seconds) {
  const start = performance.now();
  let runs = 0;
  let now = start;
  while (now < start + seconds * 1000) {
    run(amount);
    runs++;
    now = performance.now();
  }
  return (runs * amount) / ((now - start) / 1000);
}

/** Waits until all threads are here. */
function meet(round) {
  if (Atomics.add(state, 0, 1) + 1 === threads * round) Atomics.notify(state, 0);
  for (let here = Atomics.load(state, 0); here < threads * round; here = Atomics.load(state, 0)) Atomics.wait(state, 0, here, 100);
}

// Long enough for the engine to compile the loop with its optimiser, on a busy machine too.
rate(size, 0.3);
const rates = [];
for (let i = 1; i <= windows; i++) {
  meet(i);
  rates.push(rate(size, windowSeconds));
}
parentPort.postMessage(rates);
