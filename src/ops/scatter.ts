import { launch } from "../runtime/backend.js";
import { ArgumentError } from "../runtime/errors.js";
import { constant } from "../core/constant.js";
import { contiguousInput } from "../core/copy.js";
import { bitsOf } from "../core/dtype.js";
import { composite, inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { normalizeDim } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { zeros } from "./creation.js";
import { amax } from "./extreme.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { aroundDim } from "./families/reduction.js";
import { INDEX, ROW_ERRORS, SCATTER_ERRORS, type Scatter, copyFor, prepareRows, prepareScatter, scatterInto } from "./families/scatter.js";
import { gather, indexSelect } from "./gather.js";
import { expand, unsqueeze } from "./view.js";

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

const put_ = inPlace(put);
/** x = scatter(x, …), in place. */
export const scatter_: (x: Tensor, dim: number, index: Tensor, src: Tensor | number) => Tensor = (x, dim, index, src) =>
  put_(x, dim, index, sourceOf(x, index, src));
/** x = indexCopy(x, …), in place. */
export const indexCopy_: (x: Tensor, dim: number, index: Tensor, source: Tensor) => Tensor = inPlace(indexCopy);
