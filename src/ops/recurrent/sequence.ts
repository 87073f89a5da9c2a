import { backend, launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { PRODUCTS_PER_OPERATION } from "../../runtime/tuning.js";
import { contiguousInput, upload } from "../../core/copy.js";
import { type DType, bytesOf, dtypeInfo } from "../../core/dtype.js";
import { type Shape, sizeOf } from "../../core/shape.js";
import { Tensor } from "../../core/tensor.js";
import { gemm } from "../families/product.js";

/*
 * A recurrent layer in one direction is one op: the product of the input and its weights for all steps at once, then a
 * kernel that goes through the steps, on the rows of the batch apart. Here is what the three kinds share.
 *
 * Tensors over time are matrices with a row per step and sequence, `[steps · batch, …]`. Packed sequences have only
 * the rows that are there: `sizes[t]` of them at step t, the longest sequences first.
 */

/** What one run over a layer's input is, beside the tensors. */
export interface Run {
  readonly steps: number;
  readonly batch: number;
  /** Of packed sequences: how many are alive at each step. */
  readonly sizes: readonly number[] | null;
  /** From the last step of each sequence to its first. */
  readonly reverse: boolean;
  /** The shape of the output but for its features: `[steps, batch]`, `[rows]`, … */
  readonly lead: Shape;
  /** The same of the last states. */
  readonly last: Shape;
  /** Whether there are biases. */
  readonly bias: boolean;
}

/** Parts of a row over time that are sums of parts of the recurrent weight: from which part on, of which on, how many. */
export type Segment = readonly [at: number, from: number, count: number];

/** What differs between RNN, LSTM and GRU. A part is as wide as the state. */
export interface Kind {
  /** Its kernels are `recurrent_<name>_…` and `recurrent_<name>_grad_…`. */
  readonly name: "simple" | "lstm" | "gru";
  /** Parts of the weights. */
  readonly gates: number;
  /** Parts of a row that is saved for the gradient; 0: the output will do. */
  readonly saved: number;
  /** Whether there is a second state, the cell. */
  readonly cell: boolean;
  readonly recurrent: readonly Segment[];
}

/** The inputs of the op by name. */
export interface Parts {
  readonly x: Tensor;
  readonly wIh: Tensor;
  readonly wHh: Tensor;
  readonly bIh: Tensor | null;
  readonly bHh: Tensor | null;
  readonly h0: Tensor | null;
  readonly c0: Tensor | null;
}

/** Where the initial states begin among the op's inputs. */
export const statesAt = ({ bias }: Run): number => (bias ? 5 : 3);

/** Input, weights, biases if `bias`, initial states if given: the order of the op's inputs. */
export function partsOf(inputs: readonly Tensor[], run: Run): Parts {
  const { bias } = run;
  const state = statesAt(run);
  return {
    x: inputs[0]!,
    wIh: inputs[1]!,
    wHh: inputs[2]!,
    bIh: bias ? inputs[3]! : null,
    bHh: bias ? inputs[4]! : null,
    h0: inputs[state] ?? null,
    c0: inputs[state + 1] ?? null,
  };
}

export const kernelType = (dtype: DType): "f32" | "f64" => dtypeInfo(dtype).kernel as "f32" | "f64";

export const rowsOf = ({ lead }: Run): number => sizeOf(lead);

/** out = x W_ihᵀ + b_ih for all steps; rows of `out` lie `stride` apart. */
export function project(out: Tensor, { x, wIh, bIh }: Parts, run: Run, stride: number): void {
  const [columns, features] = wIh.shape as [number, number];
  const rows = contiguousInput(x);
  const bias = bIh && contiguousInput(bIh);
  gemm(
    { tensor: out, offset: 0, row: stride, col: 1, batch: 0 },
    { tensor: rows, offset: 0, row: features, col: 1, batch: 0 },
    { tensor: wIh, offset: 0, row: wIh.strides[1]!, col: wIh.strides[0]!, batch: 0 },
    bias,
    [rowsOf(run), columns, features, 1],
  );
}

/**
 * The rows `from..from + count` of the recurrent weight, packed for the product with the state (`transposed`), or with
 * gradients. Internal to the op: the caller frees it.
 */
export function packWeight(w: Tensor, from: number, count: number, transposed: boolean): Tensor {
  const columns = w.shape[1]!;
  const [k, n] = transposed ? [columns, count] : [count, columns];
  const [row, col] = transposed ? [w.strides[1]!, w.strides[0]!] : [w.strides[0]!, w.strides[1]!];
  const type = kernelType(w.dtype);
  const width = backend().exports[`recurrent_width_${type}`]();
  const slivers = Math.ceil(n / width);
  const out = Tensor.empty([slivers * width * k], w.dtype, "recurrent");
  const first = w.ptr + from * w.strides[0]! * bytesOf(w.dtype);
  launch(`recurrent_pack_${type}`, [out.ptr, first, k, n, row, col], slivers, k * width);
  return out;
}

/** The sizes of packed steps and where each starts, for kernels; null where all sequences are equally long. */
export function sizesTensor({ sizes }: Run): Tensor | null {
  if (!sizes) return null;
  let start = 0;
  const starts = sizes.map((size) => (start += size) - size);
  return upload([...sizes, ...starts], [2 * sizes.length], "int32", "recurrent");
}

/** The arguments of all sequence kernels but their tensors. */
export function shapeArgs(run: Run, hidden: number): number[] {
  return [run.steps, run.batch, hidden, Number(run.reverse)];
}

/** Launches a kernel over the sequences of the batch; `gates` parts, each with a function of its own. */
export function overSequences(kernel: KernelName, args: readonly number[], { steps, batch }: Run, hidden: number, gates: number): void {
  const cost = steps * hidden * gates * (Math.ceil(hidden / PRODUCTS_PER_OPERATION) + 10);
  launch(kernel, args, batch, cost, { grain: 4, inPlace: true });
}
