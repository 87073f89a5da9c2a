import { ArgumentError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { type Shape, checkShape } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { ones, zeros } from "../ops/creation.js";
import { groupNorm, layerNorm } from "../ops/norm.js";
import { ones_, zeros_ } from "./init.js";
import { Layer } from "./layer.js";
import { checkCounts } from "./linear.js";
import { Parameter } from "./parameter.js";
import { py, pyFloat } from "./repr.js";

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether to learn a weight, and a bias. Default true. */
  elementwiseAffine?: boolean;
  /** Default true: with the weight comes a bias. */
  bias?: boolean;
  dtype?: DType;
}

/**
 * Normalisation of each sample over its last dims, `normalizedShape` (a number: the last alone). `F.layerNorm` has
 * the formula.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
 */
export class LayerNorm extends Layer {
  readonly normalizedShape: Shape;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly eps: number;

  /** @throws ShapeError for sizes that make no sense */
  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    const shape = typeof normalizedShape === "number" ? [normalizedShape] : [...normalizedShape];
    checkShape("LayerNorm", shape);
    this.normalizedShape = shape;
    this.weight = elementwiseAffine ? new Parameter(ones(shape, options)) : null;
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(shape, options)) : null;
    this.eps = eps;
  }

  resetParameters(): void {
    if (this.weight) ones_(this.weight);
    if (this.bias) zeros_(this.bias);
  }

  protected compute(x: Tensor): Tensor {
    return layerNorm(x, this.normalizedShape, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight, bias } = this;
    return `${py(normalizedShape)}, eps=${pyFloat(eps)}, elementwise_affine=${py(weight !== null)}, bias=${py(bias !== null)}`;
  }
}

export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
  /** Whether to learn a weight and a bias for each channel. Default true. */
  affine?: boolean;
  dtype?: DType;
}

/**
 * Normalisation of each sample over groups of channels: x `[n, c, …]`. `F.groupNorm` has the formula.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 */
export class GroupNorm extends Layer {
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly eps: number;

  /** @throws ArgumentError when the groups do not divide the channels */
  constructor(
    readonly numGroups: number,
    readonly numChannels: number,
    options: GroupNormOptions = {},
  ) {
    super();
    checkCounts("GroupNorm", { numGroups, numChannels });
    if (numChannels % numGroups !== 0) throw new ArgumentError(`GroupNorm(): ${numGroups} groups do not divide ${numChannels} channels`);
    const { eps = 1e-5, affine = true } = options;
    this.weight = affine ? new Parameter(ones([numChannels], options)) : null;
    this.bias = affine ? new Parameter(zeros([numChannels], options)) : null;
    this.eps = eps;
  }

  resetParameters(): void {
    if (this.weight) ones_(this.weight);
    if (this.bias) zeros_(this.bias);
  }

  protected compute(x: Tensor): Tensor {
    return groupNorm(x, this.numGroups, this.weight, this.bias, { eps: this.eps });
  }

  override extraRepr(): string {
    const learned = py(this.weight !== null);
    return `${this.numGroups}, ${this.numChannels}, eps=${pyFloat(this.eps)}, affine=${learned}, bias=${learned}`;
  }
}
