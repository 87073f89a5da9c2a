import { ArgumentError } from "../runtime/errors.js";
import { launch } from "../runtime/backend.js";
import type { Tensor } from "../core/tensor.js";
import { type FloatKernel, Optimizer, checkNotNegative, memory } from "./optimizer.js";
import type { BaseOptions, ParamState, Params } from "./params.js";

export interface SGDOptions extends BaseOptions {
  /** μ: how much of the velocity stays. Default 0. */
  momentum?: number;
  /** τ: how much of the gradient does not enter the velocity. Default 0. */
  dampening?: number;
  /** λ: adds λ · parameter to the gradient. Default 0. */
  weightDecay?: number;
  /** Look ahead along the velocity. Default false. */
  nesterov?: boolean;
  /** Go up. Default false. */
  maximize?: boolean;
}

/** Flags of the kernel. */
const MAXIMIZE = 1;
const NESTEROV = 2;
const FIRST = 4;

/**
 * Stochastic gradient descent: g = ∇ + λp; v = μv + (1 − τ)g, at first g; p = p − lr·v, with Nesterov p − lr·(g + μv).
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export class SGD extends Optimizer<SGDOptions> {
  /** @param options `lr` default 1e-3 */
  constructor(params: Params<SGDOptions>, options: Partial<SGDOptions> = {}) {
    const { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = options;
    super(params, { lr, momentum, dampening, weightDecay, nesterov, maximize });
  }

  protected checkOptions({ lr, momentum, dampening, weightDecay, nesterov }: Required<SGDOptions>): void {
    checkNotNegative("SGD", "lr", lr);
    checkNotNegative("SGD", "momentum", momentum);
    checkNotNegative("SGD", "weightDecay", weightDecay);
    if (!Number.isFinite(dampening)) throw new ArgumentError(`SGD(): invalid dampening: ${dampening}; expected a number`);
    if (nesterov && (momentum <= 0 || dampening !== 0))
      throw new ArgumentError(`SGD(): nesterov needs momentum above 0 and dampening 0, got ${momentum} and ${dampening}`);
  }

  protected update(p: Tensor, g: Tensor, state: ParamState, group: Required<SGDOptions>, type: FloatKernel): void {
    const { lr, momentum, dampening, weightDecay, nesterov, maximize } = group;
    const first = state.momentum_buffer === undefined;
    const velocity = momentum !== 0 ? memory(state, "momentum_buffer", p) : null;
    const flags = (maximize ? MAXIMIZE : 0) | (nesterov ? NESTEROV : 0) | (first ? FIRST : 0);
    launch(`sgd_${type}`, [p.ptr, velocity?.ptr ?? 0, g.ptr, lr, momentum, dampening, weightDecay, flags], p.numel, 4, { inPlace: true });
  }
}
