import { ArgumentError, AutogradError, ShapeError } from "../runtime/errors.js";
import { observed } from "../runtime/observer.js";
import { isAnomalyEnabled } from "./anomaly.js";
import { withGrad } from "./grad-mode.js";
import type { Edge, GraphNode, OutputMeta } from "./graph.js";
import { sameShape, show } from "./shape.js";
import { type Storage, collecting, endStep } from "./storage.js";
import { Tensor } from "./tensor.js";

export interface BackwardOptions {
  /** Keep the graph, to go through it again. Default: what `createGraph` says. */
  retainGraph?: boolean;
  /** Record the backward pass itself, for derivatives of derivatives. Default false. */
  createGraph?: boolean;
}

export interface GradOptions extends BackwardOptions {
  /** d(loss)/d(output) for each output; needed for those with more than one element. */
  gradOutputs?: readonly (Tensor | null)[];
  /** Give null for an input that the outputs do not depend on, rather than throw. Default false. */
  allowUnused?: boolean;
}

/** The few ops that the walk itself needs. Set by `ops/`: core does not import it. */
export interface EngineOps {
  onesLike(x: Tensor): Tensor;
  add(x: Tensor, y: Tensor): Tensor;
  /** x += y, unrecorded. */
  accumulate(x: Tensor, y: Tensor): void;
  /** Sums broadcast dims away and casts, to fit the input that a gradient is for. */
  fit(g: Tensor, like: OutputMeta): Tensor;
  clone(x: Tensor): Tensor;
  hasNaN(x: Tensor): boolean;
}
let ops: EngineOps;
export function setEngineOps(set: EngineOps): void {
  ops = set;
}

/**
 * Accumulates d(tensor)/d(leaf) into `grad` of every leaf that requires it, then gives the graph back.
 *
 * @param gradient d(loss)/d(tensor), of the tensor's shape; needed unless it has one element
 * @throws AutogradError without a graph, with a consumed one, or when a saved tensor was changed in place
 */
export function backward(tensor: Tensor, gradient?: Tensor | null, options: BackwardOptions = {}): void {
  const walk = new Walk(options, null);
  observed("backward()", () => walk.from([tensor], [gradient ?? null], "backward"));
}

/**
 * The gradients of the sum of `outputs` with respect to `inputs`, returned rather than accumulated.
 *
 * @throws AutogradError when an output has no graph, or an input is not part of it (unless `allowUnused`)
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const outs = outputs instanceof Tensor ? [outputs] : outputs;
  const ins = inputs instanceof Tensor ? [inputs] : inputs;
  ins.forEach((x, i) => {
    if (!x.requiresGrad)
      throw new AutogradError(`grad(): input ${i} does not require grad; set requiresGrad before the outputs are computed`);
  });
  const walk = new Walk(options, ins);
  observed("grad()", () => walk.from(outs, options.gradOutputs ?? [], "grad"));
  return ins.map((x, i) => {
    const found = walk.captured(x);
    if (!found && !options.allowUnused) {
      throw new AutogradError(
        `grad(): input ${i}, ${show(x.shape)}, is not part of the graph of the outputs; pass { allowUnused: true } to get null for it`,
      );
    }
    return found;
  });
}

function leadsTo(edge: NonNullable<Edge>, targets: ReadonlyMap<GraphNode | Tensor, unknown>, useful: ReadonlySet<GraphNode>): boolean {
  return "leaf" in edge ? targets.has(edge.leaf) : targets.has(edge.node) || useful.has(edge.node);
}

/** Walks inside walks: a fused op's gradient may be that of its definition. Only the outermost ends a step. */
let depth = 0;

/** One pass over the graph, from the outputs back. Iterative: the depth of the graph does not matter. */
class Walk {
  private readonly createGraph: boolean;
  private readonly retainGraph: boolean;
  private readonly pending = new Map<GraphNode, (Tensor | null)[]>();
  private readonly leafGrads = new Map<Tensor, Tensor>();
  private readonly targets: Map<GraphNode | Tensor, (Tensor | null)[]> | null;
  private useful: Set<GraphNode> | null = null;

  constructor(
    options: BackwardOptions,
    private readonly inputs: readonly Tensor[] | null,
  ) {
    this.createGraph = options.createGraph ?? false;
    this.retainGraph = options.retainGraph ?? this.createGraph;
    this.targets = inputs ? new Map(inputs.map((x) => [x.gradFn ?? x, []])) : null;
  }

  from(outputs: readonly Tensor[], gradients: readonly (Tensor | null)[], name: string): void {
    this.start(outputs, gradients, name);
    this.run();
  }

  private start(outputs: readonly Tensor[], gradients: readonly (Tensor | null)[], name: string): void {
    if (gradients.length > outputs.length)
      throw new ArgumentError(`${name}(): ${gradients.length} gradients for ${outputs.length} outputs`);
    const roots = outputs.map((out, i) => {
      if (!out.requiresGrad) {
        throw new AutogradError(
          `${name}(): this tensor of shape ${show(out.shape)} does not require grad and no recorded op made it; set requiresGrad on an input, and do not compute it under noGrad or from detached tensors`,
        );
      }
      if (out.gradFn?.consumed) out.gradFn.run([], false); // says why it cannot
      return this.rootGradient(out, gradients[i] ?? null, name);
    });
    outputs.forEach((out, i) => this.deliver(out.gradFn ? { node: out.gradFn, index: out.outputIndex } : { leaf: out }, roots[i]!));
  }

  private rootGradient(out: Tensor, given: Tensor | null, name: string): Tensor {
    if (given === null) {
      if (out.numel !== 1) {
        throw new AutogradError(
          `${name}(): only a tensor of one element has an implicit gradient, this one has shape ${show(out.shape)}; pass a gradient of that shape, or reduce with sum() or mean()`,
        );
      }
      const ones = withGrad(false, () => ops.onesLike(out));
      ones.storage.engineOwned = true;
      return ones;
    }
    if (!sameShape(given.shape, out.shape))
      throw new ShapeError(`${name}(): the gradient has shape ${show(given.shape)}, the tensor ${show(out.shape)}; they must be the same`);
    given.storage.check();
    return given.dtype === out.dtype ? given : ops.fit(given, out);
  }

  private run(): void {
    depth++;
    const nodes = this.reachable();
    if (this.targets) this.useful = this.findUseful(nodes);
    try {
      for (const node of nodes) {
        const grads = this.pending.get(node);
        if (grads && (!this.useful || this.useful.has(node) || this.targets!.has(node))) this.visit(node, grads);
        this.pending.delete(node);
      }
      withGrad(this.createGraph, () => this.leafGrads.forEach((g, leaf) => this.storeLeaf(leaf, g)));
      if (!this.retainGraph) nodes.forEach((node) => node.release());
    } finally {
      this.abandonPending();
      if (--depth === 0 && !this.retainGraph) endStep();
    }
  }

  captured(x: Tensor): Tensor | null {
    const node = x.gradFn;
    return this.targets!.get(node ?? x)?.[node ? x.outputIndex : 0] ?? null;
  }

  /** The nodes that may get a gradient, each before those it feeds. */
  private reachable(): GraphNode[] {
    const seen = new Set<GraphNode>(this.pending.keys());
    const stack = [...seen];
    for (let node = stack.pop(); node; node = stack.pop()) {
      for (const edge of node.edges) {
        if (edge && "node" in edge && !seen.has(edge.node)) {
          seen.add(edge.node);
          stack.push(edge.node);
        }
      }
    }
    return [...seen].sort((a, b) => b.seq - a.seq);
  }

  /** The nodes from which an input is reached; for `grad()`, nothing else need run. */
  private findUseful(nodes: readonly GraphNode[]): Set<GraphNode> {
    const useful = new Set<GraphNode>();
    for (let i = nodes.length - 1; i >= 0; i--) {
      if (nodes[i]!.edges.some((edge) => edge && leadsTo(edge, this.targets!, useful))) useful.add(nodes[i]!);
    }
    return useful;
  }

  /** Whether a gradient along this edge comes to anything: for `grad()`, only on the way to an input. */
  private isWanted(edge: NonNullable<Edge>): boolean {
    return !this.targets || leadsTo(edge, this.targets, this.useful!);
  }

  private visit(node: GraphNode, grads: (Tensor | null)[]): void {
    const ready = grads.map((g, i) => this.afterHooks(node, i, g));
    const targets = this.targets?.get(node);
    if (targets) {
      ready.forEach((g, i) => {
        if (g) targets[i] = this.expose(g);
      });
    }
    // Without createGraph, what a node makes on the way is freed when the node is done.
    if (!this.useful || this.useful.has(node)) {
      if (node.userCode) grads.forEach((g) => g && this.expose(g));
      if (this.createGraph || node.userCode) this.propagate(node, ready);
      else collecting(() => this.propagate(node, ready), keepIfAwaited);
    }
    grads.forEach((g) => g && this.settle(g));
    if (!this.retainGraph) node.release();
  }

  private propagate(node: GraphNode, grads: (Tensor | null)[]): void {
    const wants = node.edges.map((edge) => edge !== null && this.isWanted(edge));
    const results = withGrad(this.createGraph, () => node.run(grads, this.createGraph, wants));
    node.edges.forEach((edge, i) => {
      const g = results[i];
      if (!edge || !g || !wants[i]) return;
      if (isAnomalyEnabled() && ops.hasNaN(g)) {
        throw new AutogradError(
          `backward(): ${node.name} gave NaN for its input ${i}. The op was called at:\n${node.stack ?? "(turn anomaly detection on before the forward pass to see where)"}`,
        );
      }
      this.deliver(edge, g);
    });
  }

  /** Adds a gradient to what an output of a node, or a leaf, has got so far. */
  private deliver(edge: NonNullable<Edge>, g: Tensor): void {
    if ("leaf" in edge) {
      const { leaf } = edge;
      if (this.targets && !this.targets.has(leaf)) return;
      const fitted = withGrad(this.createGraph, () => ops.fit(g, leaf));
      const before = this.leafGrads.get(leaf);
      this.leafGrads.set(leaf, this.sum(before ?? null, fitted));
      return;
    }
    const { node, index } = edge;
    let grads = this.pending.get(node);
    if (!grads) this.pending.set(node, (grads = node.outputs.map(() => null)));
    const fitted = withGrad(this.createGraph, () => ops.fit(g, node.outputs[index]!));
    grads[index] = this.sum(grads[index] ?? null, fitted);
  }

  private sum(before: Tensor | null, g: Tensor): Tensor {
    if (!before) {
      g.storage.pending++;
      return g;
    }
    const { storage } = before;
    if (!this.createGraph && storage.isSpare && before.isContiguous && storage !== g.storage) {
      ops.accumulate(before, g);
      return before;
    }
    const total = withGrad(this.createGraph, () => ops.add(before, g));
    total.storage.pending++;
    total.storage.engineOwned = !this.createGraph;
    this.settle(before);
    return total;
  }

  /** A gradient has arrived: its memory goes, if it was the engine's and nothing else waits in it. */
  private settle(g: Tensor): void {
    const { storage } = g;
    storage.pending--;
    if (storage.pending === 0 && storage.engineOwned && storage.saved === 0) storage.free(GONE);
  }

  /** The user will see this gradient: the engine no longer decides about its memory. */
  private expose(g: Tensor): Tensor {
    g.storage.engineOwned = false;
    return g;
  }

  private afterHooks(node: GraphNode, index: number, g: Tensor | null): Tensor | null {
    if (!g) return null;
    const hooked = runHooks(node.hooks?.[index], g, (seen) => this.expose(seen));
    const retain = node.retained?.[index];
    if (retain) {
      const before = retain.ownGrad;
      if (before) retain.grad = withGrad(this.createGraph, () => ops.add(before, hooked));
      else retain.grad = this.createGraph ? hooked : ops.clone(hooked);
      retain.grad.storage.outlive();
    }
    return hooked;
  }

  private storeLeaf(leaf: Tensor, raw: Tensor): void {
    const g = runHooks(leaf.hooks, raw, (seen) => this.expose(seen));
    const target = this.targets?.get(leaf);
    if (target) {
      target[0] = this.expose(g);
      g.storage.pending--;
      return;
    }
    if (leaf.ownGrad === null) leaf.ownGrad = this.own(g);
    else if (this.createGraph) leaf.ownGrad = ops.add(leaf.ownGrad, g);
    else {
      ops.accumulate(leaf.ownGrad, g);
      leaf.ownGrad.storage.version++;
    }
    leaf.ownGrad.storage.outlive();
    this.settle(raw);
  }

  /** A gradient as the leaf may keep it: the engine's own, or a copy of a shared one. */
  private own(g: Tensor): Tensor {
    const { storage } = g;
    if (this.createGraph) {
      storage.seen = true; // hooks and graphs may hold it
      return g;
    }
    if (!storage.engineOwned || storage.pending > 1 || !g.isContiguous || g.numel * (g.dtype === "float64" ? 8 : 4) !== storage.nbytes)
      return ops.clone(g);
    return this.expose(g);
  }

  /** After an error: gradients on their way are given back. */
  private abandonPending(): void {
    for (const grads of this.pending.values()) grads.forEach((g) => g && this.settle(g));
    this.pending.clear();
  }
}

const GONE =
  "this gradient of an intermediate was freed when backward() had passed it: use retainGrad() or registerHook() to get at it, and clone() to keep it";

/** Of what a node made on the way: frees what no other node waits for. */
function keepIfAwaited(storage: Storage): void {
  if (storage.pending === 0 && !storage.pinned && storage.saved === 0) storage.free(GONE);
  else storage.engineOwned = true;
}

function runHooks(hooks: readonly ((g: Tensor) => Tensor | void)[] | null | undefined, g: Tensor, expose: (g: Tensor) => void): Tensor {
  let current = g;
  for (const hook of hooks ?? []) {
    expose(current);
    const changed = hook(current);
    if (changed && !sameShape(changed.shape, current.shape)) {
      throw new ShapeError(
        `registerHook(): the hook returned a gradient of shape ${show(changed.shape)} for one of ${show(current.shape)}`,
      );
    }
    if (changed) current = changed;
  }
  return current;
}
