import { ArgumentError } from "../runtime/errors.js";
import { copyInto } from "../core/copy.js";
import { constant } from "../core/constant.js";
import type { DType } from "../core/dtype.js";
import type { Tensor } from "../core/tensor.js";
import { empty } from "../ops/creation.js";
import { detach } from "../ops/convert.js";
import { embedding } from "../ops/gather.js";
import { select } from "../ops/slice.js";
import { normal_ } from "./init.js";
import { Layer } from "./layer.js";
import { checkCounts } from "./linear.js";
import { Parameter } from "./parameter.js";

export interface EmbeddingOptions {
  /** A row that starts as zeros and gets no gradient. Negative: from the end. Default none. */
  paddingIdx?: number | null;
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

  /** @throws ArgumentError for sizes that are no counts, or a `paddingIdx` outside the table */
  constructor(
    readonly numEmbeddings: number,
    readonly embeddingDim: number,
    options: EmbeddingOptions = {},
  ) {
    super();
    checkCounts("Embedding", { numEmbeddings, embeddingDim }, 0);
    const { paddingIdx: at = null } = options;
    if (at !== null && !(Number.isInteger(at) && at >= -numEmbeddings && at < numEmbeddings)) {
      throw new ArgumentError(`Embedding(): paddingIdx ${at} is outside a table of ${numEmbeddings} rows`);
    }
    this.paddingIdx = at !== null && at < 0 ? at + numEmbeddings : at;
    this.weight = new Parameter(empty([numEmbeddings, embeddingDim], options));
    this.resetParameters();
  }

  resetParameters(): void {
    normal_(this.weight);
    if (this.paddingIdx !== null) copyInto(select(detach(this.weight), 0, this.paddingIdx), constant(0, this.weight.dtype));
  }

  protected compute(x: Tensor): Tensor {
    return embedding(x, this.weight, { paddingIdx: this.paddingIdx });
  }

  override extraRepr(): string {
    return `${this.numEmbeddings}, ${this.embeddingDim}${this.paddingIdx === null ? "" : `, padding_idx=${this.paddingIdx}`}`;
  }
}
