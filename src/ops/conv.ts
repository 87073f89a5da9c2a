import { ShapeError } from "../runtime/errors.js";
import { composite, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import {
  type ConvOptions,
  type Geometry,
  type Pair,
  checkBias,
  checkGroups,
  convolve,
  convolveBack,
  convolveWeight,
  geometryOf,
  pair,
} from "./families/conv.js";
import { checkFloats } from "./families/product.js";
import { sum } from "./reduce.js";
import { squeeze, unsqueeze } from "./view.js";

/*
 * y = x ⋆ w is bilinear, so the products of its gradients are those two and itself: each of the three ops below
 * has the others as its gradients, and everything can be differentiated again.
 */

/** The geometry of a test of the three ops: x [2, 4, 5, 6], w [6, 2, 3, 2], y [2, 6, 3, 6]. */
const TEST: Geometry = {
  images: 2,
  channelsIn: 4,
  channelsOut: 6,
  input: [5, 6],
  output: [3, 6],
  kernel: [3, 2],
  stride: [2, 1],
  padding: [1, 1],
  dilation: [1, 2],
  groups: 2,
};
const TEST_TORCH = "stride=(2, 1), padding=1, dilation=(1, 2), groups=2";

const convolution: Op<(x: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry) => Tensor> = op({
  name: "_convolution",
  torch: `F.conv2d(x, y, z, ${TEST_TORCH})`,
  samples: [{ inputs: [[2, 4, 5, 6], [6, 2, 3, 2], [6]], args: [TEST] }],
  prepare: (x: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry) => ({ inputs: bias ? [x, weight, bias] : [x, weight], args: g }),
  run: ([x, weight, bias], g) => convolve(x!, weight!, bias ?? null, g),
  vjp: [
    needs([1], (g, c) => inputGrad(g, c.input(1), null, c.args)),
    needs([0], (g, c) => weightGrad(g, c.input(0), c.args)),
    (g) => sum(g, [0, 2, 3]),
  ],
});

/** The gradient of the convolution for its input; with a bias, the transposed convolution. */
const inputGrad: Op<(dy: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry) => Tensor> = op({
  name: "_convolutionInput",
  torch: "F.conv_transpose2d(x, y, z, stride=(2, 1), padding=1, dilation=(1, 2), groups=2)",
  samples: [{ inputs: [[2, 6, 3, 6], [6, 2, 3, 2], [4]], args: [TEST] }],
  prepare: (dy: Tensor, weight: Tensor, bias: Tensor | null, g: Geometry) => ({
    inputs: bias ? [dy, weight, bias] : [dy, weight],
    args: g,
  }),
  run: ([dy, weight, bias], g) => convolveBack(dy!, weight!, bias ?? null, g),
  vjp: [
    needs([1], (g, c) => convolution(g, c.input(1), null, c.args)),
    needs([0], (g, c) => weightGrad(c.input(0), g, c.args)),
    (g) => sum(g, [0, 2, 3]),
  ],
});

/** The gradient of the convolution for its weight. */
const weightGrad: Op<(dy: Tensor, x: Tensor, g: Geometry) => Tensor> = op({
  name: "_convolutionWeight",
  torch: `torch.nn.grad.conv2d_weight(y, (6, 2, 3, 2), x, ${TEST_TORCH})`,
  samples: [
    {
      inputs: [
        [2, 6, 3, 6],
        [2, 4, 5, 6],
      ],
      args: [TEST],
    },
  ],
  prepare: (dy: Tensor, x: Tensor, g: Geometry) => ({ inputs: [dy, x], args: g }),
  run: ([dy, x], g) => convolveWeight(dy!, x!, g),
  vjp: [needs([1], (g, c) => convolution(c.input(1), g, null, c.args)), needs([0], (g, c) => inputGrad(c.input(0), g, null, c.args))],
});

/** Sums of dozens of products of numbers up to 2, rounded in another order. */
const TOLERANCE = { float32: 5e-6 };

type Conv<O> = Op<(x: Tensor, weight: Tensor, bias?: Tensor | null, options?: O) => Tensor>;

/** Tests pass the bias, when there is one, as the third input. */
function arrangeBias(inputs: readonly Tensor[], args: readonly unknown[]): unknown[] {
  return [inputs[0], inputs[1], inputs[2] ?? null, ...args];
}

/** The front desk of all: dtypes, the bias, and a batch of one where the dim of the batch is missing. */
function batched(name: string, dims: number, x: Tensor, weight: Tensor, bias: Tensor | null, run: (x: Tensor) => Tensor): Tensor {
  checkFloats(name, ...(bias ? [x, weight, bias] : [x, weight]));
  if (x.ndim !== dims && x.ndim !== dims - 1) {
    throw new ShapeError(`${name}(): x must have ${dims} dims, or ${dims - 1} without the batch, got ${show(x.shape)}`);
  }
  return x.ndim === dims ? run(x) : squeeze(run(unsqueeze(x, 0)), 0);
}

/**
 * Two-dimensional convolution (cross-correlation, as everywhere in deep learning):
 * y[n, o, p, q] = bias[o] + Σ w[o, c, r, s] · x[n, c, p·stride + r·dilation − padding, …].
 *
 * x `[n, in, h, w]` or `[in, h, w]`, weight `[out, in / groups, kh, kw]`, bias `[out]` or null,
 * y `[n, out, ⌊(h + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1, …]`.
 *
 * @throws ShapeError when channels do not fit or the kernel is larger than the padded input
 * @throws ArgumentError for a stride, padding, dilation or number of groups that makes no sense
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html
 */
export const conv2d: Conv<ConvOptions> = composite(
  {
    name: "conv2d",
    torch: (options?: ConvOptions) => `F.conv2d(*inputs${keywords({ ...options })})`,
    arrange: arrangeBias,
    tolerance: TOLERANCE,
    samples: [
      { inputs: [[2, 3, 5, 7], [4, 3, 3, 3], [4]] },
      { inputs: [[2, 3, 5, 7], [4, 3, 3, 3], [4]], args: [{ padding: 1, stride: 2 }] },
      {
        inputs: [
          [2, 4, 8, 9],
          [6, 2, 3, 2],
        ],
        args: [{ groups: 2, dilation: [2, 3], padding: [1, 2] }],
      },
      { inputs: [[2, 3, 6, 5], [3, 1, 3, 3], [3]], args: [{ groups: 3, padding: 1 }] },
      {
        inputs: [
          [1, 2, 6, 5],
          [4, 1, 3, 3],
        ],
        args: [{ groups: 2, stride: [3, 1] }],
      },
      {
        inputs: [
          [2, 2, 5, 6],
          [3, 2, 4, 2],
        ],
        args: [{ padding: "same" }],
      },
      { inputs: [[2, 2, 5, 6], [3, 2, 2, 4], [3]], args: [{ padding: "same", dilation: 2 }] },
      { inputs: [[3, 7, 7], [2, 3, 1, 1], [2]], args: [{ padding: "valid" }] },
      {
        inputs: [
          [1, 1, 3, 3],
          [1, 1, 5, 5],
        ],
        args: [{ padding: 4, stride: 3 }],
      },
      { inputs: [[0, 3, 5, 5], [4, 3, 3, 3], [4]] },
    ],
    errors: [
      {
        inputs: [
          [2, 3, 5, 5],
          [4, 2, 3, 3],
        ],
        throws: /conv2d\(\): x \[2, 3, 5, 5\] has 3 channels, weight \[4, 2, 3, 3\] with groups 1 takes 2/,
      },
      {
        inputs: [
          [2, 3, 5, 5],
          [4, 3, 7, 3],
        ],
        throws: /conv2d\(\): the kernel, \[7, 3\] with its dilation, is larger than the padded input \[5, 5\]/,
      },
      {
        inputs: [
          [5, 5],
          [4, 3, 3, 3],
        ],
        throws: /conv2d\(\): x must have 4 dims, or 3 without the batch, got \[5, 5\]/,
      },
      {
        inputs: [
          [1, 3, 5, 5],
          [4, 3, 3],
        ],
        throws: /conv2d\(\): weight must be \[out, in \/ groups, kh, kw\], got \[4, 3, 3\]/,
      },
      { inputs: [[1, 3, 5, 5], [4, 3, 3, 3], [3]], throws: /conv2d\(\): bias must have shape \[4\]/ },
      {
        inputs: [
          [1, 3, 5, 5],
          [4, 3, 3, 3],
        ],
        args: [{ stride: 0 }],
        throws: /conv2d\(\): stride must be a whole number from 1 on.*got 0/,
      },
      {
        inputs: [
          [1, 3, 5, 5],
          [4, 3, 3, 3],
        ],
        args: [{ groups: 2 }],
        throws: /conv2d\(\): groups must be a whole number that divides the channels 3 and 4, got 2/,
      },
      {
        inputs: [
          [1, 3, 5, 5],
          [4, 3, 3, 3],
        ],
        args: [{ padding: "same", stride: 2 }],
        throws: /conv2d\(\): padding "same" needs stride 1/,
      },
      { inputs: [[1, 3, 5, 5], { shape: [4, 3, 3, 3], dtype: "float64" }], throws: /conv2d\(\): dtypes differ/ },
    ],
  },
  (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvOptions = {}) =>
    batched("conv2d", 4, x, weight, bias, (images) => {
      const geometry = geometryOf("conv2d", images, weight, options);
      checkBias("conv2d", bias, geometry.channelsOut);
      return convolution(images, weight, bias, geometry);
    }),
);

export interface Conv1dOptions extends Omit<ConvOptions, "stride" | "padding" | "dilation"> {
  stride?: number;
  padding?: number | "same" | "valid";
  dilation?: number;
}

/**
 * One-dimensional convolution: x `[n, in, length]` or `[in, length]`, weight `[out, in / groups, k]`, bias `[out]`
 * or null. The rest is as in `conv2d`.
 *
 * @throws ShapeError, ArgumentError as `conv2d`
 */
export const conv1d: Conv<Conv1dOptions> = composite(
  {
    name: "conv1d",
    torch: (options?: Conv1dOptions) => `F.conv1d(*inputs${keywords({ ...options })})`,
    arrange: arrangeBias,
    samples: [
      { inputs: [[2, 3, 9], [4, 3, 3], [4]] },
      {
        inputs: [
          [4, 11],
          [6, 2, 2],
        ],
        args: [{ groups: 2, dilation: 3, padding: 2, stride: 2 }],
      },
      {
        inputs: [
          [2, 2, 6],
          [2, 2, 4],
        ],
        args: [{ padding: "same" }],
      },
    ],
    errors: [
      {
        inputs: [
          [2, 3, 2],
          [4, 3, 3],
        ],
        throws: /conv1d\(\): the kernel, \[1, 3\] with its dilation, is larger than the padded input \[1, 2\]/,
      },
      {
        inputs: [
          [2, 3, 5],
          [4, 3, 3, 3],
        ],
        throws: /conv1d\(\): weight must be \[out, in \/ groups, k\], got \[4, 3, 3, 3\]/,
      },
    ],
  },
  (x: Tensor, weight: Tensor, bias: Tensor | null = null, { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv1dOptions = {}) =>
    batched("conv1d", 3, x, weight, bias, (rows) => {
      if (weight.ndim !== 3) throw new ShapeError(`conv1d(): weight must be [out, in / groups, k], got ${show(weight.shape)}`);
      const [image, kernel] = [unsqueeze(rows, 2), unsqueeze(weight, 2)];
      const sides = typeof padding === "number" ? ([0, padding] as const) : padding;
      const geometry = geometryOf("conv1d", image, kernel, { stride: [1, stride], padding: sides, dilation: [1, dilation], groups });
      checkBias("conv1d", bias, geometry.channelsOut);
      return squeeze(convolution(image, kernel, bias, geometry), 2);
    }),
);

export interface ConvTransposeOptions {
  /** Step of the window in the output. Default 1. */
  stride?: Pair;
  /** How much of each side of the output is cut. Default 0. */
  padding?: Pair;
  /** Rows and columns added below and to the right: which of the sizes that a stride maps to one. Default 0. */
  outputPadding?: Pair;
  groups?: number;
  dilation?: Pair;
}

/**
 * Transposed convolution, the gradient of `conv2d` for its input: x `[n, in, h, w]` or `[in, h, w]`,
 * weight `[in, out / groups, kh, kw]`, bias `[out]` or null,
 * y `[n, out, (h − 1)·stride − 2·padding + dilation·(kh − 1) + outputPadding + 1, …]`.
 *
 * @throws ShapeError when channels do not fit or nothing is left of the output
 * @throws ArgumentError for options that make no sense
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose2d.html
 */
export const convTranspose2d: Conv<ConvTransposeOptions> = composite(
  {
    name: "convTranspose2d",
    torch: (options?: ConvTransposeOptions) => `F.conv_transpose2d(*inputs${keywords({ ...options })})`,
    arrange: arrangeBias,
    tolerance: TOLERANCE,
    samples: [
      { inputs: [[2, 3, 4, 5], [3, 4, 3, 3], [4]] },
      { inputs: [[2, 4, 3, 3], [4, 2, 4, 4], [2]], args: [{ stride: 2, padding: 1 }] },
      {
        inputs: [
          [2, 4, 3, 2],
          [4, 3, 3, 2],
        ],
        args: [{ stride: [3, 2], outputPadding: [2, 1], groups: 2, dilation: [1, 2] }],
      },
      {
        inputs: [
          [3, 4, 4],
          [3, 1, 3, 3],
        ],
        args: [{ groups: 3, stride: 2 }],
      },
    ],
    errors: [
      {
        inputs: [
          [2, 3, 4, 4],
          [4, 3, 3, 3],
        ],
        throws: /convTranspose2d\(\): x \[2, 3, 4, 4\] has 3 channels, weight \[4, 3, 3, 3\] takes 4/,
      },
      { inputs: [[2, 3, 4, 4], [3, 2, 3, 3], [3]], throws: /convTranspose2d\(\): bias must have shape \[2\]/ },
      {
        inputs: [
          [1, 1, 1, 1],
          [1, 1, 2, 2],
        ],
        args: [{ padding: 1 }],
        throws: /convTranspose2d\(\): the output would be \[0, 0\]/,
      },
      {
        inputs: [
          [1, 1, 2, 2],
          [1, 1, 2, 2],
        ],
        args: [{ outputPadding: 1 }],
        throws: /convTranspose2d\(\): outputPadding \[1, 1\] must be smaller than stride or dilation/,
      },
    ],
  },
  (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvTransposeOptions = {}) =>
    batched("convTranspose2d", 4, x, weight, bias, (images) => {
      const geometry = transposedGeometry(images, weight, options);
      checkBias("convTranspose2d", bias, geometry.channelsIn);
      return inputGrad(images, weight, bias, geometry);
    }),
);

/** The geometry of the convolution that this one is the transpose of: x is its output. */
function transposedGeometry(x: Tensor, weight: Tensor, options: ConvTransposeOptions): Geometry {
  const name = "convTranspose2d";
  const { groups = 1 } = options;
  if (weight.ndim !== 4) throw new ShapeError(`${name}(): weight must be [in, out / groups, kh, kw], got ${show(weight.shape)}`);
  const [images, channels, ...output] = x.shape as [number, number, number, number];
  const [channelsOut, depth, ...kernel] = weight.shape as [number, number, number, number];
  if (channels !== channelsOut)
    throw new ShapeError(`${name}(): x ${show(x.shape)} has ${channels} channels, weight ${show(weight.shape)} takes ${channelsOut}`);
  checkGroups(name, groups, channels);
  const stride = pair(name, "stride", options.stride ?? 1, 1);
  const padding = pair(name, "padding", options.padding ?? 0, 0);
  const dilation = pair(name, "dilation", options.dilation ?? 1, 1);
  const extra = pair(name, "outputPadding", options.outputPadding ?? 0, 0);
  if (extra.some((size, i) => size >= stride[i]! && size >= dilation[i]!)) {
    throw new ShapeError(
      `${name}(): outputPadding ${show(extra)} must be smaller than stride or dilation, ${show(stride)} and ${show(dilation)}`,
    );
  }
  const size = (i: 0 | 1): number => (output[i] - 1) * stride[i] - 2 * padding[i] + dilation[i] * (kernel[i] - 1) + extra[i] + 1;
  const input = [size(0), size(1)] as const;
  if (input[0] <= 0 || input[1] <= 0)
    throw new ShapeError(`${name}(): the output would be ${show(input)}: padding ${show(padding)} cuts all of it`);
  return { images, channelsIn: depth * groups, channelsOut, input, output, kernel, stride, padding, dilation, groups };
}
