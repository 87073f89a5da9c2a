import { launch, runInOrder } from "../runtime/backend.js";
import { DTypeError, ShapeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { writeInts } from "../runtime/scratch.js";
import { contiguousInput, fillRaw } from "../core/copy.js";
import { bitsOf } from "../core/dtype.js";
import { op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { broadcastShapes, show, sizeOf } from "../core/shape.js";
import { type Op, type Vjp, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { to } from "./convert.js";
import { expand } from "./view.js";

/** How many elements of a contiguous mask are true. */
function countTrue(mask: Tensor): number {
  return runInOrder("count_true", mask.ptr, mask.numel);
}

/** Runs a kernel that goes through a mask in order; it is not split. */
function throughMask(kernel: KernelName, args: readonly number[], n: number): void {
  runInOrder(kernel, ...args, n);
}

/**
 * The elements of `x` where `mask` is true, in row-major order, as one dim. The two broadcast.
 *
 * @throws DTypeError unless the mask is bool
 */
export const maskedSelect: Op<(x: Tensor, mask: Tensor) => Tensor> = op({
  name: "maskedSelect",
  torch: "x.masked_select(y)",
  samples: [
    [[2, 3], { shape: [2, 3], dtype: "bool", low: 0, high: 2 }],
    [[2, 3], { shape: [3], dtype: "bool", values: [1, 0, 1] }],
    [[3], { shape: [2, 1], dtype: "bool", values: [0, 1] }],
    [[4], { shape: [4], dtype: "bool", values: [0, 0, 0, 0] }],
  ],
  errors: [
    { inputs: [[2], { shape: [2], dtype: "int32", low: 0, high: 2 }], throws: /maskedSelect\(\): the mask must be bool, got int32/ },
  ],
  prepare(x: Tensor, mask: Tensor) {
    if (mask.dtype !== "bool")
      throw new DTypeError(
        `maskedSelect(): the mask must be bool, got ${mask.dtype}; compare, as in x.gt(0), or convert it with .to("bool")`,
      );
    const shape = broadcastShapes("maskedSelect", x.shape, mask.shape);
    return { inputs: [expand(x, shape), expand(mask, shape)], args: undefined };
  },
  run([x, mask]) {
    const source = contiguousInput(x!);
    const plain = contiguousInput(mask!);
    const out = Tensor.empty([countTrue(plain)], x!.dtype, "maskedSelect");
    throughMask(`masked_select_${bitsOf(x!.dtype)}`, [out.ptr, source.ptr, plain.ptr], plain.numel);
    return out;
  },
  vjp: [needs([1], (g, c) => maskedPlace(g, c.input(1))), null],
});

/** Zeros, but for the elements of `x`, in order, where the mask is true: the gradient of `maskedSelect`. */
const maskedPlace: Op<(x: Tensor, mask: Tensor) => Tensor> = op({
  name: "_maskedPlace",
  torch: "torch.zeros(y.shape, dtype=x.dtype).masked_scatter(y, x)",
  samples: [[[2], { shape: [2, 2], dtype: "bool", values: [0, 1, 1, 0] }]],
  run([x, mask]) {
    const source = contiguousInput(x!);
    const plain = contiguousInput(mask!);
    const out = Tensor.empty(mask!.shape, x!.dtype, "maskedSelect");
    fillRaw(out, 0);
    throughMask(`masked_scatter_${bitsOf(x!.dtype)}`, [out.ptr, source.ptr, plain.ptr], plain.numel);
    return out;
  },
  vjp: [needs([1], (g, c) => maskedSelect(g, c.input(1))), null],
});

/** The positions of the elements that are not 0: int32 of shape `[count, ndim]`, in row-major order. */
export const nonzero: Op<(x: Tensor) => Tensor> = op({
  name: "nonzero",
  torch: "x.nonzero().int()",
  samples: [
    [{ shape: [2, 3], dtype: "int32", low: -1, high: 2 }],
    [{ shape: [5], values: [0, 1, 0, -2, 0] }],
    [{ shape: [0, 2], values: [] }],
  ],
  run([x]) {
    const mask = contiguousInput(to(x!, "bool"));
    const count = countTrue(mask);
    const out = Tensor.empty([count, x!.ndim], "int32", "nonzero");
    throughMask("nonzero", [out.ptr, mask.ptr, writeInts(x!.shape, [0]), x!.ndim], mask.numel);
    if (mask.storage !== x!.storage) mask.dispose();
    return out;
  },
  vjp: [null],
});

export interface DiagonalOptions {
  /** 0: the main diagonal; above it positive, below it negative. Default 0. */
  diagonal?: number;
}
type Triangle = Op<(x: Tensor, options?: DiagonalOptions) => Tensor>;

function triangle(name: "tril" | "triu", vjp: Vjp<number>): Triangle {
  return op({
    name,
    torch: (options?: DiagonalOptions) => `x.${name}(${keywords({ ...options }).slice(2)})`,
    samples: [
      { inputs: [[3, 4]] },
      { inputs: [[4, 3]], args: [{ diagonal: 1 }] },
      { inputs: [[2, 3, 3]], args: [{ diagonal: -1 }] },
      { inputs: [[0, 3]] },
    ],
    dtypes: ["float64", "int32", "bool"],
    errors: [{ inputs: [[3]], throws: new RegExp(`${name}\\(\\): expected at least 2 dims, got \\[3\\]`) }],
    prepare(x: Tensor, { diagonal = 0 }: DiagonalOptions = {}) {
      if (x.ndim < 2) throw new ShapeError(`${name}(): expected at least 2 dims, got ${show(x.shape)}`);
      return { inputs: [x], args: diagonal };
    },
    run([x], diagonal) {
      const source = contiguousInput(x!);
      const [rows, cols] = x!.shape.slice(-2) as [number, number];
      const out = Tensor.empty(x!.shape, x!.dtype, name);
      const total = sizeOf(x!.shape.slice(0, -1));
      launch(`triangle_${bitsOf(x!.dtype)}`, [out.ptr, source.ptr, rows, cols, diagonal, Number(name === "triu")], total, cols);
      return out;
    },
    vjp: [vjp],
  });
}

/** The lower triangle of the last two dims, on and below a diagonal; zeros elsewhere. */
export const tril: Triangle = triangle("tril", (g, c) => tril(g, { diagonal: c.args }));

/** The upper triangle of the last two dims, on and above a diagonal; zeros elsewhere. */
export const triu: Triangle = triangle("triu", (g, c) => triu(g, { diagonal: c.args }));
