import {
  ARG_COUNT,
  BUSY,
  CHUNKS,
  type Control,
  DONE,
  FAILED,
  GRAIN,
  KERNEL,
  READY,
  SEQ,
  STOP,
  TOTAL,
  boundary,
  controlOf,
  share,
  tagOf,
} from "./control.js";
import { instantiate } from "./glue.js";
import { call, kernelTable } from "./kernels.js";
import { MOST_SPINS, SPINS } from "./tuning.js";
import type { Variant } from "./variant.js";

/** What a worker needs to join the pool. */
export interface WorkerStart {
  variant: Variant;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: SharedArrayBuffer;
  index: number;
}

/** Serves jobs until the pool stops. Never returns to the event loop in between. */
export function serve(start: WorkerStart): void {
  const control = controlOf(start.control);
  const { ints } = control;
  const table = kernelTable(instantiate(start.variant, start.module, start.memory));
  Atomics.add(ints, READY, 1);
  Atomics.notify(ints, READY);
  let seen = 0;
  // Within a training step jobs come one after the other, and to fall asleep in each gap costs more than to wait awake. Where
  // other programs have the cores, waiting awake only takes time from the caller: then no job comes meanwhile, and it gets less.
  let spins = SPINS;
  while (Atomics.load(ints, STOP) === 0) {
    let seq = spun(ints, seen, spins);
    if (seq !== seen) {
      spins = Math.min(2 * spins, MOST_SPINS);
    } else {
      spins = Math.max(spins / 2, SPINS);
      Atomics.wait(ints, SEQ, seen, 1000);
      seq = Atomics.load(ints, SEQ);
    }
    if (seq !== seen) work(control, table, start.index, seq);
    seen = seq;
  }
}

/** The number of the next job, if it comes within so many turns; else `seen`. */
function spun(ints: Int32Array, seen: number, turns: number): number {
  for (let turn = 0; turn < turns; turn++) {
    const seq = Atomics.load(ints, SEQ);
    if (seq !== seen) return seq;
  }
  return seen;
}

function work(control: Control, table: [string, (...args: number[]) => number][], index: number, seq: number): void {
  const { ints } = control;
  const kernel = table[ints[KERNEL]!];
  const args = Array.from(control.args.subarray(0, ints[ARG_COUNT]));
  const total = ints[TOTAL]!;
  const grain = ints[GRAIN]!;
  const chunks = ints[CHUNKS]!;
  // What was read above is this job's only if the job is still on: a claim proves it.
  Atomics.store(ints, BUSY + index, 1);
  const last = share(ints, tagOf(seq), chunks, index + 1, (first, end) => {
    try {
      call(kernel![1], args, boundary(first, chunks, total, grain), boundary(end, chunks, total, grain));
    } catch (error) {
      report(control, index, kernel![0], error);
    }
  });
  if (last) Atomics.notify(ints, DONE);
  Atomics.store(ints, BUSY + index, 0);
}

function report(control: Control, index: number, kernel: string, error: unknown): void {
  const text = new TextEncoder().encode(`${kernel}: ${String(error)}`).subarray(0, control.text.length);
  control.text.fill(0);
  control.text.set(text);
  Atomics.store(control.ints, FAILED, index + 1);
}
