import { ArgumentError, IndexError, ShapeError } from "../runtime/errors.js";
import { copyStrided, fillRaw } from "../core/copy.js";
import { composite, op } from "../core/op.js";
import { python } from "../core/python.js";
import { type Shape, normalizeDim } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";
import { squeeze } from "./view.js";

/** Elements `start..end` (end excluded) along `dim`, every `step`-th. Negative positions count from the end. */
export const sliceDim: Op<(x: Tensor, dim: number, start?: number | null, end?: number | null, step?: number) => Tensor> = op({
  name: "_slice",
  torch: (dim: number, start?: number | null, end?: number | null, step = 1) =>
    `x[(slice(None),) * (${dim} % max(1, x.ndim)) + (slice(${python(start)}, ${python(end)}, ${step}),)]`,
  samples: [
    { inputs: [[5, 4]], args: [0, 1, 4] },
    { inputs: [[5, 4]], args: [1, null, null, 2] },
    { inputs: [[5, 4]], args: [-1, -3, -1] },
    { inputs: [[5, 4]], args: [0, 4, 2] },
    { inputs: [[5]], args: [0, 0, 99, 3] },
  ],
  errors: [{ inputs: [[3]], args: [0, 0, 2, 0], throws: /slice\(\): step must be a whole number from 1 on, got 0/ }],
  view: true,
  prepare(x: Tensor, dim: number, start: number | null = null, end: number | null = null, step = 1) {
    if (!(Number.isInteger(step) && step >= 1)) throw new ArgumentError(`slice(): step must be a whole number from 1 on, got ${step}`);
    if (x.ndim === 0) throw new ShapeError("slice(): a scalar has no elements to slice");
    const at = normalizeDim("slice", dim, x.ndim);
    const size = x.shape[at]!;
    const from = clampIndex(start ?? 0, size);
    const to = Math.max(from, clampIndex(end ?? size, size));
    return { inputs: [x], args: { dim: at, from, step, count: Math.ceil((to - from) / step) } };
  },
  run([x], { dim, from, step, count }) {
    const shape = x!.shape.map((size, i) => (i === dim ? count : size));
    const strides = x!.strides.map((stride, i) => (i === dim ? stride * step : stride));
    return viewOf(x!, shape, strides, x!.offset + from * x!.strides[dim]!);
  },
  vjp: [(g, c) => sliceBackward(g, c.shapes[0]!, c.args)],
});

function clampIndex(index: number, size: number): number {
  if (!Number.isInteger(index)) throw new IndexError(`slice(): positions must be whole numbers, got ${index}`);
  return Math.min(size, Math.max(0, index < 0 ? index + size : index));
}

interface SliceArgs {
  dim: number;
  from: number;
  step: number;
  count: number;
}

/** Zeros of `shape` with `g` in the slice: the gradient of `slice`. */
const sliceBackward: Op<(g: Tensor, shape: Shape, args: SliceArgs) => Tensor> = op({
  name: "_sliceBackward",
  torch: "torch.nn.functional.pad(x, (0, 0, 1, 2))",
  samples: [{ inputs: [[2, 3]], args: [[5, 3], { dim: 0, from: 1, step: 1, count: 2 }] }],
  prepare: (g: Tensor, shape: Shape, args: SliceArgs) => ({ inputs: [g], args: { shape, ...args } }),
  run([g], { shape, dim, from, step }) {
    const out = Tensor.empty(shape, g!.dtype, "slice");
    fillRaw(out, 0);
    const strides = out.strides.map((stride, i) => (i === dim ? stride * step : stride));
    copyStrided(viewOf(out, g!.shape, strides, from * out.strides[dim]!), g!);
    return out;
  },
  vjp: [(g, { args }) => sliceDim(g, args.dim, args.from, args.from + args.count * args.step, args.step)],
});

/** Element `index` along `dim`, which goes. @throws IndexError when it is out of range */
export const select: Op<(x: Tensor, dim: number, index: number) => Tensor> = composite(
  {
    name: "select",
    torch: (dim: number, index: number) => `x.select(${dim}, ${index})`,
    samples: [
      { inputs: [[5, 4]], args: [0, 2] },
      { inputs: [[5, 4]], args: [-1, -1] },
      { inputs: [[3]], args: [0, 0] },
    ],
    errors: [{ inputs: [[3]], args: [0, 3], throws: /select\(\): index 3 is out of range for dim 0 of size 3/ }],
  },
  (x: Tensor, dim: number, index: number) => {
    if (x.ndim === 0) throw new IndexError("select(): a scalar cannot be indexed; use item() for its value");
    const at = normalizeDim("select", dim, x.ndim);
    const size = x.shape[at]!;
    if (!Number.isInteger(index) || index < -size || index >= size)
      throw new IndexError(`select(): index ${index} is out of range for dim ${at} of size ${size}`);
    const from = index < 0 ? index + size : index;
    return squeeze(sliceDim(x, at, from, from + 1), at);
  },
);

/** `length` elements along `dim`, from `start` on. @throws IndexError when they are not all there */
export const narrow: Op<(x: Tensor, dim: number, start: number, length: number) => Tensor> = composite(
  {
    name: "narrow",
    torch: (dim: number, start: number, length: number) => `x.narrow(${dim}, ${start}, ${length})`,
    samples: [{ inputs: [[5, 4]], args: [0, 1, 3] }],
    errors: [{ inputs: [[5]], args: [0, 3, 3], throws: /narrow\(\): 3\.\.6 reaches outside dim 0 of size 5/ }],
  },
  (x: Tensor, dim: number, start: number, length: number) => {
    const at = normalizeDim("narrow", dim, x.ndim);
    if (x.ndim === 0) throw new ShapeError("narrow(): a scalar has no elements to narrow");
    const size = x.shape[at]!;
    if (![start, length].every(Number.isInteger))
      throw new IndexError(`narrow(): start and length must be whole numbers, got ${start} and ${length}`);
    const from = start < 0 ? start + size : start;
    if (!(from >= 0 && length >= 0 && from + length <= size))
      throw new IndexError(`narrow(): ${start}..${start + length} reaches outside dim ${at} of size ${size}`);
    return sliceDim(x, at, from, from + length);
  },
);
