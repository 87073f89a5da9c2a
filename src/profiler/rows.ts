import type { Tally } from "./recorder.js";

/** What one op, module or kernel took. Times in milliseconds. */
export interface ProfileRow {
  readonly name: string;
  readonly calls: number;
  /** With all that ran inside. */
  readonly total: number;
  /** Without the ops (for a module: without the modules) that ran inside. */
  readonly self: number;
  /** `total` by `calls`. */
  readonly mean: number;
  /** `self` as a part of the whole time, from 0 to 1. */
  readonly share: number;
  /** Bytes of tensor memory that were allocated: with all that ran inside. Also what was freed again at once. */
  readonly bytes: number;
  /** The same without the ops (for a module: without the modules) that ran inside. */
  readonly selfBytes: number;
}

/** An op, the gradient of one (`MulBackward`), a step of an optimiser, or what `backward()` does beside. */
export interface OpRow extends ProfileRow {
  /** Of `self`, what kernels took. The rest is what the library costs around them. */
  readonly inKernels: number;
}

/** A module; `total` and `self` are of both directions. */
export interface ModuleRow extends ProfileRow {
  /** Its class. */
  readonly type: string;
  /** Of `total`, what `forward` took. */
  readonly forward: number;
  /** Of `total`, what the gradients of the ops took that `forward` recorded. */
  readonly backward: number;
}

/** A function of the WebAssembly build; it runs nothing else. */
export interface KernelRow extends ProfileRow {
  /** The most threads that a call was shared among. */
  readonly threads: number;
}

export function rowOf(tally: Tally, whole: number): ProfileRow {
  const { name, calls, total, self, bytes, selfBytes } = tally;
  return { name, calls, total, self, mean: calls > 0 ? total / calls : 0, share: whole > 0 ? self / whole : 0, bytes, selfBytes };
}
