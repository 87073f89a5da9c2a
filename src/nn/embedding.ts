import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { copyInto } from "../core/copy.js";
import { constant } from "../core/constant.js";
import type { DType } from "../core/dtype.js";
import { sameShape, show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { empty } from "../ops/creation.js";
import { detach } from "../ops/convert.js";
import { embedding } from "../ops/embedding.js";
import { select } from "../ops/slice.js";
import { normal_ } from "./init.js";
import { Layer } from "./layer.js";
import { checkCounts } from "./linear.js";
import { Parameter } from "./parameter.js";
import { pyFloat } from "./repr.js";

export interface EmbeddingOptions {
  /** A row that starts as zeros and gets no gradient. Negative: from the end. Default none. */
  paddingIdx?: number | null;
  /** Rows that are looked up and have a larger norm are first scaled down to it, for good. Default none. */
  maxNorm?: number | null;
  /** p of that norm. Default 2. */
  normType?: number;
  /** Divide the gradient of a row by how often it was looked up. Default false. */
  scaleGradByFreq?: boolean;
  /** The table to use, not drawn, in the same memory: see `fromPretrained`. */
  weight?: Tensor;
  dtype?: DType;
}

/**
 * A table of vectors, `weight` `[numEmbeddings, embeddingDim]`, that starts as N(0, 1): int32 indices of any shape
 * become rows, `[…, embeddingDim]`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends Layer {
  readonly weight: Parameter;
  readonly paddingIdx: number | null;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;

  /** @throws ArgumentError for sizes that are no counts, or a `paddingIdx` outside the table */
  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkCounts("Embedding", { numEmbeddings, embeddingDim }, 0);
    const { paddingIdx: at = null, maxNorm = null, normType = 2, scaleGradByFreq = false, weight } = options;
    if (at !== null && !(Number.isInteger(at) && at >= -numEmbeddings && at < numEmbeddings)) {
      throw new ArgumentError(`Embedding(): paddingIdx ${at} is outside a table of ${numEmbeddings} rows`);
    }
    this.paddingIdx = at !== null && at < 0 ? at + numEmbeddings : at;
    if (weight && !sameShape(weight.shape, [numEmbeddings, embeddingDim]))
      throw new ShapeError(`Embedding(): the weight is ${show(weight.shape)}, expected ${show([numEmbeddings, embeddingDim])}`);
    this.maxNorm = maxNorm;
    this.normType = normType;
    this.scaleGradByFreq = scaleGradByFreq;
    this.weight = new Parameter(weight ?? empty([numEmbeddings, embeddingDim], options));
    if (!weight) this.resetParameters();
  }

  /**
   * A table that is there already, `[numEmbeddings, embeddingDim]`, whose memory it shares.
   * @param options `freeze`: whether it is not to be learned, default true
   * @throws ShapeError unless it has two dims
   */
  static fromPretrained(embeddings: Tensor, options: Omit<EmbeddingOptions, "weight" | "dtype"> & { freeze?: boolean } = {}): Embedding {
    const { freeze = true, ...rest } = options;
    if (embeddings.ndim !== 2)
      throw new ShapeError(`Embedding.fromPretrained(): expected a table [numEmbeddings, embeddingDim], got ${show(embeddings.shape)}`);
    const layer = new Embedding(embeddings.shape[0]!, embeddings.shape[1]!, { ...rest, weight: embeddings });
    layer.weight.requiresGrad = !freeze;
    return layer;
  }

  resetParameters(): void {
    normal_(this.weight);
    if (this.paddingIdx !== null) copyInto(select(detach(this.weight), 0, this.paddingIdx), constant(0, this.weight.dtype));
  }

  protected compute(x: Tensor): Tensor {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq } = this;
    return embedding(x, this.weight, { paddingIdx, maxNorm, normType, scaleGradByFreq });
  }

  override extraRepr(): string {
    const parts: (string | number)[] = [this.numEmbeddings, this.embeddingDim];
    if (this.paddingIdx !== null) parts.push(`padding_idx=${this.paddingIdx}`);
    if (this.maxNorm !== null) parts.push(`max_norm=${pyFloat(this.maxNorm)}`);
    if (this.normType !== 2) parts.push(`norm_type=${pyFloat(this.normType)}`);
    if (this.scaleGradByFreq) parts.push("scale_grad_by_freq=True");
    return parts.join(", ");
  }
}
