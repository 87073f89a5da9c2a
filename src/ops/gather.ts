import { launch } from "../runtime/backend.js";
import { DTypeError, ShapeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import { bitsOf, bytesOf, dtypeInfo } from "../core/dtype.js";
import { composite, inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { normalizeDim, show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, mul } from "./binary.js";
import { lt } from "./compare.js";
import { zeros } from "./creation.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { aroundDim } from "./families/reduction.js";
import {
  INDEX,
  ROW_ERRORS,
  SCATTER_ERRORS,
  type Scatter,
  checkAlong,
  copyFor,
  prepareRows,
  prepareScatter,
  scatterInto,
} from "./families/scatter.js";
import { narrow } from "./slice.js";
import { reshape } from "./view.js";
import { where } from "./where.js";

/*
 * Elements and slices picked by an index, and added up by one: each is the gradient of the other.
 */

/** The part of `x` that an index of this shape reaches along `dim`. */
function reached(x: Tensor, dim: number, index: Tensor): Tensor {
  return index.shape.reduce((part, size, d) => (d === dim || size === part.shape[d] ? part : narrow(part, d, 0, size)), x);
}

/**
 * out[i][j][k] = x[index[i][j][k]][j][k] for dim 0, and so on: one element picked along `dim` for each index.
 *
 * @param index int32, of as many dims as `x`, nowhere larger but along `dim`
 * @throws IndexError naming the first index that is out of range
 */
export const gather: Op<(x: Tensor, dim: number, index: Tensor) => Tensor> = op({
  name: "gather",
  torch: (dim: number) => `x.gather(${dim}, y.long())`,
  samples: [
    { inputs: [[3, 4], { shape: [3, 2], dtype: "int32", low: 0, high: 4 }], args: [1] },
    { inputs: [[3, 4], { shape: [5, 2], dtype: "int32", low: 0, high: 3 }], args: [0] },
    { inputs: [[2, 3, 4], { shape: [2, 2, 4], dtype: "int32", low: 0, high: 3 }], args: [-2] },
    { inputs: [[3], { shape: [0], dtype: "int32", low: 0, high: 3 }], args: [0] },
  ],
  arrange: ([x, index], [dim]) => [x, dim, index],
  errors: [
    {
      inputs: [[2, 3], { shape: [1, 2], dtype: "int32", values: [0, 3] }],
      args: [1],
      throws: /gather\(\): index 3 at position \[0, 1\] is out of range for dim 1 of size 3/,
    },
    {
      inputs: [[2, 3], { shape: [3, 1], dtype: "int32", low: 0, high: 1 }],
      args: [1],
      throws: /gather\(\): the index \[3, 1\] does not fit the tensor \[2, 3\]/,
    },
    {
      inputs: [
        [2, 3],
        [2, 1],
      ],
      args: [1],
      throws: /gather\(\): the index must be int32, got float32/,
    },
  ],
  prepare(x: Tensor, dim: number, index: Tensor) {
    const at = normalizeDim("gather", dim, x.ndim);
    requireInt("gather", index);
    checkAlong("gather", x, at, index);
    checkIndices("gather", index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
    return { inputs: [x, index], args: at };
  },
  run([x, index], dim) {
    const source = contiguousInput(reached(x!, dim, index!));
    const places = contiguousInput(index!);
    const { n, inner } = aroundDim(source.shape, dim);
    const out = Tensor.empty(index!.shape, x!.dtype, "gather");
    launch(`gather_${bitsOf(x!.dtype)}`, [out.ptr, source.ptr, places.ptr, n, index!.shape[dim] ?? 1, inner], out.numel);
    return out;
  },
  vjp: [needs([1], (g, c) => scatterAdd(zeros(c.shapes[0]!, { dtype: g.dtype }), c.args, c.input(1), g)), null],
});

/**
 * The slices of `x` along `dim` that the indices name, in their order: `x[:, index]` for dim 1.
 *
 * @param index int32, a scalar or one dim
 * @throws IndexError naming the first index that is out of range
 */
export const indexSelect: Op<(x: Tensor, dim: number, index: Tensor) => Tensor> = op({
  name: "indexSelect",
  torch: (dim: number) => `x.index_select(${dim}, y.long())`,
  samples: [
    { inputs: [[5, 4], { shape: [3], dtype: "int32", low: 0, high: 5 }], args: [0] },
    { inputs: [[2, 5, 3], { shape: [4], dtype: "int32", low: 0, high: 5 }], args: [1] },
    { inputs: [[2, 5], { shape: [0], dtype: "int32", low: 0, high: 5 }], args: [-1] },
  ],
  arrange: ([x, index], [dim]) => [x, dim, index],
  errors: [
    {
      inputs: [[3], { shape: [2], dtype: "int32", values: [0, -1] }],
      args: [0],
      throws: /indexSelect\(\): index -1 at position \[1\] is out of range for dim 0 of size 3/,
    },
    {
      inputs: [[3], { shape: [1, 1], dtype: "int32", values: [0] }],
      args: [0],
      throws: /indexSelect\(\): expected indices of one dim, got \[1, 1\]/,
    },
  ],
  prepare(x: Tensor, dim: number, index: Tensor) {
    const at = normalizeDim("indexSelect", dim, x.ndim);
    requireInt("indexSelect", index);
    if (index.ndim > 1)
      throw new ShapeError(`indexSelect(): expected indices of one dim, got ${show(index.shape)}; use gather(), or reshape() them`);
    checkIndices("indexSelect", index, { size: x.shape[at] ?? 1, what: `dim ${at} of size ${x.shape[at] ?? 1}` });
    return { inputs: [x, index], args: at };
  },
  run: ([x, index], dim) => selectRows(x!, dim, index!, x!.ndim === 0 ? [] : x!.shape.map((size, d) => (d === dim ? index!.numel : size))),
  vjp: [needs([1], (g, c) => indexAdd(zeros(c.shapes[0]!, { dtype: g.dtype }), c.args, c.input(1), g)), null],
});

export function selectRows(x: Tensor, dim: number, index: Tensor, shape: readonly number[]): Tensor {
  const source = contiguousInput(x);
  const places = contiguousInput(index);
  const { outer, n, inner } = aroundDim(x.shape, dim);
  const out = Tensor.empty(shape, x.dtype, "indexSelect");
  const rows = outer * places.numel;
  if (rows > 0) launch(`index_select_${bitsOf(x.dtype)}`, [out.ptr, source.ptr, places.ptr, n, places.numel, inner], rows, inner);
  return out;
}

/** `x` flattened, at these positions: `x.reshape(-1)[index]`, in the shape of the index. Negative ones count from the end. @throws IndexError on a position outside */
export const take: Op<(x: Tensor, index: Tensor) => Tensor> = composite(
  {
    name: "take",
    torch: "x.take(y.long())",
    samples: [
      [[2, 3], { shape: [2, 2], dtype: "int32", low: 0, high: 6 }],
      [[2, 3], { shape: [9], dtype: "int32", low: -6, high: 6 }],
    ],
    errors: [
      { inputs: [[2], [1]], throws: /take\(\): the index must be int32/ },
      {
        inputs: [[2, 3], { shape: [2], dtype: "int32", values: [0, -7] }],
        throws: /take\(\): index -7 at position \[1\] is out of range for the 6 elements of \[2, 3\]; expected -6 to 5/,
      },
    ],
  },
  (x: Tensor, index: Tensor) => {
    const { numel } = x;
    requireInt("take", index);
    checkIndices("take", index, { from: -numel, size: numel, what: `the ${numel} elements of ${show(x.shape)}` });
    const forward = where(lt(index, 0), add(index, numel), index);
    return reshape(indexSelect(reshape(x, [-1]), 0, reshape(forward, [-1])), index.shape);
  },
);

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

/** x = scatterAdd(x, …), in place. */
export const scatterAdd_: (x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor = inPlace(scatterAdd);

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

/** x = indexAdd(x, …), in place. */
export const indexAdd_: (x: Tensor, dim: number, index: Tensor, source: Tensor, options?: { alpha?: number }) => Tensor = inPlace(indexAdd);
