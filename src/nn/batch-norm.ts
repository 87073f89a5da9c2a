import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { copyInto } from "../core/copy.js";
import type { DType } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { item } from "../ops/access.js";
import { add } from "../ops/binary.js";
import { ones, zeros } from "../ops/creation.js";
import { batchNorm } from "../ops/norm.js";
import { ones_, zeros_ } from "./init.js";
import { Layer } from "./layer.js";
import { checkCounts } from "./linear.js";
import { Parameter } from "./parameter.js";
import { py, pyFloat } from "./repr.js";

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** The weight of each batch in the running statistics; null: all batches count alike. Default 0.1. */
  momentum?: number | null;
  /** Whether to learn weight and bias. Default true. */
  affine?: boolean;
  /** Whether to collect running statistics and use them in evaluation. Default true. */
  trackRunningStats?: boolean;
  dtype?: DType;
}

/**
 * What BatchNorm1d and BatchNorm2d share. Buffers have PyTorch's names: `running_mean`, `running_var`,
 * `num_batches_tracked` (int32 here, int64 in PyTorch).
 */
abstract class BatchNorm extends Layer {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  declare readonly running_mean: Tensor | null;
  declare readonly running_var: Tensor | null;
  declare readonly num_batches_tracked: Tensor | null;
  readonly eps: number;
  readonly momentum: number | null;
  readonly trackRunningStats: boolean;

  /** Numbers of dims that an input may have. */
  protected abstract readonly dims: readonly number[];

  /** @throws ArgumentError for a number of features that is no count, or a momentum or eps that is no number from 0 on */
  constructor(
    readonly numFeatures: number,
    options: BatchNormOptions = {},
  ) {
    super();
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true } = options;
    checkCounts(this.constructor.name, { numFeatures });
    if (!(eps >= 0) || (momentum !== null && !(momentum >= 0)))
      throw new ArgumentError(`${this.constructor.name}(): eps and momentum must be numbers from 0 on, got ${eps} and ${momentum}`);
    this.eps = eps;
    this.momentum = momentum;
    this.trackRunningStats = trackRunningStats;
    this.weight = affine ? new Parameter(ones([numFeatures], options)) : null;
    this.bias = affine ? new Parameter(zeros([numFeatures], options)) : null;
    this.registerBuffer("running_mean", trackRunningStats ? zeros([numFeatures], options) : null);
    this.registerBuffer("running_var", trackRunningStats ? ones([numFeatures], options) : null);
    this.registerBuffer("num_batches_tracked", trackRunningStats ? zeros([], { dtype: "int32" }) : null);
  }

  resetParameters(): void {
    for (const ones of [this.weight, this.running_var]) if (ones) ones_(ones);
    for (const zeros of [this.bias, this.running_mean, this.num_batches_tracked]) if (zeros) zeros_(zeros);
  }

  protected compute(x: Tensor): Tensor {
    if (!this.dims.includes(x.ndim))
      throw new ShapeError(`${this.constructor.name}(): expected an input of ${this.dims.join(" or ")} dims, got ${show(x.shape)}`);
    const { running_mean, running_var, weight, bias, eps, momentum, num_batches_tracked: count } = this;
    const training = this.training || running_mean === null;
    const tracked = training && count ? { momentum: momentum ?? 1 / (item(count) + 1) } : {};
    const y = batchNorm(x, running_mean, running_var, weight, bias, { training, eps, ...tracked });
    if (training && count) {
      temporary(() => copyInto(count, add(count, 1)));
      count.storage.version++;
    }
    return y;
  }

  override extraRepr(): string {
    const momentum = this.momentum === null ? "None" : pyFloat(this.momentum);
    const learned = py(this.weight !== null);
    return `${this.numFeatures}, eps=${pyFloat(this.eps)}, momentum=${momentum}, affine=${learned}, bias=${learned}, track_running_stats=${py(this.trackRunningStats)}`;
  }
}

/**
 * Batch normalisation of features: x `[n, c]` or `[n, c, length]`. `F.batchNorm` has the formula.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
 */
export class BatchNorm1d extends BatchNorm {
  protected readonly dims = [2, 3];
}

/**
 * Batch normalisation of images: x `[n, c, h, w]`. `F.batchNorm` has the formula.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 */
export class BatchNorm2d extends BatchNorm {
  protected readonly dims = [4];
}
