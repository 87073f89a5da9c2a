import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { constant } from "../core/constant.js";
import { contiguousInput, copyStrided } from "../core/copy.js";
import { bitsOf, bytesOf, dtypeInfo } from "../core/dtype.js";
import { composite, discard, inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { normalizeDim, sameShape, show } from "../core/shape.js";
import { type InputSpec, type Op, needs } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";
import { mul } from "./binary.js";
import { zeros } from "./creation.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { aroundDim } from "./families/reduction.js";
import { checkAlong, gather, indexSelect, requireSameDType } from "./gather.js";
import { amax } from "./extreme.js";
import { narrow } from "./slice.js";
import { expand, unsqueeze } from "./view.js";

type Scatter = Op<(x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor>;

/** What scatters check and agree on: `src` cut to the shape of the index. */
function prepareScatter(name: string, x: Tensor, dim: number, index: Tensor, src: Tensor): { inputs: Tensor[]; args: number } {
  const at = normalizeDim(name, dim, x.ndim);
  requireInt(name, index);
  requireSameDType(name, x, src);
  checkAlong(name, x, at, index);
  checkAlong(name, src, -1, index, "the source");
  checkIndices(name, index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
  const cut = index.shape.reduce((part, size, d) => (size === part.shape[d] ? part : narrow(part, d, 0, size)), src);
  return { inputs: [x, index, cut], args: at };
}

/** A copy of `x`, or the target of an in-place op with x's elements already in it. */
function copyFor(x: Tensor, target: Tensor | undefined, name: string): Tensor {
  if (target) return target;
  const out = Tensor.empty(x.shape, x.dtype, name);
  copyStrided(out, x);
  return out;
}

/** Runs a scatter kernel into `out`, or into the part of it that the index can reach. */
function scatterInto(out: Tensor, kernel: KernelName, dim: number, index: Tensor, src: Tensor): void {
  if (index.numel === 0) return;
  const shape = out.shape.map((size, d) => (d === dim ? size : index.shape[d]!));
  const whole = sameShape(shape, out.shape);
  const part = viewOf(out, shape, out.strides, out.offset);
  const region = whole ? out : discard(copyFor(part, undefined, "scatter"));
  const values = contiguousInput(src);
  const places = contiguousInput(index);
  const { outer, n, inner } = aroundDim(shape, dim);
  const m = index.shape[dim] ?? 1;
  launch(kernel, [region.ptr, values.ptr, places.ptr, n, m, inner], outer * inner, m, { inPlace: true });
  if (!whole) copyStrided(part, region);
}

const INDEX: InputSpec = { shape: [2, 3], dtype: "int32", values: [0, 2, 0, 1, 0, 2] };
const SCATTER_ERRORS = (name: string): { inputs: InputSpec[]; args: unknown[]; throws: RegExp }[] => [
  {
    inputs: [[3, 3], { shape: [1], dtype: "int32", values: [0] }, [1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the index \\[1\\] does not fit`),
  },
  {
    inputs: [[2, 2], { shape: [1, 1], dtype: "int32", values: [2] }, [1, 1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): index 2 at position \\[0, 0\\] is out of range for dim 0 of size 2`),
  },
  {
    inputs: [[2, 2], { shape: [1, 2], dtype: "int32", low: 0, high: 2 }, [1, 1]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the index \\[1, 2\\] does not fit the source \\[1, 1\\]`),
  },
];

/**
 * A copy of `x` in which `src[i][j]` is added at `[index[i][j]][j]` (for dim 0, and so on). Values for one place
 * add up, in the order of the index whatever the number of threads.
 *
 * @param index int32, of as many dims as `x`, nowhere larger but along `dim`, nowhere larger than `src`
 * @throws IndexError naming the first index that is out of range
 */
export const scatterAdd: Scatter = op({
  name: "scatterAdd",
  torch: (dim: number) => `x.scatter_add(${dim}, y.long(), z)`,
  samples: [
    { inputs: [[3, 3], INDEX, [2, 3]], args: [0] },
    { inputs: [[2, 4], INDEX, { shape: [3, 5], grad: false }], args: [1] },
    { inputs: [[2, 5, 3], { shape: [2, 4, 3], dtype: "int32", low: 0, high: 5 }, [2, 4, 3]], args: [1] },
    { inputs: [[3], { shape: [0], dtype: "int32", low: 0, high: 1 }, [0]], args: [0] },
  ],
  errors: SCATTER_ERRORS("scatterAdd"),
  arrange: ([x, index, src], [dim]) => [x, dim, index, src],
  acceptsOut: true,
  prepare(x: Tensor, dim: number, index: Tensor, src: Tensor) {
    if (bytesOf(x.dtype) === 1) throw new DTypeError(`scatterAdd(): ${x.dtype} tensors do not add up; convert them with .to("int32")`);
    return prepareScatter("scatterAdd", x, dim, index, src);
  },
  run([x, index, src], dim, _aux, target) {
    const out = copyFor(x!, target, "scatterAdd");
    scatterInto(out, `scatter_add_${dtypeInfo(x!.dtype).kernel as "f32" | "f64" | "i32"}`, dim, index!, src!);
    return out;
  },
  vjp: [(g) => g, null, needs([1], (g, c) => gather(g, c.args, c.input(1)))],
});

const put: Scatter = op({
  name: "_scatter",
  torch: (dim: number) => `x.scatter(${dim}, y.long(), z)`,
  samples: [
    { inputs: [[3, 3], { shape: [2, 3], dtype: "int32", values: [0, 2, 0, 1, 0, 2] }, [2, 3]], args: [0] },
    { inputs: [[4, 4], { shape: [2, 3], dtype: "int32", values: [0, 3, 1, 2, 0, 1] }, [2, 3]], args: [1] },
  ],
  dtypes: ["float64", "int32", "uint8"],
  arrange: ([x, index, src], [dim]) => [x, dim, index, src],
  acceptsOut: true,
  prepare: (x: Tensor, dim: number, index: Tensor, src: Tensor) => prepareScatter("scatter", x, dim, index, src),
  run([x, index, src], dim, _aux, target) {
    const out = copyFor(x!, target, "scatter");
    scatterInto(out, `scatter_${bitsOf(x!.dtype)}`, dim, index!, src!);
    return out;
  },
  vjp: [
    needs([1], (g, c) => put(g, c.args, c.input(1), expand(constant(0, g.dtype), c.shapes[1]!))),
    null,
    needs([1], (g, c) => gather(g, c.args, c.input(1))),
  ],
});

/**
 * A copy of `x` with `src[i][j]` at `[index[i][j]][j]` (for dim 0, and so on); of several values for one place
 * the last wins. `src` may be a number.
 *
 * @param index int32, of as many dims as `x`, nowhere larger but along `dim`, nowhere larger than `src`
 * @throws IndexError naming the first index that is out of range
 */
export const scatter: Op<(x: Tensor, dim: number, index: Tensor, src: Tensor | number) => Tensor> = composite(
  {
    name: "scatter",
    torch: (dim: number, value?: number) => `x.scatter(${dim}, y.long(), ${value ?? "z"})`,
    samples: [
      { inputs: [[3, 3], { shape: [2, 3], dtype: "int32", values: [0, 2, 0, 1, 0, 2] }, [2, 3]], args: [0] },
      { inputs: [[3, 3], INDEX], args: [0, 7] },
    ],
    errors: SCATTER_ERRORS("scatter"),
    arrange: ([x, index, src], [dim, value]) => [x, dim, index, src ?? value],
  },
  (x: Tensor, dim: number, index: Tensor, src: Tensor | number) => put(x, dim, index, sourceOf(x, index, src)),
);

function sourceOf(x: Tensor, index: Tensor, src: Tensor | number): Tensor {
  return typeof src === "number" ? expand(constant(src, x.dtype), index.shape) : src;
}

interface RowArgs {
  dim: number;
  alpha: number;
}

/** @throws ShapeError unless `source` is `x` with as many slices along `dim` as there are indices */
function prepareRows(name: string, x: Tensor, dim: number, index: Tensor, source: Tensor, alpha = 1): { inputs: Tensor[]; args: RowArgs } {
  const at = normalizeDim(name, dim, x.ndim);
  requireInt(name, index);
  requireSameDType(name, x, source);
  if (index.ndim > 1) throw new ShapeError(`${name}(): expected indices of one dim, got ${show(index.shape)}`);
  const wanted = x.shape.map((size, d) => (d === at ? index.numel : size));
  if (!sameShape(source.shape, wanted))
    throw new ShapeError(
      `${name}(): the source is ${show(source.shape)}; for ${index.numel} indices along dim ${at} of ${show(x.shape)} it must be ${show(wanted)}`,
    );
  checkIndices(name, index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
  return { inputs: [x, index, source], args: { dim: at, alpha } };
}

const ROW_ERRORS = (name: string): { inputs: InputSpec[]; args: unknown[]; throws: RegExp }[] => [
  {
    inputs: [[3, 2], { shape: [2], dtype: "int32", values: [0, 3] }, [2, 2]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): index 3 at position \\[1\\] is out of range`),
  },
  {
    inputs: [[3, 2], { shape: [2], dtype: "int32", values: [0, 1] }, [1, 2]],
    args: [0],
    throws: new RegExp(`${name}\\(\\): the source is \\[1, 2\\].* must be \\[2, 2\\]`),
  },
];

/**
 * A copy of `x` with `alpha` times the slices of `source` added at the indexed places along `dim`.
 *
 * @throws IndexError naming the first index that is out of range; ShapeError when the source does not fit
 */
export const indexAdd: Op<(x: Tensor, dim: number, index: Tensor, source: Tensor, options?: { alpha?: number }) => Tensor> = op({
  name: "indexAdd",
  torch: (dim: number, options?: { alpha?: number }) => `x.index_add(${dim}, y.long(), z${keywords({ ...options })})`,
  samples: [
    { inputs: [[5, 3], { shape: [4], dtype: "int32", values: [1, 4, 1, 0] }, [4, 3]], args: [0] },
    { inputs: [[2, 5], { shape: [3], dtype: "int32", values: [0, 0, 3] }, [2, 3]], args: [1, { alpha: 0.5 }] },
  ],
  errors: ROW_ERRORS("indexAdd"),
  arrange: ([x, index, source], [dim, options]) => [x, dim, index, source, options],
  acceptsOut: true,
  prepare(x: Tensor, dim: number, index: Tensor, source: Tensor, { alpha = 1 }: { alpha?: number } = {}) {
    if (bytesOf(x.dtype) === 1) throw new DTypeError(`indexAdd(): ${x.dtype} tensors do not add up; convert them with .to("int32")`);
    return prepareRows("indexAdd", x, dim, index, source, alpha);
  },
  run([x, index, source], { dim, alpha }, _aux, target) {
    const out = copyFor(x!, target, "indexAdd");
    const values = contiguousInput(source!);
    const places = contiguousInput(index!);
    const { outer, n, inner } = aroundDim(x!.shape, dim);
    const type = dtypeInfo(x!.dtype).kernel as "f32" | "f64" | "i32";
    launch(`index_add_${type}`, [out.ptr, values.ptr, places.ptr, n, places.numel, inner, alpha, -1], outer * inner, places.numel, {
      inPlace: true,
    });
    return out;
  },
  vjp: [
    (g) => g,
    null,
    needs([1], (g, c) => {
      const { dim, alpha } = c.args;
      const rows = indexSelect(g, dim, c.input(1));
      return alpha === 1 ? rows : mul(rows, alpha);
    }),
  ],
});

/**
 * A copy of `x` with the slices of `source` at the indexed places along `dim`; of several for one place the last wins.
 *
 * @throws IndexError naming the first index that is out of range; ShapeError when the source does not fit
 */
export const indexCopy: Op<(x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor> = op({
  name: "indexCopy",
  torch: (dim: number) => `x.index_copy(${dim}, y.long(), z)`,
  samples: [
    { inputs: [[5, 3], { shape: [3], dtype: "int32", values: [1, 4, 0] }, [3, 3]], args: [0] },
    { inputs: [[2, 5], { shape: [2], dtype: "int32", values: [4, 3] }, [2, 2]], args: [-1] },
  ],
  errors: ROW_ERRORS("indexCopy"),
  arrange: ([x, index, source], [dim]) => [x, dim, index, source],
  acceptsOut: true,
  prepare: (x: Tensor, dim: number, index: Tensor, source: Tensor) => prepareRows("indexCopy", x, dim, index, source),
  run([x, index, source], { dim }, _aux, target) {
    const out = copyFor(x!, target, "indexCopy");
    const values = contiguousInput(source!);
    const places = contiguousInput(index!);
    const { outer, n, inner } = aroundDim(x!.shape, dim);
    launch(`index_copy_${bitsOf(x!.dtype)}`, [out.ptr, values.ptr, places.ptr, n, places.numel, inner], outer * inner, places.numel, {
      inPlace: true,
    });
    return out;
  },
  vjp: [needs([1], (g, c) => indexFill(g, c.args.dim, c.input(1), 0)), null, needs([1], (g, c) => indexSelect(g, c.args.dim, c.input(1)))],
});

/** A copy of `x` with `value` in the indexed slices along `dim`. @throws IndexError naming the first index that is out of range */
export const indexFill: Op<(x: Tensor, dim: number, index: Tensor, value: number) => Tensor> = composite(
  {
    name: "indexFill",
    torch: (dim: number, value: number) => `x.index_fill(${dim}, y.long(), ${value})`,
    samples: [{ inputs: [[5, 3], { shape: [2], dtype: "int32", values: [1, 4] }], args: [0, -2] }],
    errors: [
      {
        inputs: [[3], { shape: [1], dtype: "int32", values: [3] }],
        args: [0, 1],
        throws: /indexFill\(\): index 3 at position \[0\] is out of range/,
      },
    ],
    arrange: ([x, index], [dim, value]) => [x, dim, index, value],
  },
  (x: Tensor, dim: number, index: Tensor, value: number) => {
    const at = normalizeDim("indexFill", dim, x.ndim);
    requireInt("indexFill", index);
    checkIndices("indexFill", index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
    const shape = x.shape.map((size, d) => (d === at ? index.numel : size));
    return indexCopy(x, at, index, expand(constant(value, x.dtype), shape));
  },
);

/**
 * 1 at each class, 0 elsewhere: int32 of shape `[...index, numClasses]`.
 *
 * @param numClasses default: the largest index + 1
 * @throws IndexError naming the first index outside the classes
 */
export const oneHot: Op<(index: Tensor, options?: { numClasses?: number }) => Tensor> = composite(
  {
    name: "oneHot",
    torch: (options?: { numClasses?: number }) => `torch.nn.functional.one_hot(x.long()${keywords({ ...options })}).int()`,
    samples: [
      { inputs: [{ shape: [2, 3], dtype: "int32", low: 0, high: 4 }], args: [{ numClasses: 4 }] },
      { inputs: [{ shape: [3], dtype: "int32", values: [0, 2, 1] }] },
    ],
    errors: [
      {
        inputs: [{ shape: [2], dtype: "int32", values: [0, 3] }],
        args: [{ numClasses: 3 }],
        throws: /oneHot\(\): index 3 at position \[1\] is out of range for 3 classes/,
      },
      { inputs: [{ shape: [0], dtype: "int32", low: 0, high: 1 }], throws: /oneHot\(\): numClasses cannot be told from no indices/ },
    ],
  },
  (index: Tensor, { numClasses = -1 }: { numClasses?: number } = {}) => {
    requireInt("oneHot", index, "class indices");
    if (numClasses === -1 && index.numel === 0) throw new ArgumentError("oneHot(): numClasses cannot be told from no indices; pass it");
    const classes = numClasses === -1 ? Math.max(1, amax(index).item() + 1) : numClasses;
    checkIndices("oneHot", index, { size: classes, what: `${classes} classes` });
    return scatter(zeros([...index.shape, classes], { dtype: "int32" }), -1, unsqueeze(index, -1), 1);
  },
);

/** x = scatterAdd(x, …), in place. */
export const scatterAdd_: (x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor = inPlace(scatterAdd);
const put_ = inPlace(put);
/** x = scatter(x, …), in place. */
export const scatter_: (x: Tensor, dim: number, index: Tensor, src: Tensor | number) => Tensor = (x, dim, index, src) =>
  put_(x, dim, index, sourceOf(x, index, src));
/** x = indexAdd(x, …), in place. */
export const indexAdd_: (x: Tensor, dim: number, index: Tensor, source: Tensor, options?: { alpha?: number }) => Tensor = inPlace(indexAdd);
/** x = indexCopy(x, …), in place. */
export const indexCopy_: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor = inPlace(indexCopy);
