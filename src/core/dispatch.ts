import { ArgumentError } from "../runtime/errors.js";
import { observer } from "../runtime/observer.js";
import { isGradEnabled, setGradEnabled } from "./grad-mode.js";
import { finishRecord, record } from "./record.js";
import { storagesOf } from "./scope.js";
import type { OpSpec } from "./spec.js";
import { INTERNAL, Storage, creationMark, freeSince, onRecord } from "./storage.js";
import { type Tensor, baseOf, needsGraph } from "./tensor.js";

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
