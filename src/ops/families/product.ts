import { backend, launch } from "../../runtime/backend.js";
import { DTypeError } from "../../runtime/errors.js";
import { PRODUCTS_PER_OPERATION } from "../../runtime/tuning.js";
import { bytesOf, isFloat } from "../../core/dtype.js";
import { type Shape, broadcastStrides, sizeOf } from "../../core/shape.js";
import { collapse } from "../../core/strided.js";
import type { Tensor } from "../../core/tensor.js";

/** @throws DTypeError unless all are of one floating point dtype */
export function checkFloats(name: string, ...tensors: readonly Tensor[]): void {
  const first = tensors[0]!;
  for (const x of tensors) {
    if (x.dtype === first.dtype) continue;
    throw new DTypeError(`${name}(): dtypes differ: ${first.dtype} and ${x.dtype}; convert one with .to()`);
  }
  if (!isFloat(first.dtype))
    throw new DTypeError(`${name}(): expected floating point tensors, got ${first.dtype}; convert them with .to("float32")`);
}

/** A matrix, or one per step of a batch, in a tensor of any strides. */
export interface Matrix {
  readonly tensor: Tensor;
  /** Its first element, counted from the tensor's first. */
  readonly offset: number;
  readonly row: number;
  readonly col: number;
  /** From matrix to matrix; 0 repeats one. */
  readonly batch: number;
}

/** What a launch over `tiles` tiles says it costs, for `products` multiplications in all. */
export function tileCost(products: number, tiles: number): number {
  return Math.ceil(products / PRODUCTS_PER_OPERATION / Math.max(1, tiles));
}

/** c = a b (+ bias, one per column): a `[batch, m, k]`, b `[batch, k, n]`. Columns of c are neighbours. */
export function gemm(
  c: Matrix,
  a: Matrix,
  b: Matrix,
  bias: Tensor | null,
  [m, n, k, batch]: readonly [number, number, number, number],
): void {
  const { dtype } = c.tensor;
  const size = bytesOf(dtype);
  const tiles = backend().exports.gemm_tiles(m, n, batch);
  const to = c.tensor.ptr + c.offset * size;
  const x = a.tensor.ptr + a.offset * size;
  const y = b.tensor.ptr + b.offset * size;
  // prettier-ignore
  const args = [
    to, x, y, bias === null ? 0 : bias.ptr, m, n, k, batch,
    a.row, a.col, a.batch, b.row, b.col, b.batch, c.row, c.batch, 0,
  ];
  launch(dtype === "float64" ? "gemm_f64" : "gemm_f32", args, tiles, tileCost(m * n * k * batch, tiles));
}

/** The last two dims of a tensor. */
function matrixOf(tensor: Tensor, offset: number, batch: number): Matrix {
  const { strides } = tensor;
  return { tensor, offset, row: strides[strides.length - 2]!, col: strides[strides.length - 1]!, batch };
}

/** out = x @ y, `[…, m, k] @ […, k, n]`. The kernel walks the longest batch dim, this loop the others. */
export function batchedGemm(out: Tensor, x: Tensor, y: Tensor): void {
  if (out.numel === 0) return;
  const { shape } = out;
  const m = shape[shape.length - 2]!;
  const n = shape[shape.length - 1]!;
  const k = x.shape[x.shape.length - 1]!;
  if (shape.length === 2) return gemm(matrixOf(out, 0, 0), matrixOf(x, 0, 0), matrixOf(y, 0, 0), null, [m, n, k, 1]);
  const batchShape = shape.slice(0, -2);
  const tensors = [out, x, y];
  const nest = collapse(
    batchShape,
    tensors.map((t) => broadcastStrides(t.shape.slice(0, -2), t.strides.slice(0, -2), batchShape)),
  );
  const longest = nest.shape.indexOf(Math.max(...nest.shape));
  const others = nest.shape.map((size, i) => (i === longest ? 1 : size));
  for (let i = 0; i < sizeOf(others); i++) {
    const at = (t: number): Matrix => matrixOf(tensors[t]!, offsetOf(i, others, nest.strides[t]!), nest.strides[t]![longest]!);
    gemm(at(0), at(1), at(2), null, [m, n, k, nest.shape[longest]!]);
  }
}

/** Where the `i`-th step, in row-major order, of a loop nest lies. */
function offsetOf(i: number, shape: Shape, strides: Shape): number {
  let offset = 0;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    const index = i % shape[dim]!;
    offset += index * strides[dim]!;
    i = (i - index) / shape[dim]!;
  }
  return offset;
}
