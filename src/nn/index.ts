/** `torch.nn`. */
export * as functional from "../ops/functional.js";
export * as init from "./init.js";
export * as utils from "./utils.js";

export * from "./activation.js";
export { BatchNorm1d, BatchNorm2d, type BatchNormOptions } from "./batch-norm.js";
export { ModuleDict, ModuleList, ParameterList } from "./containers.js";
export { Conv1d, type Conv1dOptions, Conv2d, type Conv2dOptions, ConvTranspose2d, type ConvTranspose2dOptions } from "./conv.js";
export { Dropout, Dropout2d } from "./dropout.js";
export * from "./embedding.js";
export type { ForwardHook, ForwardPreHook, HookRemover } from "./hooks.js";
export * from "./layer-norm.js";
export { Linear, type LinearOptions } from "./linear.js";
export * from "./loss.js";
export { Module } from "./module.js";
export { MultiheadAttention, type MultiheadAttentionInputs, type MultiheadAttentionOptions } from "./multihead-attention.js";
export { Parameter } from "./parameter.js";
export * from "./pooling.js";
export { GRU, LSTM, type LSTMOptions, RNN, type RNNOptions } from "./rnn.js";
export * from "./rnn-cell.js";
export type { RecurrentOptions } from "./recurrent.js";
export { Sequential, type UnaryModule } from "./sequential.js";
export * from "./shape.js";
export type { LoadResult, StateDict } from "./state-dict.js";
export { countParameters, summary } from "./summary.js";
export * from "./transformer-layers.js";
export * from "./transformer.js";
