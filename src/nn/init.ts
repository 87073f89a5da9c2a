import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { constant } from "../core/constant.js";
import { copyInto } from "../core/copy.js";
import type { Generator } from "../core/generator.js";
import { noGrad } from "../core/grad-mode.js";
import { show, sizeOf } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import * as random from "../ops/random.js";

/*
 * Initial values, as torch.nn.init draws them. All fill the tensor in place, outside of any graph, and return it.
 */

export interface RandomOptions {
  /** Default: the one that manualSeed() seeds. */
  generator?: Generator;
}

/** U(a, b). Default U(0, 1). */
export function uniform_(x: Tensor, options: RandomOptions & { a?: number; b?: number } = {}): Tensor {
  return noGrad(() => random.uniform_(x, options.a ?? 0, options.b ?? 1, options));
}

/** N(mean, std²). Default N(0, 1). */
export function normal_(x: Tensor, options: RandomOptions & { mean?: number; std?: number } = {}): Tensor {
  return noGrad(() => random.normal_(x, options.mean ?? 0, options.std ?? 1, options));
}

/** All `value`. */
export function constant_(x: Tensor, value: number): Tensor {
  copyInto(x, constant(value, x.dtype));
  x.storage.version++;
  return x;
}

export function zeros_(x: Tensor): Tensor {
  return constant_(x, 0);
}

export function ones_(x: Tensor): Tensor {
  return constant_(x, 1);
}

export type Nonlinearity = "linear" | "conv1d" | "conv2d" | "conv3d" | "sigmoid" | "tanh" | "relu" | "leaky_relu" | "selu";

/**
 * How much a nonlinearity shrinks the standard deviation of what goes through it, as a factor to undo that.
 *
 * @param param the negative slope of leaky_relu, default 0.01
 * @throws ArgumentError for an unknown nonlinearity
 */
export function calculateGain(nonlinearity: Nonlinearity, param: number | null = null): number {
  switch (nonlinearity) {
    case "linear":
    case "conv1d":
    case "conv2d":
    case "conv3d":
    case "sigmoid":
      return 1;
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu":
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
    case "selu":
      return 3 / 4;
    default:
      throw new ArgumentError(
        `calculateGain(): unknown nonlinearity ${JSON.stringify(nonlinearity)}; use linear, conv2d, sigmoid, tanh, relu, leaky_relu or selu`,
      );
  }
}

/** Inputs and outputs of one unit: `[out, in, ...kernel]`. @throws ShapeError with fewer than two dims */
export function calculateFans(name: string, x: Tensor): { fanIn: number; fanOut: number } {
  const [outputs, inputs, ...kernel] = x.shape;
  if (outputs === undefined || inputs === undefined)
    throw new ShapeError(`${name}(): fans need at least two dims [out, in, …], got ${show(x.shape)}`);
  const field = sizeOf(kernel);
  return { fanIn: inputs * field, fanOut: outputs * field };
}

/** U(−a, a) with a = gain · √(6 / (fanIn + fanOut)). https://proceedings.mlr.press/v9/glorot10a.html @throws ShapeError with fewer than two dims */
export function xavierUniform_(x: Tensor, options: RandomOptions & { gain?: number } = {}): Tensor {
  const bound = Math.sqrt(3) * xavierStd("xavierUniform_", x, options.gain);
  return uniform_(x, { ...options, a: -bound, b: bound });
}

/** N(0, gain² · 2 / (fanIn + fanOut)). @throws ShapeError with fewer than two dims */
export function xavierNormal_(x: Tensor, options: RandomOptions & { gain?: number } = {}): Tensor {
  return normal_(x, { ...options, std: xavierStd("xavierNormal_", x, options.gain) });
}

function xavierStd(name: string, x: Tensor, gain = 1): number {
  const { fanIn, fanOut } = calculateFans(name, x);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

export interface KaimingOptions extends RandomOptions {
  /** The negative slope of a leaky_relu. Default 0. */
  a?: number;
  /** Whether the forward ("fan_in", default) or the backward pass keeps its variance. */
  mode?: "fan_in" | "fan_out";
  /** Default "leaky_relu". */
  nonlinearity?: Nonlinearity;
}

/** U(−b, b) with b = gain · √(3 / fan). https://arxiv.org/abs/1502.01852 @throws ShapeError with fewer than two dims */
export function kaimingUniform_(x: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd("kaimingUniform_", x, options);
  return uniform_(x, { generator: options.generator, a: -bound, b: bound });
}

/** N(0, gain² / fan). @throws ShapeError with fewer than two dims */
export function kaimingNormal_(x: Tensor, options: KaimingOptions = {}): Tensor {
  return normal_(x, { generator: options.generator, std: kaimingStd("kaimingNormal_", x, options) });
}

function kaimingStd(name: string, x: Tensor, { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" }: KaimingOptions): number {
  if (mode !== "fan_in" && mode !== "fan_out")
    throw new ArgumentError(`${name}(): mode must be "fan_in" or "fan_out", got ${JSON.stringify(mode)}`);
  const { fanIn, fanOut } = calculateFans(name, x);
  // A tensor without elements has nothing to draw.
  const fan = Math.max(1, mode === "fan_in" ? fanIn : fanOut);
  return calculateGain(nonlinearity, a) / Math.sqrt(fan);
}
