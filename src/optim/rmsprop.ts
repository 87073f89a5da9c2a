import { launch } from "../runtime/backend.js";
import type { Tensor } from "../core/tensor.js";
import { type FloatKernel, Optimizer, checkNotNegative, memory } from "./optimizer.js";
import type { BaseOptions, ParamState, Params } from "./params.js";

export interface RMSpropOptions extends BaseOptions {
  /** α: how much of the mean of squares stays. Default 0.99. */
  alpha?: number;
  /** ε: added to the denominator. Default 1e-8. */
  eps?: number;
  /** λ: adds λ · parameter to the gradient. Default 0. */
  weightDecay?: number;
  /** μ: how much of the velocity stays. Default 0. */
  momentum?: number;
  /** Divide by the standard deviation rather than the root mean square. Default false. */
  centered?: boolean;
  /** Go up. Default false. */
  maximize?: boolean;
}

const MAXIMIZE = 1;

/**
 * RMSprop: g = ∇ + λp; v = αv + (1 − α)g², centred: less the mean squared; p = p − lr · g / (√v + ε), with momentum
 * b = μb + g / (√v + ε) and p = p − lr·b.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
 */
export class RMSprop extends Optimizer<RMSpropOptions> {
  /** @param options `lr` default 1e-2 */
  constructor(params: Params<RMSpropOptions>, options: Partial<RMSpropOptions> = {}) {
    const { lr = 1e-2, alpha = 0.99, eps = 1e-8, weightDecay = 0, momentum = 0, centered = false, maximize = false } = options;
    super(params, { lr, alpha, eps, weightDecay, momentum, centered, maximize });
  }

  protected checkOptions({ lr, alpha, eps, weightDecay, momentum }: Required<RMSpropOptions>): void {
    checkNotNegative("RMSprop", "lr", lr);
    checkNotNegative("RMSprop", "eps", eps);
    checkNotNegative("RMSprop", "momentum", momentum);
    checkNotNegative("RMSprop", "weightDecay", weightDecay);
    checkNotNegative("RMSprop", "alpha", alpha);
  }

  protected update(p: Tensor, g: Tensor, state: ParamState, group: Required<RMSpropOptions>, type: FloatKernel): void {
    const { lr, alpha, eps, weightDecay, momentum, centered, maximize } = group;
    state.step = (state.step ?? 0) + 1;
    const square = memory(state, "square_avg", p);
    const velocity = momentum > 0 ? memory(state, "momentum_buffer", p) : null;
    const mean = centered ? memory(state, "grad_avg", p) : null;
    const pointers = [p.ptr, square.ptr, mean?.ptr ?? 0, velocity?.ptr ?? 0, g.ptr];
    launch(`rmsprop_${type}`, [...pointers, lr, alpha, eps, weightDecay, momentum, maximize ? MAXIMIZE : 0], p.numel, 12, {
      inPlace: true,
    });
  }
}
