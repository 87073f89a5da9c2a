import { ArgumentError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import type { Tensor } from "../core/tensor.js";
import { conv1d, conv2d, convTranspose2d } from "../ops/conv.js";
import { empty } from "../ops/creation.js";
import { type Pair, checkGroups } from "../ops/families/conv.js";
import { Layer } from "./layer.js";
import { checkCounts, initWeightAndBias } from "./linear.js";
import { Parameter } from "./parameter.js";
import { py } from "./repr.js";

interface ConvOptions<Size> {
  /** Step of the window. Default 1. */
  stride?: Size;
  /** Zeros on each side; "valid" is 0, "same" (stride 1 only) keeps the size. Default 0. */
  padding?: Size | "same" | "valid";
  /** Step between the taps of the kernel. Default 1. */
  dilation?: Size;
  /** Channels are cut into so many groups that do not see one another. Default 1. */
  groups?: number;
  /** Whether something is added. Default true. */
  bias?: boolean;
  /** What lies beyond the border. Only zeros, so far. */
  paddingMode?: "zeros";
  dtype?: DType;
}

export type Conv1dOptions = ConvOptions<number>;
export type Conv2dOptions = ConvOptions<Pair>;
export interface ConvTranspose2dOptions extends ConvOptions<Pair> {
  /** How much of each side of the output is cut. Default 0. */
  padding?: Pair;
  /** Rows and columns added below and to the right. Default 0. */
  outputPadding?: Pair;
}

/** One number per axis. @throws ArgumentError unless whole numbers from `least` on */
function perAxis(name: string, option: string, value: number | readonly number[], axes: number, least: number): readonly number[] {
  const list = typeof value === "number" ? Array.from({ length: axes }, () => value) : [...value];
  if (list.length !== axes || !list.every((v) => Number.isInteger(v) && v >= least)) {
    const several = axes === 1 ? "" : `, or ${axes} of them`;
    throw new ArgumentError(
      `${name}(): ${option} must be a whole number from ${least} on${several}, got ${typeof value === "object" ? `[${value.join(", ")}]` : String(value)}`,
    );
  }
  return list;
}

/** What convolutions share: options checked and spelt out per axis, and the parameters. */
abstract class Convolution extends Layer {
  readonly weight: Parameter;
  readonly bias: Parameter | null;
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[] | "same" | "valid";
  readonly dilation: readonly number[];
  readonly groups: number;

  constructor(
    name: string,
    axes: number,
    readonly inChannels: number,
    readonly outChannels: number,
    kernelSize: number | readonly number[],
    options: ConvOptions<number | readonly number[]>,
    transposed = false,
  ) {
    super();
    const { padding = 0, groups = 1, paddingMode = "zeros" } = options;
    checkCounts(name, { inChannels, outChannels });
    checkGroups(name, groups, inChannels, outChannels);
    if (paddingMode !== "zeros")
      throw new ArgumentError(
        `${name}(): paddingMode must be "zeros", got ${JSON.stringify(paddingMode)}; pad the input yourself for other borders`,
      );
    this.kernelSize = perAxis(name, "kernelSize", kernelSize, axes, 1);
    this.stride = perAxis(name, "stride", options.stride ?? 1, axes, 1);
    this.dilation = perAxis(name, "dilation", options.dilation ?? 1, axes, 1);
    this.padding = padding === "valid" || padding === "same" ? padding : perAxis(name, "padding", padding, axes, 0);
    if (padding === "same" && this.stride.some((step) => step !== 1))
      throw new ArgumentError(`${name}(): padding "same" needs stride 1, got ${py(this.stride)}`);
    this.groups = groups;
    const [outer, inner] = transposed ? [inChannels, outChannels] : [outChannels, inChannels];
    this.weight = new Parameter(empty([outer, inner / groups, ...this.kernelSize], options));
    this.bias = options.bias === false ? null : new Parameter(empty([outChannels], options));
    this.resetParameters();
  }

  resetParameters(): void {
    initWeightAndBias(this.weight, this.bias);
  }

  override extraRepr(): string {
    const { inChannels, outChannels, kernelSize, stride, groups, bias } = this;
    const parts = [`${inChannels}, ${outChannels}, kernel_size=${py(kernelSize)}, stride=${py(stride)}`];
    for (const [name, value, usual] of this.unusual()) {
      if (typeof value === "string" || value.some((v) => v !== usual)) parts.push(`${name}=${py(value)}`);
    }
    if (groups !== 1) parts.push(`groups=${groups}`);
    if (!bias) parts.push("bias=False");
    return parts.join(", ");
  }

  /** Options that are printed only when they differ from their default. */
  protected unusual(): [string, readonly number[] | string, number][] {
    return [
      ["padding", this.padding, 0],
      ["dilation", this.dilation, 1],
    ];
  }
}

/**
 * Convolution over sequences: x `[n, in, length]` or `[in, length]`, `weight` `[out, in / groups, k]`, `bias` `[out]`.
 * Values and sizes as in `F.conv1d`; both start as U(−k, k), k = 1 / √(in / groups · kernel).
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 */
export class Conv1d extends Convolution {
  /** @throws ArgumentError for sizes and options that make no sense */
  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super("Conv1d", 1, inChannels, outChannels, kernelSize, options);
  }

  protected compute(x: Tensor): Tensor {
    const { weight, bias, groups, padding } = this;
    const sides = typeof padding === "string" ? padding : padding[0]!;
    return conv1d(x, weight, bias, { stride: this.stride[0]!, padding: sides, dilation: this.dilation[0]!, groups });
  }
}

/**
 * Convolution over images: x `[n, in, h, w]` or `[in, h, w]`, `weight` `[out, in / groups, kh, kw]`, `bias` `[out]`.
 * Values and sizes as in `F.conv2d`; both start as U(−k, k), k = 1 / √(in / groups · kh · kw).
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export class Conv2d extends Convolution {
  /** @throws ArgumentError for sizes and options that make no sense */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dOptions = {}) {
    super("Conv2d", 2, inChannels, outChannels, kernelSize, options);
  }

  protected compute(x: Tensor): Tensor {
    const { weight, bias, groups, padding } = this;
    const sides = typeof padding === "string" ? padding : (padding as Pair);
    return conv2d(x, weight, bias, { stride: this.stride as Pair, padding: sides, dilation: this.dilation as Pair, groups });
  }
}

/**
 * Transposed convolution over images: x `[n, in, h, w]` or `[in, h, w]`, `weight` `[in, out / groups, kh, kw]`,
 * `bias` `[out]`. Values and sizes as in `F.convTranspose2d`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export class ConvTranspose2d extends Convolution {
  readonly outputPadding: readonly number[];

  /** @throws ArgumentError for sizes and options that make no sense */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: ConvTranspose2dOptions = {}) {
    const outputPadding = perAxis("ConvTranspose2d", "outputPadding", options.outputPadding ?? 0, 2, 0);
    super("ConvTranspose2d", 2, inChannels, outChannels, kernelSize, options, true);
    this.outputPadding = outputPadding;
  }

  protected compute(x: Tensor): Tensor {
    const { weight, bias, groups } = this;
    const [stride, padding, outputPadding, dilation] = [this.stride, this.padding, this.outputPadding, this.dilation] as Pair[];
    return convTranspose2d(x, weight, bias, { stride, padding, outputPadding, dilation, groups });
  }

  protected override unusual(): [string, readonly number[] | string, number][] {
    return [...super.unusual(), ["output_padding", this.outputPadding, 0]];
  }
}
