import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import { type DType, bitsOf } from "../core/dtype.js";
import { composite, op, temporary } from "../core/op.js";
import { keywords } from "../core/python.js";
import { normalizeDim, show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, div, mul } from "./binary.js";
import { gt, ne } from "./compare.js";
import { detach, to } from "./convert.js";
import { ones, zeros } from "./creation.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { aroundDim } from "./families/reduction.js";
import { indexAdd, indexCopy_, scatterAdd } from "./scatter.js";
import { narrow } from "./slice.js";
import { norm } from "./statistics.js";
import { reciprocal } from "./unary.js";
import { reshape, unsqueeze } from "./view.js";
import { where } from "./where.js";

/** @throws ShapeError unless `index` has the dims of `x` and is nowhere larger, but along `dim` */
export function checkAlong(name: string, x: Tensor, dim: number, index: Tensor, what = "the tensor"): void {
  const fits = index.ndim === x.ndim && index.shape.every((size, d) => d === dim || size <= x.shape[d]!);
  if (!fits)
    throw new ShapeError(
      `${name}(): the index ${show(index.shape)} does not fit ${what} ${show(x.shape)}: it needs the same dims and, but along dim ${dim}, no larger sizes`,
    );
}

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

function selectRows(x: Tensor, dim: number, index: Tensor, shape: readonly number[]): Tensor {
  const source = contiguousInput(x);
  const places = contiguousInput(index);
  const { outer, n, inner } = aroundDim(x.shape, dim);
  const out = Tensor.empty(shape, x.dtype, "indexSelect");
  const rows = outer * places.numel;
  if (rows > 0) launch(`index_select_${bitsOf(x.dtype)}`, [out.ptr, source.ptr, places.ptr, n, places.numel, inner], rows, inner);
  return out;
}

export interface EmbeddingOptions {
  /** A row that gets no gradient. Negative: from the end. */
  paddingIdx?: number | null;
  /** Rows that are looked up and have a larger norm are first scaled down to it, in the weight itself. Default none. */
  maxNorm?: number | null;
  /** p of that norm. Default 2. */
  normType?: number;
  /** Divide the gradient of a row by how often it was looked up. Default false. */
  scaleGradByFreq?: boolean;
}

/** Rows of `weight` that the indices name, scaled to a norm of at most `most`, in place. */
function limitRows(weight: Tensor, index: Tensor, most: number, p: number): void {
  temporary(() => {
    const flat = reshape(index, [-1]);
    const rows = indexSelect(weight, 0, flat);
    const norms = norm(rows, p, 1, { keepdim: true });
    const scaled = mul(rows, div(most, add(norms, 1e-7)));
    indexCopy_(detach(weight), 0, flat, where(gt(norms, most), scaled, rows));
  });
}

/** 1 / how often each index occurs, in the shape of the indices. */
function shares(index: Tensor, rows: number, dtype: DType): Tensor {
  const flat = reshape(index, [-1]);
  const counts = indexAdd(zeros([rows], { dtype }), 0, flat, ones([flat.numel], { dtype }));
  return reshape(reciprocal(indexSelect(counts, 0, flat)), index.shape);
}

/**
 * The rows of `weight` `[num, dim]` that the indices name: shape `[...index, dim]`. With `maxNorm` it changes the weight, as in PyTorch.
 *
 * @throws IndexError naming the first index outside the table
 */
export const embedding: Op<(index: Tensor, weight: Tensor, options?: EmbeddingOptions) => Tensor> = op({
  name: "embedding",
  torch: (options?: EmbeddingOptions) => `torch.nn.functional.embedding(y.long(), x${keywords({ ...options })})`,
  samples: [
    { inputs: [[5, 3], { shape: [2, 4], dtype: "int32", low: 0, high: 5 }] },
    { inputs: [[5, 3], { shape: [4], dtype: "int32", values: [1, 4, 1, 0] }], args: [{ paddingIdx: 1 }], finiteDifferences: false },
    { inputs: [[5, 3], { shape: [4], dtype: "int32", values: [1, 4, 4, 0] }], args: [{ paddingIdx: -1 }], finiteDifferences: false },
    { inputs: [[5, 3], { shape: [4], dtype: "int32", values: [1, 4, 4, 0] }], args: [{ scaleGradByFreq: true }], finiteDifferences: false },
    { inputs: [[5, 3], { shape: [], dtype: "int32", values: [2] }] },
    { inputs: [[5, 3], { shape: [0], dtype: "int32", low: 0, high: 5 }] },
  ],
  arrange: ([weight, index], [options]) => [index, weight, options],
  errors: [
    {
      inputs: [[5, 3], { shape: [2], dtype: "int32", values: [0, 5] }],
      throws: /embedding\(\): index 5 at position \[1\] is out of range for a table of 5 rows/,
    },
    {
      inputs: [[5], { shape: [2], dtype: "int32", values: [0, 1] }],
      throws: /embedding\(\): the weight must be a matrix \[num, dim\], got \[5\]/,
    },
    {
      inputs: [[5, 3], { shape: [1], dtype: "int32", values: [0] }],
      args: [{ paddingIdx: 5 }],
      throws: /embedding\(\): paddingIdx 5 is outside a table of 5 rows/,
    },
    {
      inputs: [[5, 3], { shape: [1], dtype: "int32", values: [0] }],
      args: [{ maxNorm: -1 }],
      throws: /embedding\(\): maxNorm must be 0 or more and normType above 0, got -1 and 2/,
    },
  ],
  prepare(index: Tensor, weight: Tensor, options: EmbeddingOptions = {}) {
    const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
    requireInt("embedding", index, "indices");
    if (weight.ndim !== 2) throw new ShapeError(`embedding(): the weight must be a matrix [num, dim], got ${show(weight.shape)}`);
    const rows = weight.shape[0]!;
    if (paddingIdx !== null && !(Number.isInteger(paddingIdx) && paddingIdx >= -rows && paddingIdx < rows)) {
      throw new ArgumentError(`embedding(): paddingIdx ${paddingIdx} is outside a table of ${rows} rows`);
    }
    if ((maxNorm !== null && !(maxNorm >= 0)) || !(normType > 0))
      throw new ArgumentError(`embedding(): maxNorm must be 0 or more and normType above 0, got ${maxNorm} and ${normType}`);
    checkIndices("embedding", index, { size: rows, what: `a table of ${rows} rows` });
    const ignore = paddingIdx !== null && paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
    return { inputs: [weight, index], args: { ignore, maxNorm, normType, scaleGradByFreq } };
  },
  run([weight, index], { maxNorm, normType }) {
    if (maxNorm !== null) limitRows(weight!, index!, maxNorm, normType);
    return selectRows(weight!, 0, index!, [...index!.shape, weight!.shape[1]!]);
  },
  vjp: [
    needs([1], (g, c) => {
      const [rows] = c.shapes[0] as [number, number];
      const scaled = c.args.scaleGradByFreq ? mul(g, unsqueeze(shares(c.input(1), rows, g.dtype), -1)) : g;
      return embeddingGrad(scaled, c.input(1), c.shapes[0]!, c.args.ignore);
    }),
    null,
  ],
});

/** The gradient of a table: the rows of `g` added up where they came from, but for the padding. */
const embeddingGrad: Op<(g: Tensor, index: Tensor, shape: readonly number[], ignore: number | null) => Tensor> = op({
  name: "_embeddingGrad",
  torch: (shape: readonly number[]) => `torch.zeros(${show(shape)}, dtype=x.dtype).index_add(0, y.long(), x)`,
  samples: [{ inputs: [[4, 3], { shape: [4], dtype: "int32", low: 0, high: 5 }], args: [[5, 3], null] }],
  prepare: (g: Tensor, index: Tensor, shape: readonly number[], ignore: number | null) => ({ inputs: [g, index], args: { shape, ignore } }),
  run([g, index], { shape, ignore }) {
    const source = contiguousInput(g!);
    const places = contiguousInput(index!);
    const out = zeros(shape, { dtype: g!.dtype });
    const [rows, dim] = shape as [number, number];
    const type = g!.dtype === "float64" ? "f64" : "f32";
    launch(`index_add_${type}`, [out.ptr, source.ptr, places.ptr, rows, places.numel, dim, 1, ignore ?? -1], dim, places.numel, {
      inPlace: true,
    });
    return out;
  },
  vjp: [
    needs([1], (g, c) => {
      const rows = embedding(c.input(1), g);
      const { ignore } = c.args;
      return ignore === null ? rows : mul(rows, unsqueeze(to(ne(c.input(1), ignore), g.dtype), -1));
    }),
    null,
  ],
});

/** `x` flattened, at these positions: `x.reshape(-1)[index]`, in the shape of the index. @throws IndexError on a position outside */
export const take: Op<(x: Tensor, index: Tensor) => Tensor> = composite(
  {
    name: "take",
    torch: "x.take(y.long())",
    samples: [[[2, 3], { shape: [2, 2], dtype: "int32", low: 0, high: 6 }]],
    errors: [{ inputs: [[2], [1]], throws: /take\(\): the index must be int32/ }],
  },
  (x: Tensor, index: Tensor) => {
    requireInt("take", index);
    return reshape(indexSelect(reshape(x, [-1]), 0, reshape(index, [-1])), index.shape);
  },
);

/** For ops that need the same elements of several tensors. @throws DTypeError when the dtypes differ */
export function requireSameDType(name: string, x: Tensor, y: Tensor, what = "the source"): void {
  if (x.dtype !== y.dtype) throw new DTypeError(`${name}(): ${what} is ${y.dtype}, the tensor ${x.dtype}; convert one with .to(…)`);
}
