import { ArgumentError } from "../runtime/errors.js";
import type { Tensor } from "../core/tensor.js";
import { gruLayer } from "../ops/recurrent/gru.js";
import { lstmLayer, projectedLstmLayer } from "../ops/recurrent/lstm.js";
import type { Run } from "../ops/recurrent/sequence.js";
import { type Nonlinearity, rnnLayer } from "../ops/recurrent/simple.js";
import type { PackedSequence } from "./packed-sequence.js";
import type { Parameter } from "./parameter.js";
import { type RecurrentOptions, RecurrentModule } from "./recurrent.js";

export interface RNNOptions extends RecurrentOptions {
  /** Default "tanh". */
  nonlinearity?: Nonlinearity;
}

export interface LSTMOptions extends RecurrentOptions {
  /** Features of the hidden state when it is projected (https://arxiv.org/abs/1402.1128). Default 0: it is not. */
  projSize?: number;
}

/**
 * h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu(…), step by step: x `[steps, batch, inputSize]` (`batchFirst`:
 * `[batch, steps, inputSize]`; without a batch `[steps, inputSize]`; or a PackedSequence).
 *
 * `forward(x, h0)` gives `[output, hN]`: h of the last layer at each step, `[steps, batch, directions · hiddenSize]`, and
 * that of each layer and direction after its last step, `[numLayers · directions, batch, hiddenSize]`. h0 has the shape of hN; zeros by
 * default. All parameters start as U(−k, k), k = 1 / √hiddenSize.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
 */
export class RNN extends RecurrentModule {
  readonly nonlinearity: Nonlinearity;

  /** @throws ArgumentError for sizes that are no counts, or an unknown nonlinearity */
  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    const nonlinearity = checkNonlinearity("RNN", options.nonlinearity);
    super(inputSize, hiddenSize, options, 1);
    this.nonlinearity = nonlinearity;
  }

  forward(x: Tensor, h0?: Tensor | null): [output: Tensor, hN: Tensor];
  forward(x: PackedSequence, h0?: Tensor | null): [output: PackedSequence, hN: Tensor];
  forward(x: Tensor | PackedSequence, h0: Tensor | null = null): [output: Tensor | PackedSequence, hN: Tensor] {
    const { output, states } = this.all(x, h0 && [h0]);
    return [output, states[0]!];
  }

  protected layer(inputs: readonly Tensor[], run: Run): Tensor[] {
    return rnnLayer(inputs, run, this.nonlinearity);
  }

  protected stateSizes(): readonly { name: string; features: number }[] {
    return [{ name: "hidden state", features: this.hiddenSize }];
  }
}

/**
 * Long short-term memory (https://doi.org/10.1162/neco.1997.9.8.1735): i, f, o = σ(W x + b + W' h + b'), g = tanh(…),
 * c' = f c + i g, h' = o tanh(c'), with rows i, f, g, o of the weights in this order. Input as that of RNN.
 *
 * `forward(x, [h0, c0])` gives `[output, [hN, cN]]`, shapes as those of RNN; with `projSize` h is W_hr h', of that many features.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 */
export class LSTM extends RecurrentModule {
  /** @throws ArgumentError for sizes that are no counts, or a `projSize` that is not less than `hiddenSize` */
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    super(inputSize, hiddenSize, options, 4, options.projSize);
  }

  forward(x: Tensor, states?: readonly [h0: Tensor, c0: Tensor] | null): [output: Tensor, states: [hN: Tensor, cN: Tensor]];
  forward(x: PackedSequence, states?: readonly [h0: Tensor, c0: Tensor] | null): [output: PackedSequence, states: [hN: Tensor, cN: Tensor]];
  forward(
    x: Tensor | PackedSequence,
    states: readonly [h0: Tensor, c0: Tensor] | null = null,
  ): [output: Tensor | PackedSequence, states: [hN: Tensor, cN: Tensor]] {
    if (states !== null && !Array.isArray(states)) throw new ArgumentError("LSTM.forward(): expected the initial states as [h0, c0]");
    const result = this.all(x, states);
    return [result.output, [result.states[0]!, result.states[1]!]];
  }

  protected layer(inputs: readonly Tensor[], run: Run, projection: Parameter | null): Tensor[] {
    return projection ? projectedLstmLayer(inputs, projection, run) : lstmLayer(inputs, run);
  }

  protected stateSizes(): readonly { name: string; features: number }[] {
    return [
      { name: "hidden state", features: this.projSize || this.hiddenSize },
      { name: "cell state", features: this.hiddenSize },
    ];
  }
}

/**
 * Gated recurrent unit (https://arxiv.org/abs/1406.1078, with r as PyTorch has it): r, z = σ(W x + b + W' h + b'),
 * n = tanh(W x + b + r (W' h + b')), h' = (1 − z) n + z h, with rows r, z, n of the weights in this order. Input, result
 * and states as those of RNN.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
 */
export class GRU extends RecurrentModule {
  /** @throws ArgumentError for sizes that are no counts */
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(inputSize, hiddenSize, options, 3);
  }

  forward(x: Tensor, h0?: Tensor | null): [output: Tensor, hN: Tensor];
  forward(x: PackedSequence, h0?: Tensor | null): [output: PackedSequence, hN: Tensor];
  forward(x: Tensor | PackedSequence, h0: Tensor | null = null): [output: Tensor | PackedSequence, hN: Tensor] {
    const { output, states } = this.all(x, h0 && [h0]);
    return [output, states[0]!];
  }

  protected layer(inputs: readonly Tensor[], run: Run): Tensor[] {
    return gruLayer(inputs, run);
  }

  protected stateSizes(): readonly { name: string; features: number }[] {
    return [{ name: "hidden state", features: this.hiddenSize }];
  }
}

/** @throws ArgumentError unless it is one of the two */
export function checkNonlinearity(name: string, nonlinearity: Nonlinearity = "tanh"): Nonlinearity {
  if (nonlinearity !== "tanh" && nonlinearity !== "relu")
    throw new ArgumentError(`${name}(): nonlinearity must be "tanh" or "relu", got ${JSON.stringify(nonlinearity)}`);
  return nonlinearity;
}
