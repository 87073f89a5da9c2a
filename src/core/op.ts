import { ArgumentError, AutogradError, ShapeError } from "../runtime/errors.js";
import { grad } from "./engine.js";
import { anomalyStack } from "./anomaly.js";
import { type Edge, GraphNode } from "./graph.js";
import { enableGrad, isGradEnabled, withGrad } from "./grad-mode.js";
import { sameShape, show } from "./shape.js";
import type { Ctx, Need, Op, OpSpec } from "./spec.js";
import { type Storage, collecting, creationMark, freeSince, onRecord } from "./storage.js";
import { Tensor, needsGraph } from "./tensor.js";

/** Every declared op, by name. The generic tests, the goldens and the docs read it. */
export const opTable = new Map<string, Op<(...params: never[]) => unknown>>();

/** Declares a primitive or fused op and returns it as a function. */
export function op<P extends unknown[], A, R>(decl: Omit<OpSpec<P, A, R>, "kind">): Op<(...params: P) => R> {
  const spec = { ...decl, kind: decl.define ? "fused" : "primitive" } as OpSpec<P, A, R>;
  const { prepare } = spec;
  const call = (...params: P): R => {
    try {
      if (!prepare) return dispatch(spec, params as unknown as Tensor[], undefined as A);
      const { inputs, args } = prepare(...params);
      return dispatch(spec, inputs, args);
    } catch (error) {
      throw explained(spec as unknown as OpSpec, params, error);
    }
  };
  return register(spec.name, Object.assign(call, { spec: spec as unknown as OpSpec }));
}

/** Declares an op written in other ops. Its gradient is theirs; what it makes on the way is freed at once. */
export function composite<P extends unknown[], R>(
  meta: Omit<OpSpec, "kind" | "run" | "prepare">,
  fn: (...params: P) => R,
): Op<(...params: P) => R> {
  const call = (...params: P): R => {
    try {
      return temporary(() => fn(...params));
    } catch (error) {
      throw explained(spec, params, error);
    }
  };
  const spec = { ...meta, kind: "composite", run: () => undefined } as OpSpec;
  return register(spec.name, Object.assign(call, { spec }));
}

/** What a program without type checks passes in the place of a tensor comes to light as some TypeError. */
function explained({ name, samples, listInput }: OpSpec, params: readonly unknown[], error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const most = Math.max(...samples.map((sample) => ("inputs" in sample ? sample.inputs : sample).length));
  const tensors = listInput && Array.isArray(params[0]) ? (params[0] as unknown[]) : params.slice(0, most);
  const at = tensors.findIndex((x) => !(x instanceof Tensor));
  if (at < 0 && params.length > 0) return error;
  const got =
    at < 0
      ? "nothing"
      : typeof tensors[at] === "number"
        ? `the number ${tensors[at]}`
        : Array.isArray(tensors[at])
          ? "an array"
          : typeof tensors[at];
  return new ArgumentError(`${name}(): expected a tensor as argument ${Math.max(0, at)}, got ${got}; make one with tensor(…)`, {
    cause: error,
  });
}

function register<F extends (...params: never[]) => unknown>(name: string, fn: Op<F>): Op<F> {
  if (opTable.has(name)) throw new Error(`op ${name} is declared twice`);
  opTable.set(name, fn);
  return fn;
}

/** Runs `fn`; frees the tensors it made that neither its result nor a graph needs. */
export function temporary<R>(fn: () => R): R {
  return freeing(fn, "it was internal to an op");
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
    const kept = storagesOf(result);
    for (const storage of made) if (!kept.has(storage) && storage.saved === 0 && !storage.pinned && !storage.outlives) storage.free(why);
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
  for (let i = 0; i < inputs.length; i++) inputs[i]!.storage.check(spec.name);
  const mark = temporaries.length;
  const born = creationMark();
  try {
    return withoutGrad(() => spec.run(inputs, args, aux, out));
  } catch (error) {
    freeSince(born);
    throw error;
  } finally {
    while (temporaries.length > mark) temporaries.pop()!.storage.free("it was internal to an op");
  }
}

function withoutGrad<R>(fn: () => R): R {
  return isGradEnabled() ? withGrad(false, fn) : fn();
}

function dispatch<P extends unknown[], A, R>(spec: OpSpec<P, A, R>, inputs: readonly Tensor[], args: A): R {
  const differentiable = spec.vjp ?? spec.vjpAll ?? spec.define;
  const recording = differentiable !== undefined && needsGraph(inputs);
  if (recording) onRecord();
  const aux: Tensor[] = [];
  const result = execute(spec, inputs, args, aux);
  const outputs = (Array.isArray(result) ? result : [result]) as Tensor[];
  if (spec.view) trackView(outputs[0]!, inputs[0]!);
  if (recording) {
    const node = record(spec, inputs, args);
    finishRecord(node, spec, outputs, aux);
  } else for (const { storage } of aux) if (!outputs.some((out) => out.storage === storage)) storage.free("it was internal to an op");
  return result;
}

function trackView(out: Tensor, of: Tensor): void {
  const base = baseOf(of);
  out.viewOf = { base, history: base.history };
}

/** Whose memory and history a view shares. A view that became a leaf of its own stands for itself. */
function baseOf(x: Tensor): Tensor {
  return x.viewOf && !(x.requiresGrad && x.isLeaf) ? x.viewOf.base : x;
}

/** Slots of saved tensors: inputs from 0, outputs from 100, aux from 200. */
const OUT = 100;
const AUX = 200;

/** Where the gradient of `tensor` goes. */
export function edgeOf(tensor: Tensor): Edge {
  if (!tensor.requiresGrad) return null;
  const node = tensor.gradFn;
  return node ? { node, index: tensor.outputIndex } : { leaf: tensor };
}

function neededSlots(spec: OpSpec, edges: readonly Edge[]): Set<Need> {
  const slots = new Set<Need>();
  // `define` may be asked to run again, on all inputs.
  if (spec.define) edges.forEach((_, i) => slots.add(i));
  spec.vjpAll?.needs.forEach((need) => slots.add(need));
  spec.vjp?.forEach((vjp, i) => {
    if (edges[i]) vjp?.needs?.forEach((need) => slots.add(need));
  });
  return slots;
}

/** A node for the call, with its inputs saved as they are now, or what is held of those that changed since. */
function record<P extends unknown[], A, R>(spec: OpSpec<P, A, R>, inputs: readonly Tensor[], args: A, held = inputs): GraphNode {
  const erased = spec as unknown as OpSpec;
  const edges = inputs.map(edgeOf);
  const word = spec.name.replace(/^_|_$/g, ""); // of inner and in-place ops
  const name = `${word.charAt(0).toUpperCase()}${word.slice(1)}Backward`;
  const shapes = inputs.map((x) => x.shape);
  const dtypes = inputs.map((x) => x.dtype);
  const node = new GraphNode(name, edges, (grads, self, createGraph, wants) => {
    const ctx: Ctx = {
      args,
      shapes,
      dtypes,
      wants,
      grads,
      input: (i) => self.saved(i),
      output: (i = 0) => self.saved(OUT + i),
      aux: (i) => self.saved(AUX + i),
    };
    return differentiate(erased, ctx, createGraph);
  });
  node.stack = anomalyStack();
  neededSlots(erased, edges).forEach((need) => {
    if (need !== "out") node.save(need, held[need]!, `input ${need} of ${spec.name}()`);
  });
  return node;
}

function finishRecord<P extends unknown[], A, R>(
  node: GraphNode,
  spec: OpSpec<P, A, R>,
  outputs: readonly Tensor[],
  aux: readonly Tensor[],
): void {
  const wantsOut = neededSlots(spec as unknown as OpSpec, node.edges).has("out");
  outputs.forEach((out, i) => {
    node.outputs[i] = { shape: out.shape, dtype: out.dtype };
    if (out.dtype !== "float32" && out.dtype !== "float64") return;
    out.setHistory(node, i);
    if (wantsOut) node.save(OUT + i, out, `the result of ${spec.name}()`);
    if (!spec.view) {
      out.storage.fromGraph = true;
      node.produces(out.storage);
    }
  });
  aux.forEach((tensor, i) => {
    node.save(AUX + i, tensor, `a part of ${spec.name}()`);
    tensor.storage.fromGraph = true;
  });
}

function differentiate(spec: OpSpec, ctx: Ctx, createGraph: boolean): (Tensor | null)[] {
  const { define, vjp, vjpAll } = spec;
  if (define && (createGraph || (!vjp && !vjpAll))) return throughDefinition(define, ctx, createGraph);
  if (vjpAll) return vjpAll.run(ctx);
  const g = ctx.grads[0];
  if (!g) return ctx.shapes.map(() => null);
  return ctx.shapes.map((_, i) => (ctx.wants[i] ? (vjp?.[i]?.(g, ctx) ?? null) : null));
}

/** The gradient of a fused op as that of what it means. */
function throughDefinition(
  define: (inputs: readonly Tensor[], args: unknown) => Tensor,
  ctx: Ctx,
  createGraph: boolean,
): (Tensor | null)[] {
  return temporary(() =>
    enableGrad(() => {
      // Aliases, so that the inner gradient stops at this op's inputs; with createGraph they stay tied to the graph.
      const inputs = ctx.shapes.map((_, i) => {
        const alias = createGraph ? aliasOf(ctx.input(i)) : detached(ctx.input(i));
        if (ctx.wants[i] && !alias.requiresGrad) alias.requiresGrad = true;
        return alias;
      });
      const wanted = inputs.filter((_, i) => ctx.wants[i]);
      const result = define(inputs, ctx.args);
      if (!result.requiresGrad) return ctx.wants.map(() => null); // it only compares what wants a gradient
      const grads = grad([result], wanted, { gradOutputs: [ctx.grads[0]!], createGraph, allowUnused: true });
      let next = 0;
      return ctx.wants.map((want) => (want ? grads[next++]! : null));
    }),
  );
}

function detached(x: Tensor): Tensor {
  return new Tensor(x.storage, x.shape, x.strides, x.offset, x.dtype);
}

const aliasSpec: OpSpec<[Tensor], undefined, Tensor> = {
  name: "alias",
  torch: "x",
  samples: [],
  kind: "primitive",
  view: true,
  run: ([x]) => detached(x!),
  vjp: [(g) => g],
};

/** The same tensor under another identity in the graph. */
function aliasOf(x: Tensor): Tensor {
  return dispatch(aliasSpec, [x], undefined);
}

/** How an in-place change of a view reaches the history of its base. Set by `inplace.ts`. */
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
    const { inputs, args } = spec.prepare ? spec.prepare(...params) : { inputs: params as Tensor[], args: undefined };
    return changeInPlace(spec, params[0] as Tensor, inputs, args);
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
  // Where a formula reads what is about to be overwritten, it gets a copy, as in PyTorch.
  const slots = recording ? neededSlots(spec, inputs.map(edgeOf)) : null;
  const held = inputs.map((input, i) => (slots?.has(i) && input.storage === x.storage ? copyOf(input) : input));
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
    result.storage.free("it was internal to an op");
  }
  const node = recording ? record(spec, inputs, args, held) : null;
  x.storage.version++;
  if (node) {
    finishRecord(node, { ...spec, view: false }, [x], aux);
    if (moveBase) moveBase(node);
    else x.history++;
  } else aux.forEach((tensor) => tensor.storage.free("it was internal to an op"));
  return x;
}

function copyOf(x: Tensor): Tensor {
  const copy = Tensor.empty(x.shape, x.dtype, "clone");
  copy.storage.fromGraph = true;
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
