import { ArgumentError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import type { Tensor } from "../core/tensor.js";
import { empty } from "../ops/creation.js";
import { linear } from "../ops/linear.js";
import { calculateFans, kaimingUniform_, uniform_ } from "./init.js";
import { Layer } from "./layer.js";
import { Parameter } from "./parameter.js";
import { py } from "./repr.js";

export interface LinearOptions {
  /** Whether something is added. Default true. */
  bias?: boolean;
  dtype?: DType;
}

/**
 * y = x Wᵀ + b: x `[…, inFeatures]`, y `[…, outFeatures]`, `weight` `[outFeatures, inFeatures]`, `bias` `[outFeatures]`.
 *
 * Both start as U(−k, k), k = 1 / √inFeatures.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export class Linear extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | null;

  /** @throws ArgumentError unless the sizes are whole numbers from 0 on */
  constructor(
    readonly inFeatures: number,
    readonly outFeatures: number,
    options: LinearOptions = {},
  ) {
    super();
    checkCounts("Linear", { inFeatures, outFeatures }, 0);
    this.weight = new Parameter(empty([outFeatures, inFeatures], options));
    this.bias = options.bias === false ? null : new Parameter(empty([outFeatures], options));
    this.resetParameters();
  }

  resetParameters(): void {
    initWeightAndBias(this.weight, this.bias);
  }

  protected compute(x: Tensor): Tensor {
    return linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `in_features=${this.inFeatures}, out_features=${this.outFeatures}, bias=${py(this.bias !== null)}`;
  }
}

/** PyTorch's start of Linear and convolutions, drawn in its order: U(−1/√fanIn, 1/√fanIn), for both. */
export function initWeightAndBias(weight: Parameter, bias: Parameter | null): void {
  kaimingUniform_(weight, { a: Math.sqrt(5) });
  const { fanIn } = calculateFans("resetParameters", weight);
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
  if (bias) uniform_(bias, { a: -bound, b: bound });
}

/** @throws ArgumentError unless every count is a whole number from `least` on */
export function checkCounts(name: string, counts: Readonly<Record<string, number>>, least = 1): void {
  for (const [key, value] of Object.entries(counts)) {
    if (!Number.isInteger(value) || value < least)
      throw new ArgumentError(`${name}(): ${key} must be a whole number from ${least} on, got ${String(value)}`);
  }
}
