import type { Tensor } from "../core/tensor.js";
import { type CrossEntropyOptions, type NllOptions, crossEntropy, nllLoss } from "../ops/cross-entropy.js";
import type { LossOptions } from "../ops/families/loss.js";
import {
  type BceOptions,
  type BceWithLogitsOptions,
  type HuberOptions,
  type SmoothL1Options,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  huberLoss,
  l1Loss,
  mseLoss,
  smoothL1Loss,
} from "../ops/loss.js";
import { Module } from "./module.js";

/*
 * Losses as modules: `new nn.MSELoss().forward(input, target)`. Formulas, shapes and errors are those of the functions
 * in `F`. Their tensors (class weights) are buffers, as in PyTorch: they follow `to()` and are in the state dict.
 */

/** What the losses share: the options that are not tensors. `reduction`: "mean" (default), "sum" or "none". */
abstract class Loss<O extends LossOptions = LossOptions> extends Module {
  constructor(protected readonly options: Readonly<O>) {
    super();
  }

  abstract override forward(input: Tensor, target: Tensor): Tensor;
}

/** Mean squared error: `F.mseLoss`. */
export class MSELoss extends Loss {
  constructor(options: LossOptions = {}) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** Mean absolute error: `F.l1Loss`. */
export class L1Loss extends Loss {
  constructor(options: LossOptions = {}) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options);
  }
}

/** Squared below `beta`, absolute above: `F.smoothL1Loss`. */
export class SmoothL1Loss extends Loss<SmoothL1Options> {
  constructor(options: SmoothL1Options = {}) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options);
  }
}

/** Squared below `delta`, linear above: `F.huberLoss`. */
export class HuberLoss extends Loss<HuberOptions> {
  constructor(options: HuberOptions = {}) {
    super(options);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options);
  }
}

/** Of scores and class labels (int32) or class probabilities: `F.crossEntropy`. No Softmax before it. */
export class CrossEntropyLoss extends Loss<CrossEntropyOptions> {
  declare weight: Tensor | null;

  constructor({ weight = null, ...options }: CrossEntropyOptions = {}) {
    super(options);
    this.registerBuffer("weight", weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/** Of log-probabilities and class labels (int32): `F.nllLoss`. */
export class NLLLoss extends Loss<NllOptions> {
  declare weight: Tensor | null;

  constructor({ weight = null, ...options }: NllOptions = {}) {
    super(options);
    this.registerBuffer("weight", weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, { ...this.options, weight: this.weight });
  }
}

/** Of probabilities and targets from 0 to 1: `F.binaryCrossEntropy`. */
export class BCELoss extends Loss<BceOptions> {
  declare weight: Tensor | null;

  constructor({ weight = null, ...options }: BceOptions = {}) {
    super(options);
    this.registerBuffer("weight", weight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, weight: this.weight });
  }
}

/** Of raw scores and targets from 0 to 1: `F.binaryCrossEntropyWithLogits`. No Sigmoid before it. */
export class BCEWithLogitsLoss extends Loss<BceWithLogitsOptions> {
  declare weight: Tensor | null;
  declare pos_weight: Tensor | null;

  constructor({ weight = null, posWeight = null, ...options }: BceWithLogitsOptions = {}) {
    super(options);
    this.registerBuffer("weight", weight);
    this.registerBuffer("pos_weight", posWeight);
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, { ...this.options, weight: this.weight, posWeight: this.pos_weight });
  }
}
