import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { type Shape, sameShape, show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { scaledDotProductAttention } from "../ops/attention.js";
import { add, mul } from "../ops/binary.js";
import { logicalNot, logicalOr } from "../ops/compare.js";
import { empty, full, zeros } from "../ops/creation.js";
import { mergeHeads, selfAttention, splitHeads } from "../ops/heads.js";
import { cat } from "../ops/join.js";
import { linear } from "../ops/linear.js";
import { matmul } from "../ops/matmul.js";
import { defaultGenerator } from "../core/generator.js";
import { dropout, dropoutMask } from "../ops/random.js";
import { mean } from "../ops/reduce.js";
import { narrow } from "../ops/slice.js";
import { softmax } from "../ops/softmax.js";
import { expand, reshape, squeeze, transpose, unsqueeze } from "../ops/view.js";
import { where } from "../ops/where.js";
import { xavierNormal_, xavierUniform_, zeros_ } from "./init.js";
import { Linear, checkCounts } from "./linear.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

export interface MultiheadAttentionOptions {
  /** The probability that an attention weight becomes 0 while training. Default 0. */
  dropout?: number;
  /** Whether the projections add something. Default true. */
  bias?: boolean;
  /** A learned key and value after those given. Default false. */
  addBiasKv?: boolean;
  /** A key and value of zeros after those given. Default false. */
  addZeroAttn?: boolean;
  /** Features of the keys. Default embedDim. */
  kdim?: number;
  /** Features of the values. Default embedDim. */
  vdim?: number;
  /** Tensors are `[N, L, E]`, not `[L, N, E]`. Default false. */
  batchFirst?: boolean;
  dtype?: DType;
}

export interface MultiheadAttentionInputs {
  /** `[N, S]`, or `[S]` without a batch: bool (true hides a key) or added to its scores. */
  keyPaddingMask?: Tensor | null;
  /** Whether the weights are wanted too. Default true, as in PyTorch; false is quicker. */
  needWeights?: boolean;
  /** `[L, S]` or `[N · heads, L, S]`: bool (true hides, the other way round than in F.scaledDotProductAttention) or added to the scores. */
  attnMask?: Tensor | null;
  /** Weights as the mean over the heads. Default true. */
  averageAttnWeights?: boolean;
  /** Says that attnMask is the causal one, which is quicker. Default false. */
  isCausal?: boolean;
}

/** The name under which PyTorch prints it; a Linear. */
export class NonDynamicallyQuantizableLinear extends Linear {}

/**
 * Attention of several heads, each on its share of `embedDim` features: queries, keys and values are projected by
 * `in_proj_weight` `[3 embedDim, embedDim]` (by `q_proj_weight`, `k_proj_weight`, `v_proj_weight` where kdim or vdim
 * differ), attended as in F.scaledDotProductAttention, joined and projected by `out_proj`.
 *
 * Fields that hold state have PyTorch's names. A query that sees no key gets NaN where weights are wanted and zeros before
 * out_proj where not, as in PyTorch, whose fast path (evaluation, no gradients, batchFirst) gives NaN either way.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html, https://arxiv.org/abs/1706.03762
 */
export class MultiheadAttention extends Module {
  readonly q_proj_weight: Parameter | null;
  readonly k_proj_weight: Parameter | null;
  readonly v_proj_weight: Parameter | null;
  readonly in_proj_weight: Parameter | null;
  readonly in_proj_bias: Parameter | null;
  readonly bias_k: Parameter | null;
  readonly bias_v: Parameter | null;
  readonly out_proj: NonDynamicallyQuantizableLinear;
  readonly kdim: number;
  readonly vdim: number;
  readonly headDim: number;
  readonly dropout: number;
  readonly batchFirst: boolean;
  readonly addZeroAttn: boolean;

  /** @throws ArgumentError unless the heads divide embedDim and 0 ≤ dropout ≤ 1 */
  constructor(
    readonly embedDim: number,
    readonly numHeads: number,
    options: MultiheadAttentionOptions = {},
  ) {
    super();
    const { dropout: p = 0, bias = true, addBiasKv = false, addZeroAttn = false, batchFirst = false, dtype } = options;
    const { kdim = embedDim, vdim = embedDim } = options;
    checkCounts("MultiheadAttention", { embedDim, numHeads, kdim, vdim });
    if (embedDim % numHeads !== 0) throw new ArgumentError(`MultiheadAttention(): ${numHeads} heads do not divide embedDim ${embedDim}`);
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`MultiheadAttention(): dropout must be in 0..1, got ${p}`);
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, { dtype }));
    const same = kdim === embedDim && vdim === embedDim;
    this.kdim = kdim;
    this.vdim = vdim;
    this.headDim = embedDim / numHeads;
    this.dropout = p;
    this.batchFirst = batchFirst;
    this.addZeroAttn = addZeroAttn;
    this.q_proj_weight = same ? null : parameter(embedDim, embedDim);
    this.k_proj_weight = same ? null : parameter(embedDim, kdim);
    this.v_proj_weight = same ? null : parameter(embedDim, vdim);
    this.in_proj_weight = same ? parameter(3 * embedDim, embedDim) : null;
    this.in_proj_bias = bias ? parameter(3 * embedDim) : null;
    this.out_proj = new NonDynamicallyQuantizableLinear(embedDim, embedDim, { bias, dtype });
    this.bias_k = addBiasKv ? parameter(1, 1, embedDim) : null;
    this.bias_v = addBiasKv ? parameter(1, 1, embedDim) : null;
    this.resetParameters();
  }

  /** Weights by xavierUniform_, biases 0; out_proj's weight stays. */
  resetParameters(): void {
    for (const weight of [this.in_proj_weight, this.q_proj_weight, this.k_proj_weight, this.v_proj_weight])
      if (weight) xavierUniform_(weight);
    for (const bias of [this.in_proj_bias, this.in_proj_bias && this.out_proj.bias]) if (bias) zeros_(bias);
    for (const extra of [this.bias_k, this.bias_v]) if (extra) xavierNormal_(extra);
  }

  /**
   * The output, `[L, N, E]` (`[N, L, E]` with batchFirst, `[L, E]` without a batch), and the weights, `[N, L, S]`
   * (`[N, heads, L, S]` unless averaged; no N without a batch), or null.
   *
   * @param query as the output. Where query, key and value are one tensor, their projection is one product
   * @param key `[S, N, kdim]`, or as query
   * @param value `[S, N, vdim]`, or as query
   * @throws ShapeError, DTypeError when something does not fit
   */
  forward(query: Tensor, key: Tensor, value: Tensor, options: MultiheadAttentionInputs = {}): [Tensor, Tensor | null] {
    const sizes = checkInputs(this, query, key, value, options);
    return temporary(() => attend(this, query, key, value, options, sizes));
  }
}

interface Sizes {
  readonly batched: boolean;
  readonly n: number;
  readonly l: number;
  readonly s: number;
}

const FORWARD = "MultiheadAttention.forward";

function checkInputs(mha: MultiheadAttention, query: Tensor, key: Tensor, value: Tensor, options: MultiheadAttentionInputs): Sizes {
  const shapes = [query, key, value].map((x) => show(x.shape)).join(", ");
  if (![2, 3].includes(query.ndim) || key.ndim !== query.ndim || value.ndim !== query.ndim)
    throw new ShapeError(`${FORWARD}(): expected query, key and value of 3 dims, or of 2 without a batch, got ${shapes}`);
  const batched = query.ndim === 3;
  const [batch, length] = mha.batchFirst ? [0, 1] : [1, 0];
  const [q, k, v] = [query, key, value].map((x) => [batched ? x.shape[batch]! : 1, x.shape[batched ? length : 0]!, x.shape.at(-1)!]);
  const widths = [mha.embedDim, mha.kdim, mha.vdim];
  if (![q, k, v].every((x, i) => x![2] === widths[i]))
    throw new ShapeError(`${FORWARD}(): query, key and value must have ${widths.join(", ")} features, got ${shapes}`);
  const [[n, l], [nk, s], [nv, sv]] = [q, k, v] as [number[], number[], number[]] as [[number, number], [number, number], [number, number]];
  if (nk !== n || nv !== n || sv !== s)
    throw new ShapeError(`${FORWARD}(): query, key and value need one batch size, key and value one length, got ${shapes}`);
  const { attnMask = null, keyPaddingMask = null, isCausal = false } = options;
  const rows = n * mha.numHeads;
  checkMask("attnMask", query, attnMask, [
    [l, s],
    [rows, l, s],
  ]);
  checkMask("keyPaddingMask", query, keyPaddingMask, [batched ? [n, s] : [s]]);
  if (isCausal && !attnMask)
    throw new ArgumentError(
      `${FORWARD}(): isCausal says that attnMask is causal, so pass both: nn.Transformer.generateSquareSubsequentMask(${l})`,
    );
  return { batched, n, l, s };
}

function checkMask(name: string, query: Tensor, mask: Tensor | null, shapes: readonly Shape[]): void {
  if (!mask) return;
  if (mask.dtype !== "bool" && mask.dtype !== query.dtype)
    throw new DTypeError(
      `${FORWARD}(): ${name} is ${mask.dtype}, expected bool or that of the query, ${query.dtype}; convert it with .to(…)`,
    );
  if (!shapes.some((shape) => sameShape(shape, mask.shape)))
    throw new ShapeError(`${FORWARD}(): ${name} is ${show(mask.shape)}, expected ${shapes.map(show).join(" or ")}`);
}

/** All that follows sees `[N, …]`; projections are made in the layout that came, where they need no copy. */
function attend(
  mha: MultiheadAttention,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: MultiheadAttentionInputs,
  { batched, n, l, s }: Sizes,
): [Tensor, Tensor | null] {
  const { needWeights = true, averageAttnWeights = true, isCausal = false, attnMask = null, keyPaddingMask = null } = options;
  const { numHeads: heads, headDim, embedDim, batchFirst, bias_k, bias_v, addZeroAttn, out_proj } = mha;
  const swapped = batched && !batchFirst;
  const first = (x: Tensor): Tensor => (!batched ? unsqueeze(x, 0) : swapped ? transpose(x, 0, 1) : x);
  const extra = (bias_k ? 1 : 0) + (addZeroAttn ? 1 : 0);
  const scale = 1 / Math.sqrt(headDim);
  const p = mha.training ? mha.dropout : 0;
  const causal = isCausal && !keyPaddingMask && !needWeights;
  const mask = mergeMasks(causal ? null : attnMask, keyPaddingMask, { n, heads, l, s, extra }, query.dtype);
  const finish = (x: Tensor): Tensor => {
    const y = !batched ? squeeze(x, 0) : swapped ? transpose(x, 0, 1) : x;
    return linear(y, out_proj.weight, out_proj.bias);
  };

  const packed = mha.in_proj_weight && query === key && key === value ? first(linear(query, mha.in_proj_weight, mha.in_proj_bias)) : null;
  if (packed && !needWeights && extra === 0) {
    const drop = p > 0 ? dropoutMask([n, heads, l, s], query.dtype, p, defaultGenerator()) : null;
    return [finish(selfAttention(packed, mask, drop, { heads, scale, causal })), null];
  }
  const three = packed
    ? [0, 1, 2].map((part) => narrow(packed, -1, part * embedDim, embedDim))
    : project(mha, query, key, value).map(first);
  const [q, k, v] = three as [Tensor, Tensor, Tensor];
  const [allK, allV] = [lengthen(k, bias_k, addZeroAttn), lengthen(v, bias_v, addZeroAttn)];
  const split = [q, allK, allV].map((x) => splitHeads(x, heads)) as [Tensor, Tensor, Tensor];
  if (!needWeights)
    return [finish(mergeHeads(scaledDotProductAttention(...split, { attnMask: mask, dropoutP: p, isCausal: causal }))), null];

  const scores = masked(matmul(mul(split[0], scale), transpose(split[1], -1, -2)), mask);
  const weights = dropout(softmax(scores, -1), { p, training: p > 0 });
  const shown = averageAttnWeights ? mean(weights, 1) : weights;
  return [finish(mergeHeads(matmul(weights, split[2]))), batched ? shown : squeeze(shown, 0)];
}

/** Queries, keys and values, each by its own rows of the weight. */
function project(mha: MultiheadAttention, ...inputs: readonly [Tensor, Tensor, Tensor]): Tensor[] {
  const { embedDim: e, in_proj_weight: all, in_proj_bias: bias } = mha;
  const own = [mha.q_proj_weight, mha.k_proj_weight, mha.v_proj_weight];
  return inputs.map((x, part) => linear(x, own[part] ?? narrow(all!, 0, part * e, e), bias && narrow(bias, 0, part * e, e)));
}

/** `[N, S, E]` with a learned entry and one of zeros at the end. */
function lengthen(x: Tensor, learned: Tensor | null, zero: boolean): Tensor {
  const shape = [x.shape[0]!, 1, x.shape[2]!];
  const parts = [x, ...(learned ? [expand(learned, shape)] : []), ...(zero ? [zeros(shape, { dtype: x.dtype })] : [])];
  return parts.length === 1 ? x : cat(parts, 1);
}

interface MaskSizes extends Omit<Sizes, "batched"> {
  readonly heads: number;
  readonly extra: number;
}

/** Both masks as one for F.scaledDotProductAttention: bool where both are, else added. */
function mergeMasks(attn: Tensor | null, padding: Tensor | null, { n, heads, l, s, extra }: MaskSizes, dtype: DType): Tensor | null {
  const shaped = [attn && (attn.ndim === 3 ? reshape(attn, [n, heads, l, s]) : attn), padding && reshape(padding, [n, 1, 1, s])];
  const masks = shaped.filter((x) => x !== null).map((x) => seeMore(x, extra));
  if (masks.length === 0) return null;
  if (masks.every((x) => x.dtype === "bool")) return logicalNot(masks.reduce((x, y) => logicalOr(x, y)));
  return masks
    .map((x) => (x.dtype === "bool" ? where(x, full([], -Infinity, { dtype }), zeros([], { dtype })) : x))
    .reduce((x, y) => add(x, y));
}

/** A mask that hides none of `extra` more keys. */
function seeMore(mask: Tensor, extra: number): Tensor {
  return extra === 0 ? mask : cat([mask, zeros([...mask.shape.slice(0, -1), extra], { dtype: mask.dtype })], -1);
}

function masked(scores: Tensor, mask: Tensor | null): Tensor {
  if (!mask) return scores;
  return mask.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask);
}
