/** `torch.optim`. */
export { Adam, AdamW, type AdamOptions } from "./adam.js";
export { type BaseOptions, Optimizer, type ParamGroup, type ParamState, type Params } from "./optimizer.js";
export { RMSprop, type RMSpropOptions } from "./rmsprop.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerStateDict, SavedOptimizerState } from "./state.js";
export * as lrScheduler from "./lr-scheduler.js";
