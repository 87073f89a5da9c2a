import { ArgumentError, AutogradError, ShapeError } from "../runtime/errors.js";
import { observer } from "../runtime/observer.js";
import { execute } from "./dispatch.js";
import { explained } from "./explain.js";
import type { GraphNode } from "./graph.js";
import { isGradEnabled } from "./grad-mode.js";
import { eachNeed, edgeOf, finishRecord, record } from "./record.js";
import { sameShape, show } from "./shape.js";
import type { Op, OpSpec } from "./spec.js";
import { INTERNAL, creationMark, freeSince, onRecord } from "./storage.js";
import { Tensor, baseOf, needsGraph } from "./tensor.js";

/** How an in-place change of a view reaches the history of its base. Set by `ops/autograd.ts`. */
export interface Rebase {
  /** Checks before anything is changed; what it returns is given the change, as seen by the view. */
  (view: Tensor): (inner: GraphNode) => void;
}
let rebase: Rebase = () => () => undefined;
export function setRebase(fn: Rebase): void {
  rebase = fn;
}

/** Copies `from` into `to`, element by element, whatever their strides. Set by the copy op. */
let copyInto: (to: Tensor, from: Tensor) => void = () => undefined;
export function setCopyInto(fn: (to: Tensor, from: Tensor) => void): void {
  copyInto = fn;
}

/**
 * The in-place form of an op: the result goes into the first input, whose version moves on.
 *
 * @throws AutogradError on a leaf that requires grad, outside of noGrad
 */
export function inPlace<F extends (x: Tensor, ...rest: never[]) => Tensor>(of: Op<F>): F {
  const spec = { ...of.spec, name: `${of.spec.name}_` };
  const call = (...params: unknown[]): Tensor => {
    try {
      const { inputs, args } = spec.prepare ? spec.prepare(...params) : { inputs: params as Tensor[], args: undefined };
      const x = params[0] as Tensor;
      if (observer === null) return changeInPlace(spec, x, inputs, args);
      return observer.op(spec.name, changeInPlace, spec, x, inputs, args);
    } catch (error) {
      throw explained(spec, params, error);
    }
  };
  return call as unknown as F;
}

/** Applies a declared op to `x` in place. `inputs` may hold a promoted copy of `x`. */
function changeInPlace(spec: OpSpec, x: Tensor, inputs: readonly Tensor[], args: unknown): Tensor {
  x.storage.check(spec.name);
  checkInPlace(spec.name, x);
  const recording = needsGraph([x, ...inputs]);
  if (recording) onRecord();
  const moveBase = recording && x.viewOf ? rebase(x) : null;
  const mark = creationMark();
  const held = recording ? heldBefore(spec, x, inputs) : inputs;
  const aux: Tensor[] = [];
  const direct = spec.acceptsOut === true && x.isContiguous && inputs.every((input) => input === x || input.storage !== x.storage);
  let result: Tensor;
  try {
    result = execute(spec, inputs, args, aux, direct ? x : undefined) as Tensor;
    if (!sameShape(result.shape, x.shape)) {
      throw new ShapeError(`${spec.name}(): the result has shape ${show(result.shape)}, which does not fit into ${show(x.shape)} in place`);
    }
  } catch (error) {
    freeSince(mark);
    throw error;
  }
  if (result !== x) {
    copyInto(x, result);
    result.storage.free(INTERNAL);
  }
  const node = recording ? record(spec, inputs, args, held) : null;
  x.storage.version++;
  if (node) {
    finishRecord(node, { ...spec, view: false }, x, aux, mark);
    if (moveBase) moveBase(node);
    else x.history++;
  } else aux.forEach((tensor) => tensor.storage.free(INTERNAL));
  return x;
}

/** The inputs as backward will want them: where a formula reads what is about to be overwritten, a copy, as in PyTorch. */
function heldBefore(spec: OpSpec, x: Tensor, inputs: readonly Tensor[]): Tensor[] {
  const held = [...inputs];
  eachNeed(spec, inputs.map(edgeOf), (need) => {
    if (need !== "out" && held[need] === inputs[need] && inputs[need]!.storage === x.storage) held[need] = copyOf(inputs[need]!);
  });
  return held;
}

/** The value that `x` has now, with the history that it has now: derivatives of derivatives pass through it. */
function copyOf(x: Tensor): Tensor {
  const copy = Tensor.empty(x.shape, x.dtype, "clone");
  copy.storage.fromGraph = true;
  copy.setHistory(x.gradFn, x.outputIndex);
  copyInto(copy, x);
  return copy;
}

/** @throws AutogradError when autograd forbids to change `x` in place, ArgumentError when its elements share memory */
export function checkInPlace(name: string, x: Tensor): void {
  if (x.strides.some((stride, dim) => stride === 0 && x.shape[dim]! > 1)) {
    throw new ArgumentError(
      `${name}(): an expanded tensor cannot be changed in place: several elements of ${show(x.shape)} share memory; clone() it first`,
    );
  }
  if (!isGradEnabled()) return;
  const base = baseOf(x);
  if (base.requiresGrad && base.isLeaf) {
    throw new AutogradError(
      `${name}(): a leaf that requires grad${base === x ? "" : " (through its view)"} cannot be changed in place: its gradient would be lost; wrap the change in noGrad(() => …)`,
    );
  }
}
