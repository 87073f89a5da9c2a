import { ArgumentError, AutogradError, ShapeError } from "../runtime/errors.js";
import { observed } from "../runtime/observer.js";
import { anomalyStack } from "./anomaly.js";
import { isFloat } from "./dtype.js";
import { GraphNode } from "./graph.js";
import { withGrad } from "./grad-mode.js";
import { edgeOf } from "./op.js";
import { sameShape, show } from "./shape.js";
import { onRecord } from "./storage.js";
import { Tensor, needsGraph } from "./tensor.js";

/** What `forward` leaves for `backward`. Any other property may be set on it too. */
export class FunctionCtx {
  [key: string]: unknown;
  /** Which arguments of `apply` want a gradient. */
  needsInputGrad: boolean[] = [];
  #saved: Tensor[] = [];
  #read: (() => Tensor[]) | null = null;
  #plain = new Set<Tensor>();

  /** Holds tensors for `savedTensors`; an in-place change of one before backward is an error. */
  saveForBackward(...tensors: Tensor[]): void {
    this.#saved = tensors;
  }

  /** What `saveForBackward` was given. */
  get savedTensors(): Tensor[] {
    return this.#read ? this.#read() : this.#saved;
  }

  /** These outputs get no gradient. */
  markNonDifferentiable(...outputs: Tensor[]): void {
    outputs.forEach((out) => this.#plain.add(out));
  }

  /** For `apply`: the saved tensors come from the graph from here on. */
  static seal(ctx: FunctionCtx, read: () => Tensor[]): { saved: Tensor[]; plain: Set<Tensor> } {
    ctx.#read = read;
    return { saved: ctx.#saved, plain: ctx.#plain };
  }
}

interface FunctionClass<P extends unknown[], R extends Tensor | Tensor[]> {
  readonly name: string;
  forward(ctx: FunctionCtx, ...args: P): R;
  backward(ctx: FunctionCtx, ...grads: (Tensor | null)[]): Tensor | null | (Tensor | null)[];
}

/**
 * A differentiable function with its own gradient, as `torch.autograd.Function`: extend it with static
 * `forward(ctx, ...args)` and `backward(ctx, ...grads)`, then call `YourFunction.apply(...args)`.
 *
 * `forward` runs unrecorded. `backward` gets d(loss)/d(output) for each output (null if none came) and returns
 * one gradient per argument of `apply`, null for what is no tensor. If it is written in tensor ops, it can be
 * differentiated again.
 */
export abstract class Function {
  static apply<P extends unknown[], R extends Tensor | Tensor[]>(this: FunctionClass<P, R>, ...args: P): R {
    const ctx = new FunctionCtx();
    const tensors = args.filter((arg): arg is P[number] & Tensor => arg instanceof Tensor);
    tensors.forEach((x) => x.storage.check());
    const recording = needsGraph(tensors);
    if (recording) onRecord();
    ctx.needsInputGrad = args.map((arg) => recording && arg instanceof Tensor && arg.requiresGrad);
    const result = observed(this.name, () => withGrad(false, () => this.forward(ctx, ...args)));
    if (!recording) return result;

    const edges = args.map((arg) => (arg instanceof Tensor ? edgeOf(arg) : null));
    const node = new GraphNode(`${this.name}Backward`, edges, (grads) => gradientsOf(this, ctx, grads, args));
    node.userCode = true;
    node.stack = anomalyStack();
    let count = 0;
    const { saved, plain } = FunctionCtx.seal(ctx, () => Array.from({ length: count }, (_, slot) => node.saved(slot)));
    // An input handed through gets an identity of its own, so that its history stays what it was.
    const results: Tensor[] = Array.isArray(result) ? result : [result];
    const outputs = results.map((out) =>
      tensors.includes(out) ? new Tensor(out.storage, out.shape, out.strides, out.offset, out.dtype) : out,
    );
    outputs.forEach((out, i) => {
      node.outputs[i] = { shape: out.shape, dtype: out.dtype };
      if (isFloat(out.dtype) && !plain.has(out)) out.setHistory(node, i);
    });
    saved.forEach((x, slot) => node.save(slot, outputs[results.indexOf(x)] ?? x));
    count = saved.length;
    return (Array.isArray(result) ? outputs : outputs[0]) as R;
  }
}

function gradientsOf<P extends unknown[], R extends Tensor | Tensor[]>(
  fn: FunctionClass<P, R>,
  ctx: FunctionCtx,
  grads: (Tensor | null)[],
  args: P,
): (Tensor | null)[] {
  const result = fn.backward(ctx, ...grads);
  const list = Array.isArray(result) ? result : [result];
  if (list.length !== args.length)
    throw new AutogradError(
      `${fn.name}.backward(): returned ${list.length} gradient(s) for ${args.length} argument(s) of apply(); return null for those without one`,
    );
  list.forEach((g, i) => {
    const x = args[i];
    if (g === null || g === undefined || !(x instanceof Tensor)) return;
    if (!(g instanceof Tensor)) throw new ArgumentError(`${fn.name}.backward(): gradient ${i} is no tensor but ${typeof g}`);
    if (!sameShape(g.shape, x.shape))
      throw new ShapeError(`${fn.name}.backward(): gradient ${i} has shape ${show(g.shape)}, its input ${show(x.shape)}`);
  });
  return list.map((g) => g ?? null);
}
