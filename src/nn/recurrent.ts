import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { type Shape, sameShape, show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "../ops/access.js";
import { empty } from "../ops/creation.js";
import { indexSelect } from "../ops/gather.js";
import { cat } from "../ops/join.js";
import { dropout } from "../ops/random.js";
import type { Run } from "../ops/recurrent/sequence.js";
import { narrow } from "../ops/slice.js";
import { transpose } from "../ops/view.js";
import { uniform_ } from "./init.js";
import { checkCounts } from "./linear.js";
import { Module } from "./module.js";
import type { PackedSequence } from "./packed-sequence.js";
import { Parameter } from "./parameter.js";
import { py, pyFloat } from "./repr.js";

export interface RecurrentOptions {
  /** Layers one upon the other. Default 1. */
  numLayers?: number;
  /** Whether there are biases, two for each layer and direction. Default true. */
  bias?: boolean;
  /** Input and output are `[batch, steps, features]` rather than `[steps, batch, features]`. Default false. */
  batchFirst?: boolean;
  /** While training, the probability with which an output of a layer that is not the last becomes 0. Default 0. */
  dropout?: number;
  /** A second direction, from the end; outputs stand side by side. Default false. */
  bidirectional?: boolean;
  dtype?: DType;
}

/** The names of the parameters of one layer in one direction, in PyTorch's order. */
interface Names {
  readonly weights: readonly string[];
  readonly projection: string | null;
}

/** What `forward` works on. */
interface Input {
  /** Time first. */
  readonly data: Tensor;
  readonly run: Omit<Run, "reverse" | "bias">;
  /** The shape that states must have, but for their features. */
  readonly lead: Shape;
}

/** What RNN, LSTM and GRU share: parameters, layers, directions, packing. */
export abstract class RecurrentModule extends Module {
  readonly [key: `weight_${string}`]: Parameter;
  readonly [key: `bias_${string}`]: Parameter;
  readonly numLayers: number;
  readonly bias: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly #names: Names[][];

  /** @param gates parts of a weight; `projSize`: features of the hidden state, 0 for `hiddenSize` */
  constructor(
    readonly inputSize: number,
    readonly hiddenSize: number,
    options: RecurrentOptions,
    gates: number,
    readonly projSize = 0,
  ) {
    super();
    const name = this.constructor.name;
    const { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false, dtype } = options;
    checkCounts(name, { inputSize, projSize }, 0);
    checkCounts(name, { hiddenSize, numLayers });
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${name}(): dropout must be in 0..1, got ${p}`);
    if (projSize >= hiddenSize && projSize > 0)
      throw new ArgumentError(`${name}(): projSize must be less than hiddenSize, ${hiddenSize}, got ${projSize}`);
    [this.numLayers, this.bias, this.batchFirst, this.dropout, this.bidirectional] = [numLayers, bias, batchFirst, p, bidirectional];
    const outputs = projSize || hiddenSize;
    const parameter = (key: string, shape: Shape): string => {
      this.registerParameter(key, new Parameter(empty(shape, dtype ? { dtype } : {})));
      return key;
    };
    this.#names = Array.from({ length: numLayers }, (_, layer) =>
      (bidirectional ? ["", "_reverse"] : [""]).map((direction) => {
        const features = layer === 0 ? inputSize : outputs * (bidirectional ? 2 : 1);
        const end = `_l${layer}${direction}`;
        const weights = [
          parameter(`weight_ih${end}`, [gates * hiddenSize, features]),
          parameter(`weight_hh${end}`, [gates * hiddenSize, outputs]),
          ...(bias ? [parameter(`bias_ih${end}`, [gates * hiddenSize]), parameter(`bias_hh${end}`, [gates * hiddenSize])] : []),
        ];
        return { weights, projection: projSize > 0 ? parameter(`weight_hr${end}`, [projSize, hiddenSize]) : null };
      }),
    );
    this.resetParameters();
  }

  /** All from U(−k, k), k = 1 / √hiddenSize. */
  resetParameters(): void {
    const bound = 1 / Math.sqrt(this.hiddenSize);
    for (const parameter of this.namedParameters({ recurse: false })) uniform_(parameter[1], { a: -bound, b: bound });
  }

  /** Does nothing: weights need not lie one behind the other here. For programs that come from PyTorch. */
  flattenParameters(): void {}

  /** The parameters of each layer and direction, in PyTorch's order. */
  get allWeights(): Parameter[][] {
    return this.#names
      .flat()
      .map(({ weights, projection }) => [...weights, ...(projection ? [projection] : [])].map((key) => this.#at(key)));
  }

  #at(key: string): Parameter {
    return (this as unknown as Record<string, Parameter>)[key]!;
  }

  /** One layer in one direction: the output, then the last states. */
  protected abstract layer(inputs: readonly Tensor[], run: Run, projection: Parameter | null): Tensor[];

  /** Features of each state. */
  protected abstract stateSizes(): readonly { readonly name: string; readonly features: number }[];

  /** All layers, for `forward`: output and last states. */
  protected all<X extends Tensor | PackedSequence>(x: X, states: readonly Tensor[] | null): { output: X; states: Tensor[] } {
    const input = this.#input(x);
    this.#checkStates(input, states);
    const result = temporary(() => {
      const packed: PackedSequence | null = x instanceof Tensor ? null : x;
      const initial = states && permuted(states, packed?.sortedIndices ?? null);
      const { data, last } = this.#layers(input, initial);
      const final = permuted(last, packed?.unsortedIndices ?? null);
      return { data: !packed && this.batchFirst && data.ndim === 3 ? transpose(data, 0, 1) : data, final };
    });
    const output = x instanceof Tensor ? result.data : { ...x, data: result.data };
    return { output: output as X, states: result.final };
  }

  #layers({ data, run }: Input, initial: readonly Tensor[] | null): { data: Tensor; last: Tensor[] } {
    const parts: Tensor[][] = [];
    let current = data;
    this.#names.forEach((directions, layer) => {
      if (layer > 0 && this.dropout > 0 && this.training) current = dropout(current, { p: this.dropout });
      const outputs = directions.map(({ weights, projection }, direction) => {
        const at = parts.length;
        const of = initial?.map((state) => (this.#names.length * directions.length === 1 ? state : narrow(state, 0, at, 1))) ?? [];
        const inputs = [current, ...weights.map((key) => this.#at(key)), ...of];
        const whole = { ...run, reverse: direction === 1, bias: this.bias };
        const [output, ...last] = this.layer(inputs, whole, projection === null ? null : this.#at(projection));
        parts.push(last);
        return output!;
      });
      current = outputs.length === 1 ? outputs[0]! : cat(outputs, -1);
    });
    const last = parts.length === 1 ? parts[0]! : parts[0]!.map((_, state) => cat(parts.map((part) => part[state]!)));
    return { data: current, last };
  }

  /** @throws ShapeError, DTypeError or ArgumentError unless the input fits */
  #input(x: Tensor | PackedSequence): Input {
    const name = this.constructor.name;
    const layers = this.numLayers * (this.bidirectional ? 2 : 1);
    const weight = this.#at(this.#names[0]![0]!.weights[0]!);
    const data = x instanceof Tensor ? x : (x as PackedSequence | undefined)?.data;
    if (!(data instanceof Tensor))
      throw new ArgumentError(`${name}.forward(): expected a tensor or a PackedSequence, got ${x === null ? "null" : typeof x}`);
    if (data.dtype !== weight.dtype)
      throw new DTypeError(`${name}.forward(): the input is ${data.dtype}, the weights are ${weight.dtype}; convert one with .to(…)`);
    const packed = data !== x;
    const expected = packed
      ? `packed rows [n, ${this.inputSize}]`
      : `${this.batchFirst ? "[batch, steps" : "[steps, batch"}, ${this.inputSize}] or [steps, ${this.inputSize}]`;
    const fits = data.shape.at(-1) === this.inputSize && (packed ? data.ndim === 2 : data.ndim === 2 || data.ndim === 3);
    if (!fits) throw new ShapeError(`${name}.forward(): expected ${expected}, got ${show(data.shape)}`);
    if (packed) {
      const sizes = [...toTypedArray((x as PackedSequence).batchSizes)];
      const batch = sizes[0] ?? 0;
      checkSteps(name, sizes.length);
      const rows = data.shape[0]!;
      const total = sizes.reduce((sum, size) => sum + size, 0);
      if (total !== rows || sizes.some((size, t) => size < 1 || (t > 0 && size > sizes[t - 1]!)))
        throw new ShapeError(`${name}.forward(): batchSizes [${sizes.join(", ")}] do not fit ${rows} packed rows`);
      return { data, run: { steps: sizes.length, batch, sizes, lead: [rows], last: [1, batch] }, lead: [layers, batch] };
    }
    if (data.ndim === 2) {
      const steps = data.shape[0]!;
      checkSteps(name, steps);
      return { data, run: { steps, batch: 1, sizes: null, lead: [steps], last: [1] }, lead: [layers] };
    }
    const timeFirst = this.batchFirst ? transpose(data, 0, 1) : data;
    const [steps, batch] = timeFirst.shape as [number, number];
    checkSteps(name, steps);
    return { data: timeFirst, run: { steps, batch, sizes: null, lead: [steps, batch], last: [1, batch] }, lead: [layers, batch] };
  }

  #checkStates({ data, lead }: Input, states: readonly Tensor[] | null): void {
    if (!states) return;
    const name = this.constructor.name;
    const list: readonly unknown[] = states;
    this.stateSizes().forEach(({ name: state, features }, i) => {
      const given = list[i];
      if (!(given instanceof Tensor))
        throw new ArgumentError(`${name}.forward(): the initial ${state} must be a tensor, got ${typeof given}`);
      const shape = [...lead, features];
      if (!sameShape(given.shape, shape))
        throw new ShapeError(
          `${name}.forward(): the initial ${state} is ${show(given.shape)}, expected ${show(shape)}: [numLayers · directions${lead.length > 1 ? ", batch" : ""}, features]`,
        );
      if (given.dtype !== data.dtype)
        throw new DTypeError(`${name}.forward(): the initial ${state} is ${given.dtype}, the input ${data.dtype}; convert one with .to(…)`);
    });
  }

  override extraRepr(): string {
    const { projSize, numLayers, bias, batchFirst, dropout: p, bidirectional } = this;
    return [
      `${this.inputSize}, ${this.hiddenSize}`,
      projSize !== 0 && `proj_size=${projSize}`,
      numLayers !== 1 && `num_layers=${numLayers}`,
      !bias && `bias=${py(bias)}`,
      batchFirst && `batch_first=${py(batchFirst)}`,
      p !== 0 && `dropout=${pyFloat(p)}`,
      bidirectional && `bidirectional=${py(bidirectional)}`,
    ]
      .filter((part) => part !== false)
      .join(", ");
  }
}

/** The states with their sequences, dim 1, in another order. */
function permuted(states: readonly Tensor[], order: Tensor | null): Tensor[] {
  return order ? states.map((state) => indexSelect(state, 1, order)) : [...states];
}

function checkSteps(name: string, steps: number): void {
  if (steps < 1) throw new ShapeError(`${name}.forward(): a sequence must have at least one step`);
}
