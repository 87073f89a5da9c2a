import { ArgumentError } from "../runtime/errors.js";
import { item } from "../ops/access.js";
import { Tensor } from "../core/tensor.js";
import { Optimizer } from "./optimizer.js";
import type { ParamGroup } from "./params.js";

/** PyTorch's names: `last_epoch`, `_step_count`, `base_lrs`, `_last_lr`, and the scheduler's own options. */
export type SchedulerStateDict = Record<string, unknown>;

/**
 * The base of schedulers that change the learning rate of each group by the number of epochs: `step()` once per epoch,
 * after the optimiser's.
 *
 * Each rate follows from the one before, as in PyTorch: so schedulers can be chained, and give its very numbers.
 */
export abstract class LRScheduler<O extends Record<string, unknown> = Record<string, unknown>> {
  lastEpoch: number;
  readonly baseLrs: number[];
  /** True in the step that the constructor makes. */
  protected isInitial = true;
  protected stepCount = 0;
  private lastLr: number[] = [];

  /**
   * @param options under PyTorch's names: they are part of the state dict
   * @throws ArgumentError when `lastEpoch` says to go on, but the optimiser has not been scheduled before
   */
  constructor(
    readonly optimizer: Optimizer,
    protected readonly options: O,
    lastEpoch = -1,
  ) {
    const name = this.constructor.name;
    if (!(optimizer instanceof Optimizer))
      throw new ArgumentError(`${name}(): the first argument must be an optimizer, got ${typeof optimizer}`);
    if (!Number.isInteger(lastEpoch) || lastEpoch < -1)
      throw new ArgumentError(`${name}(): lastEpoch must be a whole number from -1 on, got ${lastEpoch}`);
    this.groups().forEach((group, i) => {
      if (lastEpoch === -1) group.initialLr ??= group.lr;
      else if (group.initialLr === undefined)
        throw new ArgumentError(
          `${name}(): lastEpoch is ${lastEpoch}, but group ${i} has no initial rate; load the optimizer's state first`,
        );
    });
    this.baseLrs = this.groups().map((group) => group.initialLr!);
    this.lastEpoch = lastEpoch;
  }

  /** The last line of a subclass's constructor: sets the rates of epoch 0. */
  protected start(): void {
    this.step();
    this.isInitial = false;
  }

  /** The rate of a group in epoch `lastEpoch`, from that of the epoch before: `group.lr`. */
  protected abstract rateOf(group: Readonly<ParamGroup>, baseLr: number, index: number): number;

  /** The next epoch. */
  step(): void {
    this.stepCount++;
    this.lastEpoch++;
    const rates = this.groups().map((group, i) => this.rateOf(group, this.baseLrs[i]!, i));
    this.groups().forEach((group, i) => (group.lr = rates[i]!));
    this.lastLr = rates;
  }

  /** The rates that the last step set, one per group. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  stateDict(): SchedulerStateDict {
    const { options, baseLrs, lastEpoch, stepCount, lastLr } = this;
    return { ...options, base_lrs: [...baseLrs], last_epoch: lastEpoch, _step_count: stepCount, _last_lr: [...lastLr] };
  }

  /** Goes on from a state. The rates themselves are part of the optimiser's. @throws ArgumentError when it is of another scheduler */
  loadStateDict(dict: SchedulerStateDict): void {
    const { base_lrs: baseLrs, last_epoch: lastEpoch, _step_count: stepCount, _last_lr: lastLr } = dict;
    const missing = Object.keys(this.options).filter((key) => !(key in dict));
    if (
      missing.length > 0 ||
      !Array.isArray(baseLrs) ||
      !Array.isArray(lastLr) ||
      typeof lastEpoch !== "number" ||
      typeof stepCount !== "number"
    ) {
      throw new ArgumentError(
        `${this.constructor.name}.loadStateDict(): not a state of this scheduler${missing.length > 0 ? `, it lacks ${missing.join(", ")}` : ""}`,
      );
    }
    Object.assign(this.options, Object.fromEntries(Object.keys(this.options).map((key) => [key, dict[key]])));
    this.baseLrs.splice(0, this.baseLrs.length, ...(baseLrs as number[]));
    this.lastLr = [...(lastLr as number[])];
    this.lastEpoch = lastEpoch;
    this.stepCount = stepCount;
  }

  private groups(): ParamGroup[] {
    return this.optimizer.paramGroups;
  }
}

interface EpochOptions {
  /** The epoch to go on from; -1: a fresh start. */
  lastEpoch?: number;
}

/** lr · γ every `stepSize` epochs. `gamma` default 0.1. */
export class StepLR extends LRScheduler<{ step_size: number; gamma: number }> {
  /** @throws ArgumentError unless `stepSize` is a whole number from 1 on */
  constructor(optimizer: Optimizer, stepSize: number, options: EpochOptions & { gamma?: number } = {}) {
    if (!(Number.isInteger(stepSize) && stepSize > 0))
      throw new ArgumentError(`StepLR(): stepSize must be a whole number from 1 on, got ${stepSize}`);
    super(optimizer, { step_size: stepSize, gamma: options.gamma ?? 0.1 }, options.lastEpoch);
    this.start();
  }

  protected rateOf({ lr }: Readonly<ParamGroup>): number {
    const { step_size, gamma } = this.options;
    return this.lastEpoch === 0 || this.lastEpoch % step_size !== 0 ? lr : lr * gamma;
  }
}

/** lr · γ at each of the `milestones`, epochs in any order. `gamma` default 0.1. */
export class MultiStepLR extends LRScheduler<{ milestones: number[]; gamma: number }> {
  constructor(optimizer: Optimizer, milestones: readonly number[], options: EpochOptions & { gamma?: number } = {}) {
    super(optimizer, { milestones: [...milestones].sort((a, b) => a - b), gamma: options.gamma ?? 0.1 }, options.lastEpoch);
    this.start();
  }

  protected rateOf({ lr }: Readonly<ParamGroup>): number {
    const { milestones, gamma } = this.options;
    const count = milestones.filter((epoch) => epoch === this.lastEpoch).length;
    return count === 0 ? lr : lr * gamma ** count;
  }
}

/** lr · γ every epoch. */
export class ExponentialLR extends LRScheduler<{ gamma: number }> {
  constructor(optimizer: Optimizer, gamma: number, options: EpochOptions = {}) {
    super(optimizer, { gamma }, options.lastEpoch);
    this.start();
  }

  protected rateOf({ lr }: Readonly<ParamGroup>): number {
    return this.isInitial ? lr : lr * this.options.gamma;
  }
}

/** Down from the base rate to `etaMin` (default 0) along half a cosine of `tMax` epochs, and up again after. */
export class CosineAnnealingLR extends LRScheduler<{ T_max: number; eta_min: number }> {
  /** @throws ArgumentError unless `tMax` is above 0 */
  constructor(optimizer: Optimizer, tMax: number, options: EpochOptions & { etaMin?: number } = {}) {
    if (!(tMax > 0)) throw new ArgumentError(`CosineAnnealingLR(): tMax must be above 0, got ${tMax}`);
    super(optimizer, { T_max: tMax, eta_min: options.etaMin ?? 0 }, options.lastEpoch);
    this.start();
  }

  protected rateOf({ lr }: Readonly<ParamGroup>, baseLr: number): number {
    const { T_max, eta_min } = this.options;
    const epoch = this.lastEpoch;
    const wave = (at: number): number => 1 + Math.cos((Math.PI * at) / T_max);
    if (this.isInitial) return lr;
    if (this.stepCount === 1 && epoch > 0) return eta_min + ((baseLr - eta_min) * wave(epoch)) / 2;
    // The wave was 0 in the epoch before, and cannot be divided by.
    if ((epoch - 1 - T_max) % (2 * T_max) === 0) return lr + ((baseLr - eta_min) * (1 - Math.cos(Math.PI / T_max))) / 2;
    return (wave(epoch) / wave(epoch - 1)) * (lr - eta_min) + eta_min;
  }
}

/** base rate · f(epoch), with one function for all groups or one for each. */
export class LambdaLR extends LRScheduler {
  private readonly lambdas: readonly ((epoch: number) => number)[];

  /** @throws ArgumentError when there is not one function for each group */
  constructor(
    optimizer: Optimizer,
    lrLambda: ((epoch: number) => number) | readonly ((epoch: number) => number)[],
    options: EpochOptions = {},
  ) {
    super(optimizer, {}, options.lastEpoch);
    this.lambdas = typeof lrLambda === "function" ? this.baseLrs.map(() => lrLambda) : lrLambda;
    if (this.lambdas.length !== this.baseLrs.length)
      throw new ArgumentError(`LambdaLR(): ${this.lambdas.length} functions for ${this.baseLrs.length} parameter groups`);
    this.start();
  }

  protected rateOf(_group: Readonly<ParamGroup>, baseLr: number, index: number): number {
    return baseLr * this.lambdas[index]!(this.lastEpoch);
  }
}

/** From lr · `startFactor` (default 1/3) to lr · `endFactor` (default 1) in `totalIters` (default 5) equal steps: a warm-up. */
export class LinearLR extends LRScheduler<{ start_factor: number; end_factor: number; total_iters: number }> {
  /** @throws ArgumentError unless 0 < startFactor ≤ 1 and 0 ≤ endFactor ≤ 1 */
  constructor(optimizer: Optimizer, options: EpochOptions & { startFactor?: number; endFactor?: number; totalIters?: number } = {}) {
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    if (!(startFactor > 0 && startFactor <= 1))
      throw new ArgumentError(`LinearLR(): startFactor must be above 0 and at most 1, got ${startFactor}`);
    if (!(endFactor >= 0 && endFactor <= 1)) throw new ArgumentError(`LinearLR(): endFactor must be from 0 to 1, got ${endFactor}`);
    super(optimizer, { start_factor: startFactor, end_factor: endFactor, total_iters: totalIters }, options.lastEpoch);
    this.start();
  }

  protected rateOf({ lr }: Readonly<ParamGroup>): number {
    const { start_factor, end_factor, total_iters } = this.options;
    const epoch = this.lastEpoch;
    if (epoch === 0) return lr * start_factor;
    if (this.isInitial || epoch > total_iters) return lr;
    return lr * (1 + (end_factor - start_factor) / (total_iters * start_factor + (epoch - 1) * (end_factor - start_factor)));
  }
}

export interface PlateauOptions {
  /** Whether the metric should fall ("min", default) or rise ("max"). */
  mode?: "min" | "max";
  /** What a rate is multiplied by. Default 0.1. */
  factor?: number;
  /** Epochs without progress to bear. Default 10. */
  patience?: number;
  /** How much better counts as progress. Default 1e-4. */
  threshold?: number;
  /** Whether `threshold` is a fraction of the best ("rel", default) or a difference ("abs"). */
  thresholdMode?: "rel" | "abs";
  /** Epochs after a reduction that do not count. Default 0. */
  cooldown?: number;
  /** No rate goes below. One number, or one per group. Default 0. */
  minLr?: number | readonly number[];
  /** Smaller reductions are not made. Default 1e-8. */
  eps?: number;
}

/** Reduces the rates when a metric has stopped to improve: `step(loss)` once per epoch. */
export class ReduceLROnPlateau {
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  lastEpoch = 0;
  private readonly options: Required<PlateauOptions>;

  /** @throws ArgumentError for a factor of 1 or more, an unknown mode, or a wrong number of `minLr` */
  constructor(
    readonly optimizer: Optimizer,
    options: PlateauOptions = {},
  ) {
    const {
      mode = "min",
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = "rel",
      cooldown = 0,
      minLr = 0,
      eps = 1e-8,
    } = options;
    if (!(factor < 1)) throw new ArgumentError(`ReduceLROnPlateau(): factor must be below 1, got ${factor}`);
    if (mode !== "min" && mode !== "max")
      throw new ArgumentError(`ReduceLROnPlateau(): mode must be "min" or "max", got ${JSON.stringify(mode)}`);
    if (thresholdMode !== "rel" && thresholdMode !== "abs")
      throw new ArgumentError(`ReduceLROnPlateau(): thresholdMode must be "rel" or "abs", got ${JSON.stringify(thresholdMode)}`);
    const groups = optimizer.paramGroups.length;
    if (typeof minLr === "object" && minLr.length !== groups)
      throw new ArgumentError(`ReduceLROnPlateau(): ${minLr.length} values of minLr for ${groups} parameter groups`);
    this.options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps };
    this.best = mode === "min" ? Infinity : -Infinity;
  }

  step(metric: number | Tensor): void {
    const value = metric instanceof Tensor ? item(metric) : metric;
    this.lastEpoch++;
    if (this.isBetter(value)) {
      this.best = value;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.cooldownCounter > 0) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.options.patience) {
      this.reduce();
      this.cooldownCounter = this.options.cooldown;
      this.numBadEpochs = 0;
    }
  }

  private isBetter(value: number): boolean {
    const { mode, threshold, thresholdMode } = this.options;
    const sign = mode === "min" ? -1 : 1;
    const bar = thresholdMode === "rel" ? this.best * (1 + sign * threshold) : this.best + sign * threshold;
    return mode === "min" ? value < bar : value > bar;
  }

  private reduce(): void {
    const { factor, minLr, eps } = this.options;
    this.groups().forEach((group, i) => {
      const lr = Math.max(group.lr * factor, typeof minLr === "number" ? minLr : (minLr[i] ?? 0));
      if (group.lr - lr > eps) group.lr = lr;
    });
  }

  /** The rates as they are now, one per group. */
  getLastLr(): number[] {
    return this.groups().map((group) => group.lr);
  }

  stateDict(): SchedulerStateDict {
    const { best, numBadEpochs, cooldownCounter, lastEpoch } = this;
    return { best, num_bad_epochs: numBadEpochs, cooldown_counter: cooldownCounter, last_epoch: lastEpoch, _last_lr: this.getLastLr() };
  }

  /** @throws ArgumentError when it is of another scheduler */
  loadStateDict(dict: SchedulerStateDict): void {
    const { best, num_bad_epochs: bad, cooldown_counter: cooldown, last_epoch: epoch } = dict;
    if (typeof best !== "number" || typeof bad !== "number" || typeof cooldown !== "number" || typeof epoch !== "number") {
      throw new ArgumentError(
        "ReduceLROnPlateau.loadStateDict(): not a state of this scheduler: best, num_bad_epochs, cooldown_counter and last_epoch must be numbers",
      );
    }
    [this.best, this.numBadEpochs, this.cooldownCounter, this.lastEpoch] = [best, bad, cooldown, epoch];
  }

  private groups(): ParamGroup[] {
    return this.optimizer.paramGroups;
  }
}
