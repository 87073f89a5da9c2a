import { backend, launch } from "../../runtime/backend.js";
import { PRODUCTS_PER_OPERATION } from "../../runtime/tuning.js";
import { writeInts } from "../../runtime/scratch.js";
import { materialize } from "../../core/copy.js";
import { dtypeInfo } from "../../core/dtype.js";
import { type Shape, broadcastStrides, contiguousStrides, sizeOf } from "../../core/shape.js";
import { collapse } from "../../core/strided.js";
import { Tensor, viewOf } from "../../core/tensor.js";

/*
 * Both forms of attention, of three tensors and of one that holds all, are views into memory by the time they get here:
 * q `[…, L, E]`, k `[…, S, E]`, v `[…, S, Ev]` of one batch shape, any strides.
 */

export interface Heads {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
}

export interface Masks {
  /** Bool (false hides) or added to the scores; broadcasts to `[…, L, S]`. */
  readonly mask: Tensor | null;
  /** What the probabilities are multiplied by, contiguous `[…, L, S]`. */
  readonly drop: Tensor | null;
}

export interface Scaling {
  readonly scale: number;
  /** Query i sees keys 0 to i. */
  readonly causal: boolean;
}

/** What the forward pass leaves for the gradient. */
export interface Kept {
  /** ln Σ exp(score) of each query. */
  readonly logs: Tensor;
  /** The probabilities; empty: to be made again. */
  readonly p: Tensor;
}

const CAUSAL = 1;
const BOOL_MASK = 2;

/** Uninitialised, with dims in memory in the order of `like`'s, but the last innermost: what has the layout of an input needs no copy later. */
export function emptyInOrderOf(like: Tensor, shape: Shape, name: string): Tensor {
  const out = Tensor.empty(shape, like.dtype, name);
  const last = shape.length - 1;
  const outer = [...shape.keys()].slice(0, last);
  if (outer.some((dim) => like.strides[dim] === 0 && shape[dim]! > 1)) return out;
  const order = outer.sort((a, b) => like.strides[b]! - like.strides[a]! || a - b).concat(last);
  const packed = contiguousStrides(order.map((dim) => shape[dim]!));
  const strides = new Array<number>(shape.length);
  order.forEach((dim, i) => (strides[dim] = packed[i]!));
  return viewOf(out, shape, strides, 0);
}

/** For the kernels: where the matrices of each batch index lie. They must be of the batch shape, or broadcast to it. */
function describe(batch: Shape, operands: readonly (Tensor | null)[]): number {
  const strides = operands.map((x) => (x ? broadcastStrides(x.shape.slice(0, -2), x.strides.slice(0, -2), batch) : batch.map(() => 0)));
  const nest = collapse(batch, strides);
  const lists = operands.flatMap((x, i) => [nest.strides[i]!, matrixStrides(x)]);
  return writeInts([nest.shape.length], nest.shape, ...lists);
}

function matrixStrides(x: Tensor | null): readonly number[] {
  return x ? x.strides.slice(-2) : [0, 0];
}

/** The mask as `[…, L, S]` with strides of 0 where it broadcasts. */
function spread(mask: Tensor | null, rows: number, cols: number): Tensor | null {
  if (!mask) return null;
  const shape = [...mask.shape.slice(0, -2), rows, cols];
  return viewOf(mask, shape, broadcastStrides(mask.shape, mask.strides, shape), mask.offset);
}

function flagsOf({ causal }: Scaling, mask: Tensor | null): number {
  return (causal ? CAUSAL : 0) | (mask?.dtype === "bool" ? BOOL_MASK : 0);
}

/** Scalar operations of one query of a batch index, as THREAD_WORTH counts them; `products` matrix products of its scores. */
function costOf(s: number, e: number, ev: number, products: number): number {
  const EXP = 8;
  return Math.ceil(s * (EXP + (products * (e + ev)) / 2 / PRODUCTS_PER_OPERATION));
}

const present = (p: Tensor): Tensor | null => (p.numel > 0 ? p : null);

/** Writes softmax(q kᵀ scale + mask) v into `out`, whose last dim is innermost. `keep`: for a gradient. */
export function attend(out: Tensor, { q, k, v }: Heads, { mask, drop }: Masks, how: Scaling, keep: boolean): Kept {
  const { exports } = backend();
  const batch = q.shape.slice(0, -2);
  const [l, e] = q.shape.slice(-2) as [number, number];
  const [s, ev] = v.shape.slice(-2) as [number, number];
  const logs = Tensor.empty([...batch, l], q.dtype, "attention");
  const p = Tensor.empty(keep && s <= exports.attention_columns() ? [...batch, l, s] : [0], q.dtype, "attention");
  const wide = spread(mask, l, s);
  const meta = describe(batch, [q, k, v, out, wide]);
  const pointers = [out, logs, present(p), q, k, v, mask, drop].map((x) => x?.ptr ?? 0);
  const units = exports.attention_blocks(l) * sizeOf(batch);
  const cost = units === 0 ? 0 : (costOf(s, e, ev, 2) * l * sizeOf(batch)) / units;
  const name = `attention_${dtypeInfo(q.dtype).kernel as "f32" | "f64"}` as const;
  launch(name, [...pointers, meta, l, s, e, ev, how.scale, flagsOf(how, mask)], units, cost);
  return { logs, p };
}

/** Where gradients go; null for one that is not wanted. */
export interface HeadGrads {
  readonly gq: Tensor | null;
  readonly gk: Tensor | null;
  readonly gv: Tensor | null;
  /** Contiguous `[…, L, S]`. */
  readonly gmask: Tensor | null;
}

/** Writes the gradients, given `g` for `out`. */
export function attendBack(
  to: HeadGrads,
  g: Tensor,
  out: Tensor,
  { q, k, v }: Heads,
  { mask, drop }: Masks,
  how: Scaling,
  { logs, p }: Kept,
): void {
  const batch = q.shape.slice(0, -2);
  const [l, e] = q.shape.slice(-2) as [number, number];
  const [s, ev] = v.shape.slice(-2) as [number, number];
  const dy = g.strides.at(-1) === 1 ? g : materialize(g);
  const { gq, gk, gv, gmask } = to;
  const meta = describe(batch, [dy, out, q, k, v, gq, gk, gv, spread(mask, l, s)]);
  const pointers = [gq, gk, gv, gmask, dy, out, logs, present(p), q, k, v, mask, drop].map((x) => x?.ptr ?? 0);
  const name = `attention_grad_${dtypeInfo(q.dtype).kernel as "f32" | "f64"}` as const;
  launch(name, [...pointers, meta, l, s, e, ev, how.scale, flagsOf(how, mask)], sizeOf(batch), costOf(s, e, ev, 5) * l);
}
