import { backend, launch } from "../../runtime/backend.js";
import { DTypeError } from "../../runtime/errors.js";
import { PRODUCTS_PER_OPERATION } from "../../runtime/tuning.js";
import { bytesOf, isFloat } from "../../core/dtype.js";
import { type Shape, broadcastStrides, sizeOf } from "../../core/shape.js";
import { collapse } from "../../core/strided.js";
import type { Tensor } from "../../core/tensor.js";

/** @throws DTypeError unless all are of one floating point dtype */
export function checkFloats(name: string, ...tensors: readonly Tensor[]): void {
  const [first] = tensors as [Tensor];
  const odd = tensors.find((x) => x.dtype !== first.dtype);
  if (odd) throw new DTypeError(`${name}(): dtypes differ: ${first.dtype} and ${odd.dtype}; convert one with .to()`);
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
  const tiles = backend().exports.gemm_tiles(m, n, batch);
  const at = ({ tensor, offset }: Matrix): number => tensor.ptr + offset * bytesOf(dtype);
  const strides = [a.row, a.col, a.batch, b.row, b.col, b.batch, c.row, c.batch];
  const args = [at(c), at(a), at(b), bias?.ptr ?? 0, m, n, k, batch, ...strides, 0];
  launch(dtype === "float64" ? "gemm_f64" : "gemm_f32", args, tiles, tileCost(m * n * k * batch, tiles));
}

/** out = x @ y, `[…, m, k] @ […, k, n]`. The kernel walks the longest batch dim, this loop the others. */
export function batchedGemm(out: Tensor, x: Tensor, y: Tensor): void {
  if (out.numel === 0) return;
  const batchShape = out.shape.slice(0, -2);
  const tensors = [out, x, y];
  const nest = collapse(
    batchShape,
    tensors.map((t) => broadcastStrides(t.shape.slice(0, -2), t.strides.slice(0, -2), batchShape)),
  );
  const longest = nest.shape.indexOf(Math.max(...nest.shape));
  const others = nest.shape.map((size, i) => (i === longest ? 1 : size));
  const sizes = [out.shape.at(-2)!, out.shape.at(-1)!, x.shape.at(-1)!, nest.shape[longest]!] as const;
  for (let i = 0; i < sizeOf(others); i++) {
    const [c, a, b] = tensors.map((tensor, t) => ({
      tensor,
      offset: offsetOf(i, others, nest.strides[t]!),
      row: tensor.strides.at(-2)!,
      col: tensor.strides.at(-1)!,
      batch: nest.strides[t]![longest]!,
    })) as [Matrix, Matrix, Matrix];
    gemm(c, a, b, null, sizes);
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
