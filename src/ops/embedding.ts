import { launch } from "../runtime/backend.js";
import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import type { DType } from "../core/dtype.js";
import { op, temporary } from "../core/op.js";
import { keywords } from "../core/python.js";
import { show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { add, div, mul } from "./binary.js";
import { gt, ne } from "./compare.js";
import { detach, to } from "./convert.js";
import { ones, zeros } from "./creation.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { indexAdd, indexSelect, selectRows } from "./gather.js";
import { indexCopy_ } from "./scatter.js";
import { norm } from "./statistics.js";
import { reciprocal } from "./unary.js";
import { reshape, unsqueeze } from "./view.js";
import { where } from "./where.js";

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
  tensors: [0, 1],
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
