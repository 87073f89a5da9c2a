import { ArgumentError } from "../runtime/errors.js";
import { copyInto, copyStrided, materialize } from "../core/copy.js";
import { setEngineOps } from "../core/engine.js";
import { GraphNode } from "../core/graph.js";
import { op, setRebase } from "../core/op.js";
import { type Shape, sameShape, show } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor, setViewRefresher, viewOf } from "../core/tensor.js";
import { toTypedArray } from "./access.js";
import { add } from "./binary.js";
import { onesLike, zeros } from "./creation.js";
import { detach, to } from "./convert.js";
import { sum } from "./reduce.js";
import { clone, reshape } from "./view.js";

/*
 * What the walk over the graph needs of the ops, and how in-place changes of views reach the history of their base.
 */

setEngineOps({
  onesLike: (x) => onesLike(x),
  add: (x, y) => add(x, y),
  accumulate(x, y) {
    // x was made by the engine or is a leaf's own gradient: same shape and dtype as y.
    const total = add(detach(x), detach(y));
    copyInto(x, total);
    total.dispose();
  },
  fit(g, like) {
    const shaped = sameShape(g.shape, like.shape) ? g : sumTo(g, like.shape);
    return shaped.dtype === like.dtype ? shaped : to(shaped, like.dtype);
  },
  clone: (x) => detach(clone(x)),
  hasNaN: (x) => toTypedArray(x).some(Number.isNaN),
});

/** Sums over what broadcasting repeated, so that a gradient gets the shape of its input. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  const lead = g.ndim - shape.length;
  const dims = [...g.shape.keys()].filter((dim) => dim < lead || (shape[dim - lead] === 1 && g.shape[dim] !== 1));
  return reshape(dims.length > 0 ? sum(g, dims, { keepdim: true }) : g, shape);
}

/** Where a view lies in its base: strides and offset in a contiguous tensor of the base's shape. */
interface Window {
  readonly base: Shape;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

function windowOf(view: Tensor, base: Tensor): Window {
  return { base: base.shape, shape: view.shape, strides: view.strides, offset: view.offset - base.offset };
}

/** The view of `x` through a window. Copies first if `x` is not contiguous. */
const look: Op<(x: Tensor, window: Window) => Tensor> = op({
  name: "_look",
  torch: "x[1:]",
  samples: [{ inputs: [[3, 2]], args: [{ base: [3, 2], shape: [2, 2], strides: [2, 1], offset: 2 }] }],
  prepare: (x: Tensor, window: Window) => ({ inputs: [x], args: window }),
  run([x], window) {
    const whole = materialize(x!);
    return viewOf(whole, window.shape, window.strides, whole.offset + window.offset);
  },
  vjp: [(g, c) => place(zeros(c.args.base, { dtype: g.dtype }), g, c.args)],
});

/** A copy of `x` with `y` in the window. */
const place: Op<(x: Tensor, y: Tensor, window: Window) => Tensor> = op({
  name: "_place",
  torch: "torch.cat([x[:1], y])",
  samples: [{ inputs: [[3, 2], [2, 2]], args: [{ base: [3, 2], shape: [2, 2], strides: [2, 1], offset: 2 }] }],
  prepare: (x: Tensor, y: Tensor, window: Window) => ({ inputs: [x, y], args: window }),
  run([x, y], window) {
    const out = Tensor.empty(x!.shape, x!.dtype, "place");
    copyStrided(out, x!);
    copyStrided(viewOf(out, window.shape, window.strides, window.offset), y!);
    return out;
  },
  vjp: [(g, c) => place(g, zeros(c.args.shape, { dtype: g.dtype }), c.args), (g, c) => look(g, c.args)],
});

// `inner` is the change as seen by the view. Seen by the base, its gradient is the same outside the window.
setRebase((view, inner) => {
  const of = view.viewOf!;
  const { base } = of;
  if (base.gradFn === null && base.requiresGrad) throw new ArgumentError("a view of a leaf that requires grad cannot be changed in place");
  if (view.strides.some((stride, dim) => stride === 0 && view.shape[dim]! > 1)) {
    throw new ArgumentError(`an expanded tensor cannot be changed in place: several elements of ${show(view.shape)} share memory; clone() it first`);
  }
  const window = windowOf(view, base);
  const before = base.gradFn;
  const edges = [before ? { node: before, index: base.outputIndex } : null, ...inner.edges.slice(1)];
  const node = new GraphNode("CopySlicesBackward", edges, ([g], _, createGraph) => {
    const [toView, ...rest] = inner.run([look(g!, window)], createGraph);
    inner.release();
    return [place(g!, toView ?? zeros(window.shape, { dtype: g!.dtype }), window), ...rest];
  });
  node.outputs[0] = { shape: base.shape, dtype: base.dtype };
  base.setHistory(node);
  base.history++;
});

setViewRefresher((view, of) => {
  const { base } = of;
  of.history = base.history;
  const source = base.gradFn;
  if (!source) return;
  const window = windowOf(view, base);
  const node = new GraphNode("AsStridedBackward", [{ node: source, index: base.outputIndex }], ([g]) => [place(zeros(window.base, { dtype: g!.dtype }), g!, window)]);
  node.outputs[0] = { shape: view.shape, dtype: view.dtype };
  view.setHistory(node);
});
