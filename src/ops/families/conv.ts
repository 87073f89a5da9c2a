import { backend, launch } from "../../runtime/backend.js";
import { ArgumentError, ShapeError } from "../../runtime/errors.js";
import { LARGE_WEIGHT_GRADIENT, WEIGHT_TILES } from "../../runtime/tuning.js";
import { dtypeInfo } from "../../core/dtype.js";
import { contiguousInput } from "../../core/copy.js";
import { discard } from "../../core/op.js";
import { show } from "../../core/shape.js";
import { Tensor } from "../../core/tensor.js";
import { sum } from "../reduce.js";
import { tileCost } from "./product.js";

/** One number for both axes, or [height, width]. */
export type Pair = number | readonly [number, number];

export interface ConvOptions {
  /** Step of the window. Default 1. */
  stride?: Pair;
  /** Zeros on each side; "valid" is 0, "same" (stride 1 only) keeps the size. Default 0. */
  padding?: Pair | "same" | "valid";
  /** Step between the taps of the kernel. Default 1. */
  dilation?: Pair;
  /** Channels are cut into so many groups that do not see one another. Default 1. */
  groups?: number;
}

/** How windows slide over planes: height and width of each. */
export interface Windows {
  readonly input: readonly [number, number];
  readonly output: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** All sizes of a convolution. In the transposed one, "in" is its output. */
export interface Geometry extends Windows {
  readonly images: number;
  readonly channelsIn: number;
  readonly channelsOut: number;
  readonly groups: number;
}

/** @throws ArgumentError unless a whole number, or two, from `least` on */
export function pair(name: string, option: string, value: Pair, least: number): [number, number] {
  const two = typeof value === "number" ? [value, value] : [...value];
  if (two.length !== 2 || !two.every((v) => Number.isInteger(v) && v >= least)) {
    const shown = typeof value === "number" ? String(value) : show(value);
    throw new ArgumentError(`${name}(): ${option} must be a whole number from ${least} on, or [height, width], got ${shown}`);
  }
  return two as [number, number];
}

/** @throws ArgumentError unless `groups` divides both channel counts */
export function checkGroups(name: string, groups: number, ...channels: number[]): void {
  if (Number.isInteger(groups) && groups >= 1 && channels.every((c) => c % groups === 0)) return;
  throw new ArgumentError(`${name}(): groups must be a whole number that divides the channels ${channels.join(" and ")}, got ${groups}`);
}

/** @throws ShapeError unless null or one number per output channel */
export function checkBias(name: string, bias: Tensor | null, channels: number): void {
  if (bias === null || (bias.ndim === 1 && bias.shape[0] === channels)) return;
  throw new ShapeError(`${name}(): bias must have shape [${channels}], one number per output channel, got ${show(bias.shape)}`);
}

/** The sizes of `conv2d(x, weight)`, checked. */
export function geometryOf(name: string, x: Tensor, weight: Tensor, options: ConvOptions): Geometry {
  const { groups = 1 } = options;
  if (x.ndim !== 4) throw new ShapeError(`${name}(): x must be [n, c, h, w], got ${show(x.shape)}`);
  if (weight.ndim !== 4) throw new ShapeError(`${name}(): weight must be [out, in / groups, kh, kw], got ${show(weight.shape)}`);
  const [images, channelsIn, h, w] = x.shape as [number, number, number, number];
  const [channelsOut, depth, kh, kw] = weight.shape as [number, number, number, number];
  checkGroups(name, groups, channelsIn, channelsOut);
  if (channelsIn !== depth * groups) {
    throw new ShapeError(
      `${name}(): x ${show(x.shape)} has ${channelsIn} channels, weight ${show(weight.shape)} with groups ${groups} takes ${depth * groups}`,
    );
  }
  if (kh === 0 || kw === 0) throw new ShapeError(`${name}(): the kernel is empty: weight ${show(weight.shape)}`);
  const stride = pair(name, "stride", options.stride ?? 1, 1);
  const dilation = pair(name, "dilation", options.dilation ?? 1, 1);
  const reach = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)] as const;
  const same = options.padding === "same";
  if (same && (stride[0] !== 1 || stride[1] !== 1))
    throw new ArgumentError(`${name}(): padding "same" needs stride 1, got ${show(stride)}`);
  // The left half rounded down, as in PyTorch; what is over goes to the right, where the kernels take zeros anyway.
  const padding = same ? ([reach[0] >> 1, reach[1] >> 1] as [number, number]) : pair(name, "padding", paddingOf(name, options.padding), 0);
  const size = (axis: 0 | 1, input: number): number =>
    same ? input : Math.floor((input + 2 * padding[axis] - reach[axis] - 1) / stride[axis]) + 1;
  const output = [size(0, h), size(1, w)] as const;
  if (output[0] <= 0 || output[1] <= 0) {
    const padded = show([h + 2 * padding[0], w + 2 * padding[1]]);
    throw new ShapeError(
      `${name}(): the kernel, ${show([reach[0] + 1, reach[1] + 1])} with its dilation, is larger than the padded input ${padded}`,
    );
  }
  return { images, channelsIn, channelsOut, input: [h, w], output, kernel: [kh, kw], stride, padding, dilation, groups };
}

function paddingOf(name: string, padding: ConvOptions["padding"]): Pair {
  if (padding === undefined || padding === "valid") return 0;
  if (typeof padding === "string")
    throw new ArgumentError(`${name}(): padding must be a number, [height, width], "same" or "valid", got "${padding}"`);
  return padding;
}

const inputShape = (g: Geometry): number[] => [g.images, g.channelsIn, ...g.input];
const outputShape = (g: Geometry): number[] => [g.images, g.channelsOut, ...g.output];
const weightShape = (g: Geometry): number[] => [g.channelsOut, g.channelsIn / g.groups, ...g.kernel];

/** As the kernels take them. */
function sizes(g: Geometry) {
  return [
    g.images,
    g.channelsIn,
    ...g.input,
    g.channelsOut,
    ...g.output,
    ...g.kernel,
    ...g.stride,
    ...g.padding,
    ...g.dilation,
    g.groups,
  ] as const;
}

/** Multiplications of any of the three products. */
function products(g: Geometry): number {
  return g.images * g.channelsOut * g.output[0] * g.output[1] * (g.channelsIn / g.groups) * g.kernel[0] * g.kernel[1];
}

/** y = x ⋆ w + bias. */
export function convolve(x: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry): Tensor {
  const [source, kernel, offset] = [contiguousInput(x), contiguousInput(weight), bias && contiguousInput(bias)];
  const out = Tensor.empty(outputShape(g), x.dtype, "conv2d");
  const tiles = backend().exports.conv2d_tiles(...sizes(g));
  const args = [out.ptr, source.ptr, kernel.ptr, offset?.ptr ?? 0, ...sizes(g)];
  launch(`conv2d_${kernelType(x)}`, args, tiles, tileCost(products(g), tiles));
  return out;
}

/** dx from dy, plus a bias per channel of x: also the transposed convolution. */
export function convolveBack(dy: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry): Tensor {
  const [source, kernel, offset] = [contiguousInput(dy), contiguousInput(weight), bias && contiguousInput(bias)];
  const out = Tensor.empty(inputShape(g), dy.dtype, "conv2d");
  const tiles = backend().exports.conv2d_input_grad_tiles(...sizes(g));
  const args = [out.ptr, source.ptr, kernel.ptr, offset?.ptr ?? 0, ...sizes(g)];
  launch(`conv2d_input_grad_${kernelType(dy)}`, args, tiles, tileCost(products(g), tiles));
  return out;
}

/** dw from dy and x. */
export function convolveWeight(dy: Tensor, x: Tensor, g: Geometry): Tensor {
  const [left, right] = [contiguousInput(dy), contiguousInput(x)];
  const { exports } = backend();
  const tilesOf = (parts: number): number => exports.conv2d_weight_grad_tiles(parts, ...sizes(g));
  // Few weights, many images: runs of images get a sum each. By shapes only, so that all machines add in one order.
  const wanted = products(g) < LARGE_WEIGHT_GRADIENT ? 1 : Math.ceil(WEIGHT_TILES / Math.max(1, tilesOf(1)));
  const parts = Math.max(1, Math.min(g.images, wanted));
  const out = Tensor.empty(parts === 1 ? weightShape(g) : [parts, ...weightShape(g)], x.dtype, "conv2d");
  const tiles = tilesOf(parts);
  launch(`conv2d_weight_grad_${kernelType(x)}`, [out.ptr, left.ptr, right.ptr, parts, ...sizes(g)], tiles, tileCost(products(g), tiles));
  return parts === 1 ? out : sum(discard(out), 0);
}

function kernelType(x: Tensor): "f32" | "f64" {
  return dtypeInfo(x.dtype).kernel as "f32" | "f64";
}
