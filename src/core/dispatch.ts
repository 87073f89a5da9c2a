import { ArgumentError } from "../runtime/errors.js";
import { observer } from "../runtime/observer.js";
import { INTERNAL, Storage, collecting, creationMark, freeSince, onRecord } from "./storage.js";
import { isGradEnabled, setGradEnabled } from "./grad-mode.js";
import { finishRecord, record } from "./record.js";
import type { OpSpec } from "./spec.js";
import { Tensor, baseOf, needsGraph } from "./tensor.js";

/** Runs `fn`; frees the tensors it made that neither its result nor a graph needs. */
export function temporary<R>(fn: () => R): R {
  return freeing(fn, INTERNAL);
}

/**
 * Runs `fn` and frees at once what it made, but for the tensors it returns (alone, or in arrays and plain
 * objects), those that a graph needs, and parameters, gradients and the memory of optimisers. Never needed:
 * idle memory is taken back anyway. It makes long synchronous arithmetic on large tensors faster.
 *
 * @example const rms = scope(() => x.mul(x).mean().sqrt());
 */
export function scope<R>(fn: () => R): R {
  return freeing(fn, "it was made in a scope() that did not return it; return it, or make it outside");
}

function freeing<R>(fn: () => R, why: string): R {
  return collecting(fn, (result, made) => {
    if (made.length === 0) return;
    const only = result instanceof Tensor ? result.storage : null;
    const kept = only ? null : storagesOf(result);
    for (let i = 0; i < made.length; i++) {
      const storage = made[i]!;
      if (storage === only || kept?.has(storage)) continue;
      if (storage.saved === 0 && !storage.pinned && !storage.outlives) storage.free(why);
      else if (why === INTERNAL) storage.internal = true; // only a graph holds it now
    }
  });
}

/** The storages of the tensors in a result: a tensor, or arrays and objects of them. */
export function storagesOf(value: unknown, into = new Set<Storage>()): Set<Storage> {
  if (value instanceof Tensor) into.add(value.storage);
  else if (Array.isArray(value)) value.forEach((item) => storagesOf(item, into));
  else if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    Object.values(value).forEach((item) => storagesOf(item, into));
  }
  return into;
}

/** Two copies of the library have two memories: an address in one would be read in the other. */
function foreign(name: string): ArgumentError {
  return new ArgumentError(
    `${name.replace(/^_/, "")}(): this tensor belongs to another copy of lanegrad in the program. Let there be one: look for two versions ` +
      `(npm ls lanegrad), or for files of it that were imported by path beside the package`,
  );
}

const temporaries: Tensor[] = [];

/** Inside `run`: frees `tensor` when the op is done. */
export function discard(tensor: Tensor): Tensor {
  temporaries.push(tensor);
  return tensor;
}

/** Runs an op's kernel part: no recording, temporaries freed, and nothing left behind if it throws. */
export function execute<P extends unknown[], A, R>(
  spec: OpSpec<P, A, R>,
  inputs: readonly Tensor[],
  args: A,
  aux: Tensor[],
  out?: Tensor,
): R {
  for (let i = 0; i < inputs.length; i++) {
    const { storage } = inputs[i]!;
    storage.check(spec.name);
    if (!(storage instanceof Storage)) throw foreign(spec.name);
  }
  const mark = temporaries.length;
  const born = creationMark();
  const recording = isGradEnabled();
  if (recording) setGradEnabled(false);
  try {
    return spec.run(inputs, args, aux, out);
  } catch (error) {
    freeSince(born);
    throw error;
  } finally {
    if (recording) setGradEnabled(true);
    while (temporaries.length > mark) temporaries.pop()!.storage.free(INTERNAL);
  }
}

/** Lists for `aux` that came back empty. */
const spares: Tensor[][] = [];

/** A call of an op whose front desk has been passed: computes, and records what backward needs. */
export function dispatch<P extends unknown[], A, R>(spec: OpSpec<P, A, R>, inputs: readonly Tensor[], args: A): R {
  return observer === null ? perform(spec, inputs, args) : observer.op(spec.name, perform<P, A, R>, spec, inputs, args);
}

function perform<P extends unknown[], A, R>(spec: OpSpec<P, A, R>, inputs: readonly Tensor[], args: A): R {
  const recording = (spec.vjp ?? spec.vjpAll ?? spec.define) !== undefined && needsGraph(inputs);
  if (recording) onRecord();
  const aux = spares.pop() ?? [];
  const mark = creationMark();
  const result = execute(spec, inputs, args, aux);
  if (spec.view) trackView((Array.isArray(result) ? result[0] : result) as Tensor, inputs[0]!);
  if (recording) finishRecord(record(spec, inputs, args), spec, result as Tensor | Tensor[], aux, mark);
  else if (aux.length > 0) dropAux(aux, result);
  aux.length = 0;
  spares.push(aux);
  return result;
}

function dropAux(aux: Tensor[], result: unknown): void {
  const kept = storagesOf(result);
  for (const { storage } of aux) if (!kept.has(storage)) storage.free(INTERNAL);
}

function trackView(out: Tensor, of: Tensor): void {
  const base = baseOf(of);
  out.viewOf = { base, history: base.history };
}
