import { ArgumentError } from "../runtime/errors.js";
import { launch } from "../runtime/backend.js";
import type { Tensor } from "../core/tensor.js";
import { type FloatKernel, Optimizer, checkFraction, checkNotNegative, memory } from "./optimizer.js";
import type { BaseOptions, ParamState, Params } from "./params.js";

export interface AdamOptions extends BaseOptions {
  /** β₁, β₂: how much of the mean of gradients and of squared gradients stays. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** ε: added to the denominator. Default 1e-8. */
  eps?: number;
  /** λ. Default 0 for Adam, 0.01 for AdamW. */
  weightDecay?: number;
  /** Divide by the largest mean of squares so far. Default false. */
  amsgrad?: boolean;
  /** Go up. Default false. */
  maximize?: boolean;
}

/** Flags of the kernel. */
const MAXIMIZE = 1;
const DECOUPLED = 8;

/**
 * Adam: g = ∇ + λp; m = β₁m + (1 − β₁)g; v = β₂v + (1 − β₂)g²; p = p − lr · m̂ / (√v̂ + ε), where
 * m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
 */
export class Adam extends Optimizer<AdamOptions> {
  /** Whether weight decay shrinks the parameter rather than entering the gradient. */
  protected readonly decoupled: boolean = false;

  /** @param options `lr` default 1e-3 */
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, amsgrad = false, maximize = false } = options;
    super(params, { lr, betas, eps, weightDecay, amsgrad, maximize });
  }

  protected checkOptions({ lr, betas, eps, weightDecay }: Required<AdamOptions>): void {
    const name = this.constructor.name;
    checkNotNegative(name, "lr", lr);
    checkNotNegative(name, "eps", eps);
    if (!Array.isArray(betas) || betas.length !== 2)
      throw new ArgumentError(`${name}(): betas must be two numbers, got ${JSON.stringify(betas)}`);
    betas.forEach((beta: number, i) => checkFraction(name, `betas[${i}]`, beta));
    checkNotNegative(name, "weightDecay", weightDecay);
  }

  protected update(p: Tensor, g: Tensor, state: ParamState, group: Required<AdamOptions>, type: FloatKernel): void {
    const { lr, betas, eps, weightDecay, amsgrad, maximize } = group;
    const [beta1, beta2] = betas;
    const step = (state.step = (state.step ?? 0) + 1);
    const mean = memory(state, "exp_avg", p);
    const square = memory(state, "exp_avg_sq", p);
    const most = amsgrad ? memory(state, "max_exp_avg_sq", p) : null;
    const stepSize = lr / (1 - beta1 ** step);
    const correction = Math.sqrt(1 - beta2 ** step);
    const flags = (maximize ? MAXIMIZE : 0) | (this.decoupled ? DECOUPLED : 0);
    const pointers = [p.ptr, mean.ptr, square.ptr, most?.ptr ?? 0, g.ptr];
    launch(`adam_${type}`, [...pointers, lr, beta1, beta2, eps, weightDecay, stepSize, correction, flags], p.numel, 16, { inPlace: true });
  }
}

/**
 * Adam with decoupled weight decay: p = p − lr·λp first, then Adam without decay. `weightDecay` is 0.01 unless given.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export class AdamW extends Adam {
  protected override readonly decoupled = true;

  /** @param options `lr` default 1e-3 */
  constructor(params: Params<AdamOptions>, options: Partial<AdamOptions> = {}) {
    super(params, { ...options, weightDecay: options.weightDecay ?? 0.01 });
  }
}
