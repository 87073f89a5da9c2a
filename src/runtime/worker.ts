import {
  ARG_COUNT,
  BUSY,
  CHUNK,
  CHUNKS,
  type Control,
  DONE,
  FAILED,
  KERNEL,
  READY,
  SEQ,
  STOP,
  TOTAL,
  claim,
  controlOf,
  finish,
  tagOf,
} from "./control.js";
import { instantiate } from "./glue.js";
import { call, kernelTable } from "./kernels.js";
import { SPINS } from "./tuning.js";
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
  while (Atomics.load(ints, STOP) === 0) {
    const seq = nextJob(ints, seen);
    if (seq !== seen) work(control, table, start.index, seq);
    seen = seq;
  }
}

function nextJob(ints: Int32Array, seen: number): number {
  for (let spin = 0; spin < SPINS; spin++) {
    const seq = Atomics.load(ints, SEQ);
    if (seq !== seen) return seq;
  }
  Atomics.wait(ints, SEQ, seen, 1000);
  return Atomics.load(ints, SEQ);
}

function work(control: Control, table: [string, (...args: number[]) => number][], index: number, seq: number): void {
  const { ints } = control;
  const tag = tagOf(seq);
  const kernel = table[ints[KERNEL]!];
  const args = Array.from(control.args.subarray(0, ints[ARG_COUNT]));
  const total = ints[TOTAL]!;
  const size = ints[CHUNK]!;
  const chunks = ints[CHUNKS]!;
  // What was read above is this job's only if the job is still on: a claim proves it.
  Atomics.store(ints, BUSY + index, 1);
  for (let chunk = claim(ints, tag, chunks); chunk >= 0; chunk = claim(ints, tag, chunks)) {
    try {
      call(kernel![1], args, chunk * size, Math.min(total, (chunk + 1) * size));
    } catch (error) {
      report(control, index, kernel![0], error);
    }
    if (finish(ints, tag, chunk) === chunks) Atomics.notify(ints, DONE);
  }
  Atomics.store(ints, BUSY + index, 0);
}

function report(control: Control, index: number, kernel: string, error: unknown): void {
  const text = new TextEncoder().encode(`${kernel}: ${String(error)}`).subarray(0, control.text.length);
  control.text.fill(0);
  control.text.set(text);
  Atomics.store(control.ints, FAILED, index + 1);
}
