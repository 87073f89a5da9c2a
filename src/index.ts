import { host } from "#load";
import { setHost } from "./runtime/backend.js";
import "./ops/autograd.js";
import "./ops/methods.js";

setHost(host);

export { type BackendReport, type InitOptions, init, report as backend } from "./runtime/backend.js";
export * from "./runtime/errors.js";
export { Tensor, type GradHook } from "./core/tensor.js";
export { type DType, type TypedArray, getDefaultDType, setDefaultDType, promoteTypes } from "./core/dtype.js";
export { type BackwardOptions, type GradOptions, grad } from "./core/engine.js";
export { Function, FunctionCtx } from "./core/function.js";
export { Generator, defaultGenerator, manualSeed } from "./core/generator.js";
export { enableGrad, isGradEnabled, noGrad, setGradEnabled } from "./core/grad-mode.js";
export { type Differentiable, GradcheckError, type GradcheckOptions, gradcheck, gradgradcheck } from "./core/gradcheck.js";
export { detectAnomaly, setDetectAnomaly } from "./core/anomaly.js";
export { type MemoryStats, memoryStats, flushMemory } from "./core/storage.js";
export * from "./ops/creation.js";
export { cat, stack } from "./ops/join.js";
export * from "./ops/tensor-ops.js";
export { type RandintOptions, type RandomOptions, normal, rand, randLike, randint, randn, randnLike, randperm } from "./ops/random.js";
export { where } from "./ops/where.js";
export * as F from "./ops/functional.js";
export * as io from "./io/index.js";
export { loadCheckpoint, loadSafetensors, saveCheckpoint, saveSafetensors } from "./io/index.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
