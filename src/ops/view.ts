import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { copyStrided } from "../core/copy.js";
import { composite, op } from "../core/op.js";
import { type Shape, broadcastStrides, checkDims, checkShape, contiguousStrides, normalizeDim, show, sizeOf } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";

/**
 * The same elements under another shape; -1 stands for the size that makes it fit. A view when the strides
 * allow it, a copy otherwise.
 *
 * @throws ShapeError when the number of elements differs
 */
export const reshape: Op<(x: Tensor, shape: Shape) => Tensor> = composite(
  {
    name: "reshape",
    torch: (shape: Shape) => `x.reshape(${show(shape)})`,
    samples: [
      { inputs: [[2, 6]], args: [[3, 4]] },
      { inputs: [[2, 6]], args: [[-1]] },
      { inputs: [[1]], args: [[]] },
      { inputs: [[0, 3]], args: [[3, 0]] },
    ],
    errors: [{ inputs: [[2, 3]], args: [[4, 2]], throws: /reshape\(\): \[2, 3\] has 6 elements/ }],
  },
  (x: Tensor, shape: Shape) => {
    const target = inferShape("reshape", x, shape);
    return viewStrides(x, target) ? viewAs(x, target) : viewAs(contiguous(x), target);
  },
);

/**
 * The same memory under another shape; -1 stands for the size that makes it fit.
 *
 * @throws ShapeError when the number of elements differs, or the strides do not allow a view (use reshape)
 */
export const view: Op<(x: Tensor, shape: Shape) => Tensor> = composite(
  {
    name: "view",
    plainInputs: true,
    torch: (shape: Shape) => `x.reshape(${show(shape)})`,
    samples: [
      { inputs: [[2, 6]], args: [[3, -1]] },
      { inputs: [[6]], args: [[1, 6]] },
    ],
    errors: [{ inputs: [[2, 3]], args: [[7]], throws: /view\(\): \[2, 3\] has 6 elements/ }],
  },
  (x: Tensor, shape: Shape) => {
    const target = inferShape("view", x, shape);
    if (viewStrides(x, target)) return viewAs(x, target);
    throw new ShapeError(
      `view(): ${show(x.shape)} with strides ${show(x.strides)} cannot be seen as ${show(target)} without a copy; use reshape()`,
    );
  },
);

/** The view that `reshape` and `view` share; the strides must allow it. */
const viewAs: Op<(x: Tensor, shape: Shape) => Tensor> = op({
  name: "_view",
  plainInputs: true,
  torch: (shape: Shape) => `x.reshape(${show(shape)})`,
  samples: [{ inputs: [[2, 6]], args: [[4, 3]] }],
  view: true,
  prepare: (x: Tensor, shape: Shape) => ({ inputs: [x], args: shape }),
  run: ([x], shape) => viewOf(x!, shape, viewStrides(x!, shape)!, x!.offset),
  vjp: [(g, c) => reshape(g, c.shapes[0]!)],
});

function inferShape(name: string, x: Tensor, shape: Shape): number[] {
  checkDims(name, shape);
  const unknown = shape.filter((size) => size === -1).length;
  if (unknown > 1) throw new ShapeError(`${name}(): only one size may be -1, got ${show(shape)}`);
  const known = shape.filter((size) => size !== -1);
  checkShape(name, known);
  const size = sizeOf(known);
  const missing = unknown === 1 && size > 0 ? x.numel / size : 0;
  const target = shape.map((s) => (s === -1 ? missing : s));
  if (!Number.isInteger(missing) || sizeOf(target) !== x.numel) {
    throw new ShapeError(`${name}(): ${show(x.shape)} has ${x.numel} elements, which do not fit the shape ${show(shape)}`);
  }
  return target;
}

/** The strides that show `x` as `shape` without a copy; null when there are none. */
function viewStrides(x: Tensor, shape: Shape): number[] | null {
  if (x.isContiguous || x.numel === 0) return contiguousStrides(shape);
  const strides = new Array<number>(shape.length);
  let dim = shape.length - 1;
  let from = x.ndim - 1;
  // Walk both from the right; each run of old dims that lies without gaps may be cut anew.
  while (from >= 0) {
    let run = x.shape[from]!;
    const step = x.strides[from]!;
    while (from > 0 && (x.shape[from - 1] === 1 || x.strides[from - 1] === run * step)) run *= x.shape[--from]!;
    from--;
    let inner = 1;
    while (dim >= 0 && (inner < run || shape[dim] === 1)) {
      strides[dim] = inner * step;
      inner *= shape[dim--]!;
    }
    if (inner !== run) return null;
  }
  while (dim >= 0) strides[dim--] = 1;
  return strides;
}

/** `x` itself if its elements lie in row-major order, else a copy that does. */
export const contiguous: Op<(x: Tensor) => Tensor> = composite(
  { name: "contiguous", torch: "x.contiguous()", samples: [[[2, 3]]] },
  (x: Tensor) => (x.isContiguous ? x : copyOf(x)),
);

/** A copy with its own memory. Gradients flow through it. */
export const clone: Op<(x: Tensor) => Tensor> = composite(
  { name: "clone", torch: "x.clone()", samples: [[[2, 3]], [[]], [[0]]] },
  (x: Tensor) => copyOf(x),
);

const copyOf: Op<(x: Tensor) => Tensor> = op({
  name: "_clone",
  torch: "x.clone()",
  samples: [[[2, 3]]],
  run([x]) {
    const out = Tensor.empty(x!.shape, x!.dtype, "clone");
    copyStrided(out, x!);
    return out;
  },
  vjp: [(g) => g],
});

/** Dims in another order. */
export const permute: Op<(x: Tensor, dims: readonly number[]) => Tensor> = op({
  name: "permute",
  torch: (dims: number[]) => `x.permute(${show(dims)})`,
  samples: [
    { inputs: [[2, 3, 4]], args: [[2, 0, 1]] },
    { inputs: [[2, 3]], args: [[-1, 0]] },
    { inputs: [[]], args: [[]] },
  ],
  errors: [
    { inputs: [[2, 3]], args: [[0]], throws: /permute\(\): 1 dim\(s\) for a tensor of 2/ },
    { inputs: [[2, 3]], args: [[0, 0]], throws: /permute\(\): a dim appears twice/ },
  ],
  view: true,
  prepare(x: Tensor, dims: readonly number[]) {
    checkDims("permute", dims);
    if (dims.length !== x.ndim) throw new ShapeError(`permute(): ${dims.length} dim(s) for a tensor of ${x.ndim}; name each dim once`);
    const order = dims.map((dim) => normalizeDim("permute", dim, x.ndim));
    if (new Set(order).size !== order.length) throw new ArgumentError(`permute(): a dim appears twice in ${show(dims)}`);
    return { inputs: [x], args: order };
  },
  run: ([x], order) =>
    viewOf(
      x!,
      order.map((dim) => x!.shape[dim]!),
      order.map((dim) => x!.strides[dim]!),
      x!.offset,
    ),
  vjp: [
    (g, { args: order }) =>
      permute(
        g,
        order.map((_, i) => order.indexOf(i)),
      ),
  ],
});

/** Two dims swapped. */
export const transpose: Op<(x: Tensor, dim0: number, dim1: number) => Tensor> = composite(
  {
    name: "transpose",
    torch: (a: number, b: number) => `x.transpose(${a}, ${b})`,
    samples: [
      { inputs: [[2, 3, 4]], args: [0, 2] },
      { inputs: [[2, 3]], args: [-1, -2] },
    ],
    errors: [{ inputs: [[2, 3]], args: [0, 2], throws: /transpose\(\): dim 2 is out of range/ }],
  },
  (x: Tensor, dim0: number, dim1: number) => {
    const a = normalizeDim("transpose", dim0, x.ndim);
    const b = normalizeDim("transpose", dim1, x.ndim);
    return permute(
      x,
      x.shape.map((_, i) => (i === a ? b : i === b ? a : i)),
    );
  },
);

/** The transpose of a matrix. Vectors and scalars stay as they are. @throws ShapeError beyond two dims */
export const t: Op<(x: Tensor) => Tensor> = composite(
  {
    name: "t",
    torch: "x.t()",
    samples: [[[2, 3]], [[4]]],
    errors: [{ inputs: [[2, 3, 4]], throws: /t\(\): expected at most 2 dims, got \[2, 3, 4\]/ }],
  },
  (x: Tensor) => {
    if (x.ndim > 2) throw new ShapeError(`t(): expected at most 2 dims, got ${show(x.shape)}; use transpose() or permute()`);
    return x.ndim < 2 ? x : permute(x, [1, 0]);
  },
);

/**
 * Repeats along dims of size 1, without a copy. -1 keeps a size; new dims may come in front.
 *
 * @throws ShapeError when a size that is not 1 would change
 */
export const expand: Op<(x: Tensor, shape: Shape) => Tensor> = op({
  name: "expand",
  torch: (shape: Shape) => `x.expand(${show(shape)})`,
  samples: [
    { inputs: [[3, 1]], args: [[3, 4]] },
    { inputs: [[3]], args: [[2, 3]] },
    { inputs: [[1, 3]], args: [[5, -1]] },
    { inputs: [[]], args: [[2, 2]] },
    { inputs: [[1]], args: [[0]] },
  ],
  errors: [
    { inputs: [[2, 3]], args: [[2, 4]], throws: /expand\(\): \[2, 3\] cannot become \[2, 4\]/ },
    { inputs: [[2, 3]], args: [[3]], throws: /expand\(\): \[2, 3\] cannot become \[3\]/ },
  ],
  view: true,
  prepare(x: Tensor, shape: Shape) {
    checkDims("expand", shape);
    const shift = shape.length - x.ndim;
    const target = shape.map((size, i) => (size === -1 && i >= shift ? x.shape[i - shift]! : size));
    const fits = shift >= 0 && target.every((size, i) => i < shift || x.shape[i - shift] === size || x.shape[i - shift] === 1);
    if (!fits)
      throw new ShapeError(
        `expand(): ${show(x.shape)} cannot become ${show(shape)}: only sizes of 1 can grow, and dims can be added in front`,
      );
    checkShape("expand", target);
    return { inputs: [x], args: target };
  },
  run: ([x], shape) => viewOf(x!, shape, broadcastStrides(x!.shape, x!.strides, shape), x!.offset),
  vjp: [(g) => g], // the walk sums over what was repeated
});

/** A new dim of size 1 at `dim`. */
export const unsqueeze: Op<(x: Tensor, dim: number) => Tensor> = composite(
  {
    name: "unsqueeze",
    torch: (dim: number) => `x.unsqueeze(${dim})`,
    samples: [
      { inputs: [[2, 3]], args: [0] },
      { inputs: [[2, 3]], args: [-1] },
      { inputs: [[]], args: [0] },
    ],
    errors: [{ inputs: [[2]], args: [3], throws: /unsqueeze\(\): dim 3 is out of range/ }],
  },
  (x: Tensor, dim: number) => {
    const at = normalizeDim("unsqueeze", dim, x.ndim + 1);
    const shape = [...x.shape.slice(0, at), 1, ...x.shape.slice(at)];
    checkDims("unsqueeze", shape);
    return withDims(x, shape, [...x.strides.slice(0, at), 1, ...x.strides.slice(at)]);
  },
);

/** Without the dims of size 1: all of them, or just those named (where their size is 1). */
export const squeeze: Op<(x: Tensor, dim?: number | readonly number[]) => Tensor> = composite(
  {
    name: "squeeze",
    torch: (dim?: number) => (dim === undefined ? "x.squeeze()" : `x.squeeze(${dim})`),
    samples: [{ inputs: [[1, 3, 1]] }, { inputs: [[1, 3, 1]], args: [0] }, { inputs: [[2, 3]], args: [0] }],
  },
  (x: Tensor, dim?: number | readonly number[]) => {
    const dims =
      dim === undefined ? x.shape.map((_, i) => i) : (typeof dim === "number" ? [dim] : dim).map((d) => normalizeDim("squeeze", d, x.ndim));
    const keep = x.shape.map((size, i) => size !== 1 || !dims.includes(i));
    return withDims(
      x,
      x.shape.filter((_, i) => keep[i]),
      x.strides.filter((_, i) => keep[i]),
    );
  },
);

/** The view that `squeeze` and `unsqueeze` share: dims of size 1 come or go. */
const withDims: Op<(x: Tensor, shape: Shape, strides: Shape) => Tensor> = op({
  name: "_withDims",
  plainInputs: true,
  torch: (shape: Shape) => `x.reshape(${show(shape)})`,
  samples: [{ inputs: [[1, 3]], args: [[3], [1]] }],
  view: true,
  prepare: (x: Tensor, shape: Shape, strides: Shape) => ({ inputs: [x], args: { shape, strides } }),
  run: ([x], { shape, strides }) => viewOf(x!, shape, strides, x!.offset),
  vjp: [(g, c) => reshape(g, c.shapes[0]!)],
});

/** Dims `startDim..endDim` made one. */
export const flatten: Op<(x: Tensor, startDim?: number, endDim?: number) => Tensor> = composite(
  {
    name: "flatten",
    torch: (start = 0, end = -1) => `x.flatten(${start}, ${end})`,
    samples: [{ inputs: [[2, 3, 4]] }, { inputs: [[2, 3, 4]], args: [1] }, { inputs: [[2, 3, 4]], args: [0, 1] }, { inputs: [[]] }],
    errors: [{ inputs: [[2, 3]], args: [1, 0], throws: /flatten\(\): startDim 1 comes after endDim 0/ }],
  },
  (x: Tensor, startDim = 0, endDim = -1) => {
    if (x.ndim === 0) return reshape(x, [1]);
    const start = normalizeDim("flatten", startDim, x.ndim);
    const end = normalizeDim("flatten", endDim, x.ndim);
    if (start > end) throw new ArgumentError(`flatten(): startDim ${startDim} comes after endDim ${endDim}`);
    return reshape(x, [...x.shape.slice(0, start), sizeOf(x.shape.slice(start, end + 1)), ...x.shape.slice(end + 1)]);
  },
);
