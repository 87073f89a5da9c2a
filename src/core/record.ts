import { anomalyStack } from "./anomaly.js";
import { bytesOf, isFloat } from "./dtype.js";
import { grad } from "./engine.js";
import { AUX, type BackwardFn, type Edge, GraphNode, OUT } from "./graph.js";
import { enableGrad } from "./grad-mode.js";
import { temporary } from "./scope.js";
import type { Ctx, OpSpec } from "./spec.js";
import { Tensor } from "./tensor.js";

/** Where the gradient of `tensor` goes. */
export function edgeOf(tensor: Tensor): Edge {
  if (!tensor.requiresGrad) return null;
  const node = tensor.gradFn;
  return node ? { node, index: tensor.outputIndex } : { leaf: tensor };
}

/** The node of a declared op: what its gradient formulas may ask for. */
class OpNode extends GraphNode implements Pick<Ctx, "args" | "shapes" | "dtypes"> {
  readonly shapes: Ctx["shapes"][number][] = [];
  readonly dtypes: Ctx["dtypes"][number][] = [];
  constructor(
    readonly spec: OpSpec,
    readonly args: unknown,
    edges: Edge[],
  ) {
    super(nodeName(spec), edges, backwardOf);
  }
}

const names = new WeakMap<OpSpec, string>();

/** `AddBackward` of add, of the inner `_add` and of the in-place `add_`. */
function nodeName(spec: OpSpec): string {
  let name = names.get(spec);
  if (name === undefined) {
    const word = spec.name.replace(/^_|_$/g, "");
    names.set(spec, (name = `${word.charAt(0).toUpperCase()}${word.slice(1)}Backward`));
  }
  return name;
}

const backwardOf: BackwardFn = (grads, self, createGraph, wants) => {
  const node = self as OpNode;
  const ctx: Ctx = {
    args: node.args,
    shapes: node.shapes,
    dtypes: node.dtypes,
    wants,
    grads,
    input: (i) => node.saved(i),
    output: (i = 0) => node.saved(OUT + i),
    aux: (i) => node.saved(AUX + i),
    isSpare: (g) => !createGraph && g.isContiguous && g.storage.isSpare && g.numel * bytesOf(g.dtype) === g.storage.nbytes,
  };
  return differentiate(node.spec, ctx, createGraph);
};

/** Calls `use` with each input that the gradient formulas of `spec` read, perhaps more than once, and with "out". */
export function eachNeed(spec: OpSpec, edges: readonly Edge[], use: (need: number | "out") => void): void {
  // `define` may be asked to run again, on all inputs.
  if (spec.define) for (let i = 0; i < edges.length; i++) use(i);
  spec.vjpAll?.needs.forEach(use);
  const { vjp } = spec;
  if (!vjp) return;
  for (let i = 0; i < vjp.length; i++) {
    const needs = edges[i] ? vjp[i]?.needs : undefined;
    if (needs) for (let j = 0; j < needs.length; j++) use(needs[j]!);
  }
}

/** A node for the call, with its inputs saved as they are now, or what is held of those that changed since. */
export function record<P extends unknown[], A, R>(spec: OpSpec<P, A, R>, inputs: readonly Tensor[], args: A, held = inputs): GraphNode {
  const edges: Edge[] = [];
  for (let i = 0; i < inputs.length; i++) edges.push(edgeOf(inputs[i]!));
  const node = new OpNode(spec as unknown as OpSpec, args, edges);
  for (let i = 0; i < inputs.length; i++) {
    node.shapes.push(inputs[i]!.shape);
    node.dtypes.push(inputs[i]!.dtype);
  }
  node.stack = anomalyStack();
  eachNeed(node.spec, edges, (need) => {
    if (need !== "out" && !node.isSaved(need)) node.save(need, held[need]!, held[need] !== inputs[need]);
  });
  return node;
}

/** Ties the results to the node. `made`: storages of a higher id are the call's own. */
export function finishRecord<P extends unknown[], A, R>(
  node: GraphNode,
  spec: OpSpec<P, A, R>,
  result: Tensor | readonly Tensor[],
  aux: readonly Tensor[],
  made: number,
): void {
  let wantsOut = false;
  eachNeed(spec as unknown as OpSpec, node.edges, (need) => (wantsOut ||= need === "out"));
  const several = Array.isArray(result);
  const count = several ? result.length : 1;
  for (let i = 0; i < count; i++) {
    const out = several ? (result[i] as Tensor) : (result as Tensor);
    node.outputs[i] = { shape: out.shape, dtype: out.dtype };
    if (!isFloat(out.dtype)) continue;
    out.setHistory(node, i);
    if (wantsOut) node.save(OUT + i, out);
    if (!spec.view) {
      out.storage.fromGraph = true;
      node.produces(out.storage);
    }
  }
  for (let i = 0; i < aux.length; i++) {
    const tensor = aux[i]!;
    const { storage } = tensor;
    const shared = several ? result.some((out: Tensor) => out.storage === storage) : (result as Tensor).storage === storage;
    node.save(AUX + i, tensor, !shared && storage.id > made);
    storage.fromGraph = true;
  }
}

function differentiate(spec: OpSpec, ctx: Ctx, createGraph: boolean): (Tensor | null)[] {
  const { define, vjp, vjpAll } = spec;
  if (define && (createGraph || (!vjp && !vjpAll))) return throughDefinition(define, ctx, createGraph);
  if (vjpAll) return vjpAll.run(ctx);
  const g = ctx.grads[0];
  const results: (Tensor | null)[] = [];
  for (let i = 0; i < ctx.shapes.length; i++) results.push(g && ctx.wants[i] ? (vjp?.[i]?.(g, ctx) ?? null) : null);
  return results;
}

/** The gradient of a fused op as that of what it means. */
function throughDefinition(define: NonNullable<OpSpec["define"]>, ctx: Ctx, createGraph: boolean): (Tensor | null)[] {
  return temporary(() =>
    enableGrad(() => {
      // Aliases, so that the inner gradient stops at this op's inputs; with createGraph they stay tied to the graph.
      const inputs = ctx.shapes.map((_, i) => {
        const alias = createGraph ? aliasOf(ctx.input(i)) : detached(ctx.input(i));
        if (ctx.wants[i] && !alias.requiresGrad) alias.requiresGrad = true;
        return alias;
      });
      const wanted = inputs.filter((_, i) => ctx.wants[i]);
      const results = [define(inputs, ctx.args)].flat();
      // What only compares what wants a gradient has none.
      const reached = results.map((_, i) => i).filter((i) => ctx.grads[i] && results[i]!.requiresGrad);
      if (reached.length === 0) return ctx.wants.map(() => null);
      const gradOutputs = reached.map((i) => ctx.grads[i]!);
      const outputs = reached.map((i) => results[i]!);
      const grads = grad(outputs, wanted, { gradOutputs, createGraph, allowUnused: true });
      let next = 0;
      return ctx.wants.map((want) => (want ? grads[next++]! : null));
    }),
  );
}

function detached(x: Tensor): Tensor {
  return new Tensor(x.storage, x.shape, x.strides, x.offset, x.dtype);
}

/** The same tensor under another identity in the graph. */
function aliasOf(x: Tensor): Tensor {
  const alias = detached(x);
  if (x.requiresGrad) {
    const node = new GraphNode("AliasBackward", [edgeOf(x)], (grads) => grads);
    node.outputs[0] = { shape: x.shape, dtype: x.dtype };
    alias.setHistory(node);
  }
  return alias;
}
