import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, op } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { type Shape, show, sizeOf } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { type Pair, type Windows, pair } from "./families/conv.js";

interface PoolOptions {
  /** Step of the window. Default: the kernel's size. */
  stride?: Pair;
  /** How far windows reach beyond each side, at most half a kernel. Default 0. */
  padding?: Pair;
  /** Keep a last window that lies only partly inside. Default false. */
  ceilMode?: boolean;
}

/** @throws unless the last two dims of a float tensor can be pooled */
function checkImages(name: string, x: Tensor): [number, number] {
  if (!isFloat(x.dtype))
    throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
  if (x.ndim !== 3 && x.ndim !== 4) throw new ShapeError(`${name}(): x must be [n, c, h, w] or [c, h, w], got ${show(x.shape)}`);
  return x.shape.slice(-2) as [number, number];
}

function windowsOf(name: string, x: Tensor, kernelSize: Pair, options: PoolOptions & { dilation?: Pair }): Windows {
  const input = checkImages(name, x);
  const kernel = pair(name, "kernelSize", kernelSize, 1);
  const stride = pair(name, "stride", options.stride ?? kernel, 1);
  const padding = pair(name, "padding", options.padding ?? 0, 0);
  const dilation = pair(name, "dilation", options.dilation ?? 1, 1);
  const reach = kernel.map((k, i) => dilation[i]! * (k - 1) + 1);
  if (padding.some((p, i) => p > reach[i]! / 2)) {
    throw new ArgumentError(`${name}(): padding ${show(padding)} is more than half of the kernel, ${show(reach)} with its dilation`);
  }
  const output = input.map((size, i) => {
    const steps = (size + 2 * padding[i]! - reach[i]!) / stride[i]!;
    const last = options.ceilMode ? Math.ceil(steps) : Math.floor(steps);
    // The last window must start inside the input or its left padding.
    return last + 1 - (options.ceilMode && last * stride[i]! >= size + padding[i]! ? 1 : 0);
  }) as [number, number];
  if (output[0] <= 0 || output[1] <= 0) {
    const padded = input.map((size, i) => size + 2 * padding[i]!);
    throw new ShapeError(`${name}(): the kernel, ${show(reach)} with its dilation, is larger than the padded input ${show(padded)}`);
  }
  return { input, output, kernel, stride, padding, dilation };
}

const planesOf = (shape: Shape): number => sizeOf(shape.slice(0, -2));
const withPlane = (shape: Shape, plane: Shape): number[] => [...shape.slice(0, -2), ...plane];
const typeOf = (x: Tensor): "f32" | "f64" => dtypeInfo(x.dtype).kernel as "f32" | "f64";

/** Maxima and where they were: their indices in the plane. */
const maxima: Op<(x: Tensor, windows: Windows) => Tensor[]> = op({
  name: "_maxPool2d",
  torch: "F.max_pool2d(x, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2), return_indices=True)[0]",
  check: ([values]) => values!,
  samples: [
    {
      inputs: [[2, 2, 5, 7]],
      args: [{ input: [5, 7], output: [3, 3], kernel: [3, 2], stride: [2, 2], padding: [1, 0], dilation: [1, 2] }],
    },
  ],
  prepare: (x: Tensor, windows: Windows) => ({ inputs: [x], args: windows }),
  run([x], { input, output, kernel, stride, padding, dilation }, aux) {
    const source = contiguousInput(x!);
    const values = Tensor.empty(withPlane(x!.shape, output), x!.dtype, "maxPool2d");
    const indices = Tensor.empty(values.shape, "int32", "maxPool2d");
    aux.push(indices);
    const args = [values.ptr, indices.ptr, source.ptr, ...input, ...output, ...kernel, ...stride, ...padding, ...dilation];
    launch(`max_pool2d_${typeOf(x!)}`, args, planesOf(x!.shape), 6 * sizeOf(output) * sizeOf(kernel));
    return [values, indices];
  },
  vjp: [(g, c) => scatter(g, c.aux(0), c.shapes[0]!)],
});

const INDICES = { shape: [2, 2, 2], dtype: "int32", values: [0, 3, 5, 3, 1, 1, 4, 2] } as const;

/** Adds each number of a plane to where its index says, in planes of `shape`. */
const scatter: Op<(g: Tensor, indices: Tensor, shape: Shape) => Tensor> = op({
  name: "_maxPool2dScatter",
  torch: "torch.zeros(2, 6, dtype=x.dtype).scatter_add(1, y.flatten(1).long(), x.flatten(1)).reshape(2, 2, 3)",
  samples: [{ inputs: [[2, 2, 2], INDICES], args: [[2, 2, 3]] }],
  prepare: (g: Tensor, indices: Tensor, shape: Shape) => ({ inputs: [g, indices], args: shape }),
  run([g, indices], shape) {
    const [source, at] = [contiguousInput(g!), contiguousInput(indices!)];
    const out = Tensor.empty(shape, g!.dtype, "maxPool2d");
    const [inputs, outputs] = [sizeOf(shape.slice(-2)), sizeOf(g!.shape.slice(-2))];
    launch(`max_pool2d_scatter_${typeOf(g!)}`, [out.ptr, source.ptr, at.ptr, inputs, outputs], planesOf(shape), 2 * (inputs + outputs));
    return out;
  },
  vjp: [needs([1], (g, c) => gather(g, c.input(1))), null],
});

/** From each plane the numbers at the indices. */
const gather: Op<(x: Tensor, indices: Tensor) => Tensor> = op({
  name: "_maxPool2dGather",
  torch: "x.flatten(1).gather(1, y.flatten(1).long()).reshape(2, 2, 2)",
  samples: [[[2, 2, 3], INDICES]],
  run([x, indices]) {
    const [source, at] = [contiguousInput(x!), contiguousInput(indices!)];
    const out = Tensor.empty(indices!.shape, x!.dtype, "maxPool2d");
    const [inputs, outputs] = [sizeOf(x!.shape.slice(-2)), sizeOf(out.shape.slice(-2))];
    launch(`max_pool2d_gather_${typeOf(x!)}`, [out.ptr, source.ptr, at.ptr, inputs, outputs], planesOf(x!.shape), outputs);
    return out;
  },
  vjp: [needs([1], (g, c) => scatter(g, c.input(1), c.shapes[0]!)), null],
});

export interface MaxPoolOptions extends PoolOptions {
  /** Step between the elements of a window. Default 1. */
  dilation?: Pair;
  /** Also return where the maxima were. Default false. */
  returnIndices?: boolean;
}

export interface MaxPool2d {
  (x: Tensor, kernelSize: Pair, options: MaxPoolOptions & { returnIndices: true }): [Tensor, Tensor];
  (x: Tensor, kernelSize: Pair, options?: MaxPoolOptions): Tensor;
}

/**
 * The maximum of each window of x `[n, c, h, w]` or `[c, h, w]`; the result is `[…, oh, ow]` with
 * oh = ⌊(h + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1. Padding never wins, NaN always does, and of
 * equal maxima the first gets the gradient. With `returnIndices` also their places in the plane (int32):
 * row · w + column.
 *
 * @throws ShapeError when the kernel is larger than the padded input
 * @throws ArgumentError for options that make no sense
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html
 */
export const maxPool2d: Op<MaxPool2d> = composite(
  {
    name: "maxPool2d",
    torch: (kernel: Pair, options: MaxPoolOptions = {}) =>
      `F.max_pool2d(x, ${python(kernel)}${keywords({ ...options })})${options.returnIndices ? "[0]" : ""}`,
    check: (result) => (Array.isArray(result) ? result[0]! : result),
    samples: [
      { inputs: [[2, 3, 6, 8]], args: [2] },
      { inputs: [[2, 3, 7, 5]], args: [3, { stride: 2, padding: 1 }] },
      { inputs: [[3, 7, 9]], args: [[2, 3], { stride: [3, 1], padding: [1, 0], dilation: [2, 1] }] },
      { inputs: [[1, 1, 5, 6]], args: [2, { ceilMode: true }] },
      { inputs: [[1, 2, 5, 6]], args: [2, { returnIndices: true }] },
      { inputs: [[0, 2, 4, 4]], args: [2] },
    ],
    errors: [
      {
        inputs: [[1, 1, 2, 2]],
        args: [3],
        throws: /maxPool2d\(\): the kernel, \[3, 3\] with its dilation, is larger than the padded input \[2, 2\]/,
      },
      { inputs: [[4, 4]], args: [2], throws: /maxPool2d\(\): x must be \[n, c, h, w\] or \[c, h, w\], got \[4, 4\]/ },
      { inputs: [[1, 4, 4]], args: [2, { padding: 2 }], throws: /maxPool2d\(\): padding \[2, 2\] is more than half of the kernel/ },
      { inputs: [[1, 4, 4]], args: [0], throws: /maxPool2d\(\): kernelSize must be a whole number from 1 on/ },
      { inputs: [{ shape: [1, 4, 4], dtype: "int32" }], args: [2], throws: /maxPool2d\(\): expected a floating point tensor, got int32/ },
    ],
  },
  (x: Tensor, kernelSize: Pair, options: MaxPoolOptions = {}) => {
    const [values, indices] = maxima(x, windowsOf("maxPool2d", x, kernelSize, options)) as [Tensor, Tensor];
    return options.returnIndices ? [values, indices] : values;
  },
) as Op<MaxPool2d>;

interface Average extends Omit<Windows, "dilation"> {
  readonly countIncludePad: boolean;
  /** 0: the size of the window. */
  readonly divisor: number;
}

function averageArgs(a: Average): number[] {
  return [...a.input, ...a.output, ...a.kernel, ...a.stride, ...a.padding, Number(a.countIncludePad), a.divisor];
}

const AVERAGE: Average = {
  input: [5, 4],
  output: [3, 2],
  kernel: [3, 2],
  stride: [2, 2],
  padding: [1, 0],
  countIncludePad: false,
  divisor: 0,
};
const AVERAGE_TORCH = "F.avg_pool2d(x, (3, 2), stride=2, padding=(1, 0), count_include_pad=False)";

/** Linear in x, so its gradient's gradient is itself. */
const average: Op<(x: Tensor, windows: Average) => Tensor> = op({
  name: "_avgPool2d",
  torch: AVERAGE_TORCH,
  samples: [{ inputs: [[2, 2, 5, 4]], args: [AVERAGE] }],
  prepare: (x: Tensor, windows: Average) => ({ inputs: [x], args: windows }),
  run([x], windows) {
    const source = contiguousInput(x!);
    const out = Tensor.empty(withPlane(x!.shape, windows.output), x!.dtype, "avgPool2d");
    launch(`avg_pool2d_${typeOf(x!)}`, [out.ptr, source.ptr, ...averageArgs(windows)], planesOf(x!.shape), averageCost(windows));
    return out;
  },
  vjp: [(g, { args }) => averageBack(g, args)],
});

const averageBack: Op<(g: Tensor, windows: Average) => Tensor> = op({
  name: "_avgPool2dBack",
  torch: `torch.autograd.functional.vjp(lambda a: ${AVERAGE_TORCH.replace("(x,", "(a,")}, torch.zeros(2, 2, 5, 4, dtype=x.dtype), x, create_graph=True)[1]`,
  samples: [{ inputs: [[2, 2, 3, 2]], args: [AVERAGE] }],
  prepare: (g: Tensor, windows: Average) => ({ inputs: [g], args: windows }),
  run([g], windows) {
    const source = contiguousInput(g!);
    const out = Tensor.empty(withPlane(g!.shape, windows.input), g!.dtype, "avgPool2d");
    launch(`avg_pool2d_grad_${typeOf(g!)}`, [out.ptr, source.ptr, ...averageArgs(windows)], planesOf(g!.shape), averageCost(windows));
    return out;
  },
  vjp: [(g, { args }) => average(g, args)],
});

function averageCost({ input, output, kernel }: Average): number {
  return sizeOf(input) + sizeOf(output) * Math.max(1, sizeOf(kernel));
}

export interface AvgPoolOptions extends PoolOptions {
  /** Count the zeros of the padding as elements. Default true. */
  countIncludePad?: boolean;
  /** Divide by this instead of the window's size. */
  divisorOverride?: number | null;
}

/**
 * The mean of each window of x `[n, c, h, w]` or `[c, h, w]`; sizes as in `maxPool2d`.
 *
 * @throws ShapeError when the kernel is larger than the padded input
 * @throws ArgumentError for options that make no sense
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
 */
export const avgPool2d: Op<(x: Tensor, kernelSize: Pair, options?: AvgPoolOptions) => Tensor> = composite(
  {
    name: "avgPool2d",
    torch: (kernel: Pair, options?: AvgPoolOptions) => `F.avg_pool2d(x, ${python(kernel)}${keywords({ ...options })})`,
    samples: [
      { inputs: [[2, 3, 6, 8]], args: [2] },
      { inputs: [[2, 3, 7, 5]], args: [3, { stride: 2, padding: 1 }] },
      { inputs: [[3, 7, 6]], args: [[3, 2], { stride: [2, 3], padding: [1, 0], ceilMode: true }] },
      { inputs: [[1, 2, 5, 5]], args: [3, { stride: 2, padding: 1, ceilMode: true, countIncludePad: false }] },
      { inputs: [[1, 2, 5, 5]], args: [2, { divisorOverride: 3 }] },
      { inputs: [[0, 2, 4, 4]], args: [2] },
    ],
    errors: [
      { inputs: [[1, 1, 2, 2]], args: [3], throws: /avgPool2d\(\): the kernel, \[3, 3\] with its dilation, is larger/ },
      {
        inputs: [[1, 4, 4]],
        args: [2, { divisorOverride: 0 }],
        throws: /avgPool2d\(\): divisorOverride must be a whole number from 1 on, got 0/,
      },
    ],
  },
  (x: Tensor, kernelSize: Pair, options: AvgPoolOptions = {}) => {
    const { countIncludePad = true, divisorOverride = null } = options;
    if (divisorOverride !== null && !(Number.isInteger(divisorOverride) && divisorOverride >= 1)) {
      throw new ArgumentError(`avgPool2d(): divisorOverride must be a whole number from 1 on, got ${divisorOverride}`);
    }
    return average(x, { ...windowsOf("avgPool2d", x, kernelSize, options), countIncludePad, divisor: divisorOverride ?? 0 });
  },
);

/**
 * Means over `outputSize` nearly even parts of each plane: part i of a side covers ⌊i·h / oh⌋ up to ⌈(i + 1)·h / oh⌉.
 * `null` keeps a side. 1 is global average pooling.
 *
 * @throws ShapeError when x is not `[n, c, h, w]` or `[c, h, w]` with at least one element in a plane
 */
export const adaptiveAvgPool2d: Op<(x: Tensor, outputSize: number | readonly [number | null, number | null]) => Tensor> = composite(
  {
    name: "adaptiveAvgPool2d",
    torch: (size: number | (number | null)[]) => `F.adaptive_avg_pool2d(x, ${python(size)})`,
    samples: [
      { inputs: [[2, 3, 6, 8]], args: [1] },
      { inputs: [[2, 3, 7, 5]], args: [[3, 2]] },
      { inputs: [[3, 4, 5]], args: [[null, 7]] },
    ],
    errors: [
      { inputs: [[2, 0, 3]], args: [1], throws: /adaptiveAvgPool2d\(\): there is nothing to average in \[0, 3\]/ },
      { inputs: [[2, 3, 3]], args: [0], throws: /adaptiveAvgPool2d\(\): outputSize must be a whole number from 1 on/ },
    ],
  },
  (x: Tensor, outputSize: number | readonly [number | null, number | null]) => {
    const input = checkImages("adaptiveAvgPool2d", x);
    if (sizeOf(input) === 0) throw new ShapeError(`adaptiveAvgPool2d(): there is nothing to average in ${show(input)}`);
    const size = typeof outputSize === "number" ? outputSize : ([outputSize[0] ?? input[0], outputSize[1] ?? input[1]] as const);
    const output = pair("adaptiveAvgPool2d", "outputSize", size, 1);
    // A kernel of size 0 asks the kernels for such windows.
    const none = [0, 0] as const;
    return average(x, { input, output, kernel: none, stride: none, padding: none, countIncludePad: false, divisor: 0 });
  },
);
