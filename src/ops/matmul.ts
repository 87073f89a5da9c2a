import { ShapeError } from "../runtime/errors.js";
import { composite, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { broadcastShapes, show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, mul } from "./binary.js";
import { batchedGemm, checkFloats } from "./families/product.js";
import { reshape, squeeze, transpose, unsqueeze } from "./view.js";

export type Product = Op<(x: Tensor, y: Tensor) => Tensor>;

/** `[…, m, k] @ […, k, n]` with broadcast batch dims: what all products come down to. Transposes are free. */
const product: Product = op({
  name: "_product",
  torch: "x @ y",
  samples: [
    [
      [2, 3],
      [3, 4],
    ],
    [
      [2, 2, 3],
      [2, 3, 4],
    ],
    [
      [5, 1, 2, 3],
      [3, 3, 1],
    ],
    [
      [2, 3],
      [4, 3, 5],
    ],
    [
      [2, 0],
      [0, 3],
    ],
  ],
  prepare(x: Tensor, y: Tensor) {
    if (x.ndim === 2 && y.ndim === 2) return { inputs: [x, y], args: [x.shape[0]!, y.shape[1]!] };
    const batch = broadcastShapes("matmul", x.shape.slice(0, -2), y.shape.slice(0, -2));
    return { inputs: [x, y], args: [...batch, x.shape.at(-2)!, y.shape.at(-1)!] };
  },
  run([x, y], shape) {
    const out = Tensor.empty(shape, x!.dtype, "matmul");
    batchedGemm(out, x!, y!);
    return out;
  },
  vjp: [needs([1], (g, c) => product(g, transpose(c.input(1), -1, -2))), needs([0], (g, c) => product(transpose(c.input(0), -1, -2), g))],
});

/** @throws ShapeError naming both shapes */
function checkDims(name: string, expected: readonly number[], ...tensors: readonly Tensor[]): void {
  if (tensors.every((x, i) => x.ndim === expected[i])) return;
  const shapes = tensors.map((x) => show(x.shape)).join(" and ");
  throw new ShapeError(`${name}(): expected ${expected.join(" and ")} dims, got shapes ${shapes}; matmul() takes any number of dims`);
}

/** @throws ShapeError naming both shapes */
function checkInner(name: string, x: Tensor, y: Tensor): void {
  if (x.shape.at(-1) === y.shape.at(y.ndim === 1 ? -1 : -2)) return;
  const which = y.ndim === 1 ? "the size" : "the size before the last";
  throw new ShapeError(
    `${name}(): inner sizes differ: ${show(x.shape)} @ ${show(y.shape)}; the last size of the first must be ${which} of the second`,
  );
}

/**
 * Matrix product, as `torch.matmul`: out[…, i, j] = Σₖ x[…, i, k] · y[…, k, j].
 *
 * A 1-dim `x` counts as a row and a 1-dim `y` as a column, and the dim goes from the result. Dims before the
 * last two are batches and broadcast. Any strides: transposes and slices cost no copy.
 *
 * @throws ShapeError when the inner sizes differ, the batch dims do not broadcast, or an input is a scalar
 * @throws DTypeError unless both are float32 or both float64
 */
export const matmul: Product = composite(
  {
    name: "matmul",
    torch: "x @ y",
    samples: [
      [
        [2, 3],
        [3, 4],
      ],
      [[3], [3]],
      [[3], [3, 5]],
      [[4, 3], [3]],
      [[5, 2, 3], [3]],
      [[3], [2, 3, 4]],
      [
        [5, 2, 3],
        [3, 4],
      ],
      [
        [2, 5, 2, 3],
        [5, 3, 4],
      ],
      [
        [5, 1, 2, 3],
        [1, 3, 3, 7],
      ],
      [
        [17, 9],
        [9, 33],
      ],
      [
        [1, 5],
        [5, 1],
      ],
      [
        [0, 3],
        [3, 2],
      ],
      [
        [2, 0],
        [0, 3],
      ],
      [[0], [0]],
      [
        [0, 2, 3],
        [3, 2],
      ],
    ],
    errors: [
      {
        inputs: [
          [2, 3],
          [4, 5],
        ],
        throws: /matmul\(\): inner sizes differ: \[2, 3\] @ \[4, 5\]/,
      },
      { inputs: [[2, 3], [2]], throws: /matmul\(\): inner sizes differ: \[2, 3\] @ \[2\]/ },
      {
        inputs: [
          [2, 2, 3],
          [3, 3, 2],
        ],
        throws: /matmul\(\): shapes \[2\] and \[3\] do not broadcast/,
      },
      { inputs: [[], [3]], throws: /matmul\(\): a scalar/ },
      { inputs: [[2, 3], { shape: [3, 2], dtype: "float64" }], throws: /matmul\(\): dtypes differ: float32 and float64/ },
      {
        inputs: [
          { shape: [2, 2], dtype: "int32" },
          { shape: [2, 2], dtype: "int32" },
        ],
        throws: /matmul\(\): expected floating point/,
      },
    ],
  },
  (x: Tensor, y: Tensor) => {
    checkFloats("matmul", x, y);
    if (x.ndim === 0 || y.ndim === 0)
      throw new ShapeError(`matmul(): a scalar has no rows or columns: ${show(x.shape)} @ ${show(y.shape)}; use mul()`);
    checkInner("matmul", x, y);
    if (x.ndim === 1) return squeeze(matrices(unsqueeze(x, 0), y.ndim === 1 ? unsqueeze(y, 1) : y), y.ndim === 1 ? [-1, -2] : -2);
    return y.ndim === 1 ? squeeze(matrices(x, unsqueeze(y, 1)), -1) : matrices(x, y);
  },
);

/** Both have two dims or more. Batches of rows times one matrix are one tall product, and its gradient too. */
function matrices(x: Tensor, y: Tensor): Tensor {
  if (x.ndim === 2 || y.ndim > 2) return product(x, y);
  const k = x.shape.at(-1)!;
  const rows = x.numel === 0 ? x.shape.slice(0, -1).reduce((a, b) => a * b, 1) : -1;
  return reshape(product(reshape(x, [rows, k]), y), [...x.shape.slice(0, -1), y.shape[1]!]);
}

/** x @ y of two matrices, `[m, k]` and `[k, n]`. @throws ShapeError unless both have two dims and the inner sizes agree */
export const mm: Product = composite(
  {
    name: "mm",
    tensors: [0, 1],
    torch: "x.mm(y)",
    samples: [
      [
        [2, 3],
        [3, 4],
      ],
      [
        [5, 0],
        [0, 2],
      ],
    ],
    errors: [
      { inputs: [[2, 3], [3]], throws: /mm\(\): expected 2 and 2 dims, got shapes \[2, 3\] and \[3\]/ },
      {
        inputs: [
          [2, 3],
          [2, 3],
        ],
        throws: /mm\(\): inner sizes differ/,
      },
    ],
  },
  (x: Tensor, y: Tensor) => {
    checkDims("mm", [2, 2], x, y);
    checkFloats("mm", x, y);
    checkInner("mm", x, y);
    return product(x, y);
  },
);

/** x @ y for each step of a batch, `[b, m, k]` and `[b, k, n]`. @throws ShapeError unless batches and inner sizes agree */
export const bmm: Product = composite(
  {
    name: "bmm",
    tensors: [0, 1],
    torch: "x.bmm(y)",
    samples: [
      [
        [3, 2, 5],
        [3, 5, 4],
      ],
      [
        [0, 2, 3],
        [0, 3, 2],
      ],
    ],
    errors: [
      {
        inputs: [
          [2, 3],
          [3, 2],
        ],
        throws: /bmm\(\): expected 3 and 3 dims/,
      },
      {
        inputs: [
          [2, 3, 4],
          [1, 4, 3],
        ],
        throws: /bmm\(\): batch sizes differ: \[2, 3, 4\] and \[1, 4, 3\]/,
      },
    ],
  },
  (x: Tensor, y: Tensor) => {
    checkDims("bmm", [3, 3], x, y);
    checkFloats("bmm", x, y);
    if (x.shape[0] !== y.shape[0])
      throw new ShapeError(`bmm(): batch sizes differ: ${show(x.shape)} and ${show(y.shape)}; matmul() broadcasts`);
    checkInner("bmm", x, y);
    return product(x, y);
  },
);

/** Matrix `[m, k]` times vector `[k]`. @throws ShapeError for other shapes */
export const mv: Product = composite(
  {
    name: "mv",
    tensors: [0, 1],
    torch: "x.mv(y)",
    samples: [
      [[4, 3], [3]],
      [[0, 3], [3]],
      [[21, 37], [37]],
    ],
    errors: [
      {
        inputs: [
          [2, 3],
          [3, 1],
        ],
        throws: /mv\(\): expected 2 and 1 dims/,
      },
    ],
  },
  (x: Tensor, y: Tensor) => {
    checkDims("mv", [2, 1], x, y);
    checkFloats("mv", x, y);
    checkInner("mv", x, y);
    return squeeze(product(x, unsqueeze(y, 1)), 1);
  },
);

/** Σᵢ x[i] · y[i] of two vectors. @throws ShapeError unless both have one dim and the same size */
export const dot: Product = composite(
  {
    name: "dot",
    tensors: [0, 1],
    torch: "x.dot(y)",
    samples: [
      [[3], [3]],
      [[0], [0]],
      [[131], [131]],
    ],
    errors: [
      { inputs: [[2, 3], [3]], throws: /dot\(\): expected 1 and 1 dims/ },
      { inputs: [[2], [3]], throws: /dot\(\): inner sizes differ/ },
    ],
  },
  (x: Tensor, y: Tensor) => {
    checkDims("dot", [1, 1], x, y);
    checkFloats("dot", x, y);
    checkInner("dot", x, y);
    return squeeze(product(unsqueeze(x, 0), unsqueeze(y, 1)));
  },
);

/** out[i, j] = x[i] · y[j] of two vectors. @throws ShapeError unless both have one dim */
export const outer: Product = composite(
  {
    name: "outer",
    tensors: [0, 1],
    torch: "x.outer(y)",
    samples: [
      [[3], [5]],
      [[0], [2]],
    ],
    errors: [{ inputs: [[2, 3], [3]], throws: /outer\(\): expected 1 and 1 dims/ }],
  },
  (x: Tensor, y: Tensor) => {
    checkDims("outer", [1, 1], x, y);
    return mul(unsqueeze(x, 1), y);
  },
);

export interface AddmmOptions {
  /** Factor of the product. Default 1. */
  alpha?: number;
  /** Factor of the tensor added to. Default 1. With 0 its NaN do not count. */
  beta?: number;
}

/** beta · x + alpha · (y @ z): y `[m, k]`, z `[k, n]`, x broadcasts to `[m, n]`. @throws ShapeError for other shapes */
export const addmm: Op<(x: Tensor, y: Tensor, z: Tensor, options?: AddmmOptions) => Tensor> = composite(
  {
    name: "addmm",
    tensors: [0, 1, 2],
    torch: (options?: AddmmOptions) => `torch.addmm(x, y, z${keywords({ ...options })})`,
    samples: [
      {
        inputs: [
          [2, 4],
          [2, 3],
          [3, 4],
        ],
      },
      { inputs: [[4], [2, 3], [3, 4]], args: [{ alpha: 2, beta: 0.5 }] },
      {
        inputs: [
          [2, 1],
          [2, 0],
          [0, 4],
        ],
      },
    ],
    errors: [
      {
        inputs: [
          [2, 4],
          [2, 3],
          [2, 4],
        ],
        throws: /addmm\(\): inner sizes differ/,
      },
      {
        inputs: [
          [3, 4],
          [2, 3],
          [3, 4],
        ],
        throws: /addmm\(\): \[3, 4\] does not broadcast to \[2, 4\]/,
      },
    ],
  },
  (x: Tensor, y: Tensor, z: Tensor, { alpha = 1, beta = 1 }: AddmmOptions = {}) => {
    checkDims("addmm", [2, 2], y, z);
    checkFloats("addmm", x, y, z);
    checkInner("addmm", y, z);
    const shape = [y.shape[0]!, z.shape[1]!];
    const fits = x.ndim <= 2 && x.shape.every((size, i) => size === 1 || size === shape[i + 2 - x.ndim]);
    if (!fits)
      throw new ShapeError(
        `addmm(): ${show(x.shape)} does not broadcast to ${show(shape)}, the shape of ${show(y.shape)} @ ${show(z.shape)}`,
      );
    const scaled = alpha === 1 ? product(y, z) : mul(product(y, z), alpha);
    if (beta === 0) return scaled;
    return add(scaled, beta === 1 ? x : mul(x, beta));
  },
);
