import type { Tensor } from "../core/tensor.js";

/** Options that every optimiser has. */
export interface BaseOptions {
  /** The learning rate. */
  lr: number;
}

/** Parameters with their own options. Schedulers change `lr`. */
export type ParamGroup<O extends BaseOptions = BaseOptions> = O & { params: Tensor[]; initialLr?: number };

/** Parameters, or groups of them whose options differ from the optimiser's. */
export type Params<O extends BaseOptions = BaseOptions> = Iterable<Tensor> | Iterable<Partial<O> & { params: Tensor | Iterable<Tensor> }>;

/** What an optimiser remembers of a parameter, under PyTorch's names: `exp_avg`, `momentum_buffer`; `step` is a number. */
export interface ParamState {
  step?: number;
  [name: string]: Tensor | number | undefined;
}
