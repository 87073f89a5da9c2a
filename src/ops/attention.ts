import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { type Generator, defaultGenerator } from "../core/generator.js";
import { composite } from "../core/op.js";
import { keywords } from "../core/python.js";
import { type Shape, broadcastShapes, sameShape, show } from "../core/shape.js";
import type { Op, Sample } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { checkFloats } from "./families/product.js";
import { NAME, attention } from "./heads.js";
import { dropoutMask } from "./random.js";
import { expand, reshape } from "./view.js";

export interface AttentionOptions {
  /** Bool (true: takes part) or added to the scores; broadcasts to `[…, L, S]`. */
  attnMask?: Tensor | null;
  /** The probability that a weight becomes 0. Default 0. There is no training switch: pass 0 in evaluation. */
  dropoutP?: number;
  /** Query i sees keys 0 to i only. Default false; not together with a mask. */
  isCausal?: boolean;
  /** Default 1 / √E. */
  scale?: number | null;
  /** Fewer heads of keys and values, dim -3, than of queries: each serves as many. Default false. */
  enableGqa?: boolean;
  generator?: Generator;
}

interface Sizes {
  readonly batch: Shape;
  readonly l: number;
  readonly s: number;
}

/** @throws ShapeError, DTypeError unless the three fit together */
function checkHeads(q: Tensor, k: Tensor, v: Tensor, gqa: boolean): Sizes {
  if ([q, k, v].some((x) => x.ndim < (gqa ? 3 : 2)))
    throw new ShapeError(
      `${NAME}(): expected query [${gqa ? "…, heads" : "…"}, L, E], key and value alike, got ${[q, k, v].map((x) => show(x.shape)).join(", ")}`,
    );
  checkFloats(NAME, q, k, v);
  const [l, e] = q.shape.slice(-2) as [number, number];
  const s = k.shape.at(-2)!;
  if (k.shape.at(-1) !== e)
    throw new ShapeError(
      `${NAME}(): the query ${show(q.shape)} has ${e} features, the key ${show(k.shape)} ${k.shape.at(-1)}; they must be as many`,
    );
  if (v.shape.at(-2) !== s)
    throw new ShapeError(`${NAME}(): ${s} keys ${show(k.shape)}, but ${v.shape.at(-2)} values ${show(v.shape)}; each key needs one`);
  const [bq, bk, bv] = [q, k, v].map((x) => x.shape.slice(0, -2)) as [number[], number[], number[]];
  if (!gqa) return { batch: broadcastShapes(NAME, bq, broadcastShapes(NAME, bk, bv)), l, s };
  const [hq, hk, hv] = [bq, bk, bv].map((batch) => batch.at(-1)!) as [number, number, number];
  if (hk !== hv || hk === 0 || hq % hk !== 0)
    throw new ShapeError(
      `${NAME}(): ${hq} heads of queries, ${hk} of keys and ${hv} of values: with enableGqa the last two must be equal and divide the first`,
    );
  const outer = broadcastShapes(NAME, bq.slice(0, -1), broadcastShapes(NAME, bk.slice(0, -1), bv.slice(0, -1)));
  return { batch: [...outer, hq], l, s };
}

function checkMask(q: Tensor, mask: Tensor, causal: boolean, shape: Shape): void {
  if (causal) throw new ArgumentError(`${NAME}(): isCausal is a mask itself: pass either it or attnMask, or merge them`);
  if (mask.dtype !== "bool" && mask.dtype !== q.dtype)
    throw new DTypeError(`${NAME}(): the mask is ${mask.dtype}, expected bool or that of the query, ${q.dtype}; convert it with .to(…)`);
  const fits = mask.ndim <= shape.length && mask.shape.every((size, i) => size === 1 || size === shape[i + shape.length - mask.ndim]);
  if (!fits) throw new ShapeError(`${NAME}(): the mask ${show(mask.shape)} does not broadcast to the scores ${show(shape)}`);
}

/** Groups of heads that share keys and values become a dim of their own: dim -3 of queries, repeated for the others. */
function grouped(x: Tensor, heads: number, groups: number): Tensor {
  if (x.ndim < 3) return x;
  const own = x.shape.at(-3)!;
  const shape = own === heads ? [groups, heads / groups] : own === groups ? [groups, 1] : [1, 1];
  return reshape(x, [...x.shape.slice(0, -3), ...shape, ...x.shape.slice(-2)]);
}

const expanded = (x: Tensor, batch: Shape): Tensor =>
  sameShape(x.shape.slice(0, -2), batch) ? x : expand(x, [...batch, ...x.shape.slice(-2)]);

/** Factors 0 or 1 / (1 − p), drawn in PyTorch's order; null for p = 0. */
export function dropFactors(shape: Shape, like: Tensor, p: number, generator: Generator = defaultGenerator()): Tensor | null {
  return p === 0 ? null : dropoutMask(shape, like.dtype, p, generator);
}

const BOOLS = { shape: [3, 5], dtype: "bool", values: [1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1] } as const;
const CROSS = [
  [2, 3, 4],
  [2, 5, 4],
  [2, 5, 3],
] as const;

/**
 * softmax(query keyᵀ · scale + mask) value: query `[…, L, E]`, key `[…, S, E]`, value `[…, S, Ev]`, out `[…, L, Ev]`. Leading
 * dims broadcast. A query that the mask lets see no key gives zeros. Any strides: heads that were split off by a
 * transpose cost no copy, and the scores of a long sequence are never all in memory.
 *
 * @throws ShapeError, DTypeError when shapes or dtypes do not fit, ArgumentError for a causal mask beside another
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export const scaledDotProductAttention: Op<(query: Tensor, key: Tensor, value: Tensor, options?: AttentionOptions) => Tensor> = composite(
  {
    name: NAME,
    torch: (options?: AttentionOptions) => `F.scaled_dot_product_attention(*inputs${keywords({ ...options })})`,
    samples: [
      CROSS,
      { inputs: CROSS, args: [{ isCausal: true }] },
      { inputs: CROSS, args: [{ scale: -0.3 }] },
      [...CROSS, BOOLS],
      [...CROSS, [2, 3, 5]],
      [...CROSS, [1, 5]],
      [...CROSS, { shape: [3, 5], values: [0, 1, -Infinity, 0, 2, ...new Array<number>(5).fill(-Infinity), 0, 0, -2, 0, 1], grad: false }],
      [
        [3, 4],
        [1, 4],
        [1, 4],
      ],
      [
        [2, 1, 3, 4],
        [3, 5, 4],
        [2, 1, 5, 4],
      ],
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      [
        [2, 3, 4],
        [2, 0, 4],
        [2, 0, 3],
      ],
      [
        [2, 0, 4],
        [2, 3, 4],
        [2, 3, 3],
      ],
      [
        [3, 0],
        [2, 0],
        [2, 3],
      ],
      {
        inputs: [
          [2, 4, 3, 5],
          [2, 2, 4, 5],
          [2, 2, 4, 3],
        ],
        args: [{ enableGqa: true }],
      },
      {
        inputs: [
          [67, 5],
          [67, 5],
          [67, 6],
        ],
        args: [{ isCausal: true }],
      },
    ] as readonly (Sample | Sample["inputs"])[],
    errors: [
      {
        inputs: [[4], [4], [4]],
        throws: /scaledDotProductAttention\(\): expected query \[…, L, E\], key and value alike, got \[4\], \[4\], \[4\]/,
      },
      {
        inputs: [
          [3, 4],
          [5, 6],
          [5, 4],
        ],
        throws: /the query \[3, 4\] has 4 features, the key \[5, 6\] 6/,
      },
      {
        inputs: [
          [3, 4],
          [5, 4],
          [6, 4],
        ],
        throws: /scaledDotProductAttention\(\): 5 keys \[5, 4\], but 6 values \[6, 4\]/,
      },
      {
        inputs: [
          [2, 3, 4],
          [3, 5, 4],
          [2, 5, 4],
        ],
        throws: /scaledDotProductAttention\(\): shapes/,
      },
      {
        inputs: CROSS.map((shape) => ({ shape, dtype: "int32" as const })),
        throws: /scaledDotProductAttention\(\): expected floating point/,
      },
      {
        inputs: [...CROSS, [2, 5]],
        throws: /scaledDotProductAttention\(\): the mask \[2, 5\] does not broadcast to the scores \[2, 3, 5\]/,
      },
      {
        inputs: [...CROSS, { shape: [3, 5], dtype: "int32" }],
        throws: /scaledDotProductAttention\(\): the mask is int32, expected bool or that of the query/,
      },
      { inputs: [...CROSS, BOOLS], args: [{ isCausal: true }], throws: /scaledDotProductAttention\(\): isCausal is a mask itself/ },
      { inputs: CROSS, args: [{ dropoutP: 2 }], throws: /scaledDotProductAttention\(\): dropoutP must be in 0\.\.1, got 2/ },
      {
        inputs: [
          [3, 3, 4],
          [2, 5, 4],
          [2, 5, 4],
        ],
        args: [{ enableGqa: true }],
        throws: /scaledDotProductAttention\(\): 3 heads of queries, 2 of keys and 2 of values/,
      },
    ],
    arrange: ([q, k, v, mask], [options]) => [q, k, v, { ...(mask ? { attnMask: mask } : {}), ...(options as AttentionOptions) }],
  },
  (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}) => {
    const { attnMask = null, dropoutP = 0, isCausal = false, enableGqa = false, generator } = options;
    const { batch, l, s } = checkHeads(query, key, value, enableGqa);
    if (attnMask) checkMask(query, attnMask, isCausal, [...batch, l, s]);
    if (!(dropoutP >= 0 && dropoutP <= 1)) throw new ArgumentError(`${NAME}(): dropoutP must be in 0..1, got ${dropoutP}`);
    const e = query.shape.at(-1)!;
    const how = { scale: options.scale ?? (e === 0 ? 1 : 1 / Math.sqrt(e)), causal: isCausal };
    const drop = dropFactors([...batch, l, s], query, dropoutP, generator);
    if (!enableGqa)
      return attention(
        [query, key, value].map((x) => expanded(x, batch)),
        attnMask,
        drop,
        how,
      );
    const [heads, groups] = [query.shape.at(-3)!, key.shape.at(-3)!];
    const wide = [...batch.slice(0, -1), groups, heads / groups];
    const parts = [query, key, value].map((x) => expanded(grouped(x, heads, groups), wide));
    const [mask, factors] = [attnMask, drop].map((x) => x && grouped(x, heads, groups)) as [Tensor | null, Tensor | null];
    return reshape(attention(parts, mask, factors, how), [...batch, l, value.shape.at(-1)!]);
  },
);
