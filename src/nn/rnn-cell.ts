import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { sameShape, show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { temporary } from "../core/op.js";
import { empty } from "../ops/creation.js";
import { gruLayer } from "../ops/recurrent/gru.js";
import { lstmLayer } from "../ops/recurrent/lstm.js";
import type { Run } from "../ops/recurrent/sequence.js";
import { type Nonlinearity, rnnLayer } from "../ops/recurrent/simple.js";
import { uniform_ } from "./init.js";
import { checkCounts } from "./linear.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { py } from "./repr.js";
import { checkNonlinearity } from "./rnn.js";

export interface RNNCellOptions {
  /** Whether there are two biases. Default true. */
  bias?: boolean;
  dtype?: DType;
}

/** What the cells share: one step of one layer. */
abstract class Cell extends Module {
  readonly weight_ih: Parameter;
  readonly weight_hh: Parameter;
  readonly bias_ih: Parameter | null;
  readonly bias_hh: Parameter | null;

  constructor(
    readonly inputSize: number,
    readonly hiddenSize: number,
    options: RNNCellOptions,
    gates: number,
  ) {
    super();
    checkCounts(this.constructor.name, { inputSize }, 0);
    checkCounts(this.constructor.name, { hiddenSize });
    const parameter = (...shape: number[]): Parameter => new Parameter(empty(shape, options));
    const bias = options.bias ?? true;
    this.weight_ih = parameter(gates * hiddenSize, inputSize);
    this.weight_hh = parameter(gates * hiddenSize, hiddenSize);
    this.bias_ih = bias ? parameter(gates * hiddenSize) : null;
    this.bias_hh = bias ? parameter(gates * hiddenSize) : null;
    this.resetParameters();
  }

  /** All from U(−k, k), k = 1 / √hiddenSize. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.parameters()) uniform_(parameter, { a: -bound, b: bound });
  }

  /** The arguments of a layer's op for one step. @throws ShapeError or DTypeError unless all fit */
  protected step(x: Tensor, states: readonly (readonly [name: string, state: Tensor])[]): [inputs: Tensor[], run: Run] {
    const name = `${this.constructor.name}.forward`;
    const { weight_ih, weight_hh, bias_ih, bias_hh, inputSize, hiddenSize } = this;
    if (!(x instanceof Tensor)) throw new ArgumentError(`${name}(): expected a tensor, got ${typeof x}`);
    if (x.dtype !== weight_ih.dtype)
      throw new DTypeError(`${name}(): the input is ${x.dtype}, the weights are ${weight_ih.dtype}; convert one with .to(…)`);
    if ((x.ndim !== 1 && x.ndim !== 2) || x.shape.at(-1) !== inputSize)
      throw new ShapeError(`${name}(): expected [batch, ${inputSize}] or [${inputSize}], got ${show(x.shape)}`);
    const lead = x.shape.slice(0, -1);
    for (const [what, state] of states) {
      if (!(state instanceof Tensor)) throw new ArgumentError(`${name}(): the ${what} must be a tensor, got ${typeof state}`);
      if (!sameShape(state.shape, [...lead, hiddenSize]))
        throw new ShapeError(`${name}(): the ${what} is ${show(state.shape)}, expected ${show([...lead, hiddenSize])}`);
      if (state.dtype !== x.dtype)
        throw new DTypeError(`${name}(): the ${what} is ${state.dtype}, the input ${x.dtype}; convert one with .to(…)`);
    }
    const biases = bias_ih && bias_hh ? [bias_ih, bias_hh] : [];
    const run = { steps: 1, batch: lead[0] ?? 1, sizes: null, reverse: false, lead, last: lead, bias: biases.length > 0 };
    return [[x, weight_ih, weight_hh, ...biases, ...states.map(([, state]) => state)], run];
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias_ih ? "" : `, bias=${py(false)}`}`;
  }
}

/**
 * One step of an RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu(…). x `[batch, inputSize]` or `[inputSize]`, h and h'
 * `[batch, hiddenSize]`; zeros by default.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 */
export class RNNCell extends Cell {
  readonly nonlinearity: Nonlinearity;

  /** @throws ArgumentError for sizes that are no counts, or an unknown nonlinearity */
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions & { nonlinearity?: Nonlinearity } = {}) {
    const nonlinearity = checkNonlinearity("RNNCell", options.nonlinearity);
    super(inputSize, hiddenSize, options, 1);
    this.nonlinearity = nonlinearity;
  }

  forward(x: Tensor, h: Tensor | null = null): Tensor {
    const [inputs, run] = this.step(x, h ? [["hidden state", h]] : []);
    return temporary(() => rnnLayer(inputs, run, this.nonlinearity)[0]!);
  }

  override extraRepr(): string {
    return `${super.extraRepr()}${this.nonlinearity === "tanh" ? "" : `, nonlinearity=${this.nonlinearity}`}`;
  }
}

/**
 * One step of an LSTM: `forward(x, [h, c])` gives `[h', c']`. Shapes as those of RNNCell.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 */
export class LSTMCell extends Cell {
  /** @throws ArgumentError for sizes that are no counts */
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    super(inputSize, hiddenSize, options, 4);
  }

  forward(x: Tensor, states: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    if (states !== null && !Array.isArray(states)) throw new ArgumentError("LSTMCell.forward(): expected the states as [h, c]");
    const [inputs, run] = this.step(
      x,
      states
        ? [
            ["hidden state", states[0]],
            ["cell state", states[1]],
          ]
        : [],
    );
    return temporary(() => {
      const [h, , c] = lstmLayer(inputs, run) as [Tensor, Tensor, Tensor];
      return [h, c];
    });
  }
}

/**
 * One step of a GRU. Shapes as those of RNNCell.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 */
export class GRUCell extends Cell {
  /** @throws ArgumentError for sizes that are no counts */
  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    super(inputSize, hiddenSize, options, 3);
  }

  forward(x: Tensor, h: Tensor | null = null): Tensor {
    const [inputs, run] = this.step(x, h ? [["hidden state", h]] : []);
    return temporary(() => gruLayer(inputs, run)[0]!);
  }
}
