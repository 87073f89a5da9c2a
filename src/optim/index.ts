/** `torch.optim`. */
export { Adam, AdamW, type AdamOptions } from "./adam.js";
export { Optimizer } from "./optimizer.js";
export type { BaseOptions, ParamGroup, ParamState, Params } from "./params.js";
export { RMSprop, type RMSpropOptions } from "./rmsprop.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerStateDict, SavedOptimizerState } from "./state.js";
export * as lrScheduler from "./lr-scheduler.js";
