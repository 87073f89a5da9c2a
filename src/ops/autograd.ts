import { ArgumentError } from "../runtime/errors.js";
import { copyInto, copyStrided, materialize } from "../core/copy.js";
import { setEngineOps } from "../core/engine.js";
import { GraphNode } from "../core/graph.js";
import { op, setRebase } from "../core/op.js";
import { type Shape, isContiguous, sameShape, show } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor, setViewRefresher, viewOf } from "../core/tensor.js";
import { toTypedArray } from "./access.js";
import { add } from "./binary.js";
import { onesLike, zeros } from "./creation.js";
import { detach, to } from "./convert.js";
import { sum } from "./reduce.js";
import { clone, permute, reshape } from "./view.js";

/*
 * What the walk over the graph needs of the ops, and how in-place changes of views reach the history of their base.
 */

/** Sums over what broadcasting repeated, so that a gradient gets the shape of its input. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  const lead = g.ndim - shape.length;
  const dims = [...g.shape.keys()].filter((dim) => dim < lead || (shape[dim - lead] === 1 && g.shape[dim] !== 1));
  return reshape(dims.length > 0 ? sum(g, dims, { keepdim: true }) : g, shape);
}

/** Where a view lies in its base: strides and offset in a contiguous tensor of shape `base`. */
interface Window {
  readonly base: Shape;
  /** The dims of the base as they lie in memory; null when they are in order. */
  readonly order: readonly number[] | null;
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
}

function windowOf(view: Tensor, base: Tensor): Window {
  const where = { shape: view.shape, strides: view.strides, offset: view.offset - base.offset };
  if (base.isContiguous) return { base: base.shape, order: null, ...where };
  const order = [...base.shape.keys()].sort((a, b) => base.strides[b]! - base.strides[a]!);
  const pick = (list: Shape): number[] => order.map((dim) => list[dim]!);
  if (!isContiguous(pick(base.shape), pick(base.strides))) {
    throw new ArgumentError(
      `the base of a view, ${show(base.shape)} with strides ${show(base.strides)}, has gaps in memory: autograd cannot follow a change in place; clone() it first`,
    );
  }
  return { base: pick(base.shape), order, ...where };
}

/** A gradient of the base's shape as seen by the view. */
function seen(g: Tensor, window: Window): Tensor {
  return look(window.order ? permute(g, window.order) : g, window);
}

/** A gradient of the base's shape with `part` in the place of what the view sees. */
function replaced(g: Tensor, part: Tensor, window: Window): Tensor {
  const { order } = window;
  if (!order) return place(g, part, window);
  return permute(
    place(permute(g, order), part, window),
    order.map((_, dim) => order.indexOf(dim)),
  );
}

/** The view of `x` through a window. Copies first if `x` is not contiguous. */
const look: Op<(x: Tensor, window: Window) => Tensor> = op({
  name: "_look",
  torch: "x[1:]",
  samples: [{ inputs: [[3, 2]], args: [{ base: [3, 2], order: null, shape: [2, 2], strides: [2, 1], offset: 2 }] }],
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
  samples: [
    {
      inputs: [
        [3, 2],
        [2, 2],
      ],
      args: [{ base: [3, 2], order: null, shape: [2, 2], strides: [2, 1], offset: 2 }],
    },
  ],
  prepare: (x: Tensor, y: Tensor, window: Window) => ({ inputs: [x, y], args: window }),
  run([x, y], window) {
    const out = Tensor.empty(x!.shape, x!.dtype, "place");
    copyStrided(out, x!);
    copyStrided(viewOf(out, window.shape, window.strides, window.offset), y!);
    return out;
  },
  vjp: [(g, c) => place(g, zeros(c.args.shape, { dtype: g.dtype }), c.args), (g, c) => look(g, c.args)],
});

/** Gives the engine its ops. */
export function installEngineOps(): void {
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

  // `inner` is the change as seen by the view. Seen by the base, its gradient is the same outside the window.
  setRebase((view) => {
    const { base } = view.viewOf!;
    const window = windowOf(view, base);
    return (inner) => {
      const before = base.gradFn;
      const edges = [before ? { node: before, index: base.outputIndex } : null, ...inner.edges.slice(1)];
      const node = new GraphNode("CopySlicesBackward", edges, ([g], _, createGraph) => {
        const [toView, ...rest] = inner.run([seen(g!, window)], createGraph);
        return [replaced(g!, toView ?? zeros(window.shape, { dtype: g!.dtype }), window), ...rest];
      });
      node.inner = inner;
      node.outputs[0] = { shape: base.shape, dtype: base.dtype };
      base.setHistory(node);
      base.history++;
    };
  });

  setViewRefresher((view, of) => {
    const { base } = of;
    of.history = base.history;
    const source = base.gradFn;
    if (!source) return;
    const window = windowOf(view, base);
    const node = new GraphNode("AsStridedBackward", [{ node: source, index: base.outputIndex }], ([g]) => [
      replaced(zeros(base.shape, { dtype: g!.dtype }), g!, window),
    ]);
    node.outputs[0] = { shape: view.shape, dtype: view.dtype };
    view.setHistory(node);
  });
}
