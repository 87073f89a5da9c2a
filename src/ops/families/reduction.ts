import { backend, launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { contiguousInput } from "../../core/copy.js";
import { type DType, dtypeInfo } from "../../core/dtype.js";
import { discard, op } from "../../core/op.js";
import { keywords, python } from "../../core/python.js";
import { normalizeDims, sizeOf } from "../../core/shape.js";
import type { Op, OpMeta, Vjp } from "../../core/spec.js";
import { Tensor, viewOf } from "../../core/tensor.js";
import { expand, permute, reshape } from "../view.js";

/** One dim, several, or (null, undefined, []) all of them. */
export type Dims = number | readonly number[] | null;
export interface KeepDim {
  /** Leave the reduced dims with size 1. Default false. */
  keepdim?: boolean;
}
export type Reduction = Op<(x: Tensor, dim?: Dims, options?: KeepDim) => Tensor>;

export interface ReductionArgs {
  dims: readonly number[];
  keepdim: boolean;
}

export interface ReductionDecl extends Omit<OpMeta, "samples" | "torch"> {
  readonly samples?: OpMeta["samples"];
  readonly torch?: OpMeta["torch"];
  /** The kernel's name without its dtype: `sum` for `sum_f32` and, over long rows, `sum_partial_f32`. */
  readonly kernel: string;
  /** The result's dtype, given the input's. Default: the same. */
  readonly result?: (dtype: DType) => DType;
  /** What else to refuse, once the dims are known. */
  readonly refuse?: (x: Tensor, args: ReductionArgs) => void;
  /** What the reduction is of, when not of the input itself. Runs inside the op. */
  readonly before?: (x: Tensor) => Tensor;
  readonly vjp: readonly [Vjp<ReductionArgs> | null];
}

export const REDUCTION_SAMPLES: OpMeta["samples"] = [
  { inputs: [[2, 3, 4]] },
  { inputs: [[2, 3, 4]], args: [1] },
  { inputs: [[2, 3, 4]], args: [[0, -1], { keepdim: true }] },
  { inputs: [[3, 5]], args: [0] },
  { inputs: [[2, 21]], args: [-1] },
  { inputs: [[17]], args: [0] },
  { inputs: [[]] },
  { inputs: [[0, 3]], args: [1] },
];

/** Reduces any dims with an associative kernel over `[outer, n, inner]`. */
export function reduction(decl: ReductionDecl): Reduction {
  const { name, kernel, refuse, before, result = (dtype: DType) => dtype } = decl;
  return op({
    ...decl,
    samples: decl.samples ?? REDUCTION_SAMPLES,
    torch: decl.torch ?? ((dim?: Dims, options?: KeepDim) => `x.${name}(${python(dim ?? [])}${keywords({ ...options })})`),
    prepare(x: Tensor, dim: Dims = null, { keepdim = false }: KeepDim = {}) {
      const args: ReductionArgs = { dims: normalizeDims(name, dim, x.ndim), keepdim };
      refuse?.(x, args);
      return { inputs: [x], args };
    },
    run([x], { dims, keepdim }) {
      const shape = reducedShape(x!.shape, dims, keepdim);
      const [ordered, along] = inMemoryOrder(before ? before(x!) : x!, dims);
      const steps = stepsOf(ordered.shape, along);
      let source = contiguousInput(ordered);
      for (const [i, { outer, n, inner }] of steps.entries()) {
        const last = i === steps.length - 1;
        const out = Tensor.empty(last ? shape : [outer, inner], result(source.dtype), name);
        foldInto(out, kernel, source, n, inner);
        source = last ? out : discard(out);
      }
      return source;
    },
  });
}

/**
 * The same reduction with the dims in the order in which the elements lie, so that a transposed tensor need not be copied;
 * as it was where that would change the order of the dims that stay, or help nothing.
 */
function inMemoryOrder(x: Tensor, dims: readonly number[]): [x: Tensor, dims: readonly number[]] {
  if (x.isContiguous) return [x, dims];
  const order = [...x.shape.keys()].sort((a, b) => x.strides[b]! - x.strides[a]! || a - b);
  const kept = order.filter((dim) => !dims.includes(dim));
  if (kept.some((dim, i) => i > 0 && dim < kept[i - 1]!)) return [x, dims];
  const pick = (of: readonly number[]): number[] => order.map((dim) => of[dim]!);
  const ordered = viewOf(x, pick(x.shape), pick(x.strides), x.offset);
  if (!ordered.isContiguous) return [x, dims];
  return [ordered, [...order.keys()].filter((i) => dims.includes(order[i]!))];
}

interface Step {
  outer: number;
  n: number;
  inner: number;
}

/** Neighbouring dims are reduced together, the last ones first, each time over the middle of `[outer, n, inner]`. */
export function stepsOf(shape: readonly number[], dims: readonly number[]): Step[] {
  if (dims.length === 0) return [{ outer: 1, n: 1, inner: 1 }]; // a scalar
  const left = [...shape];
  const steps: Step[] = [];
  for (let i = dims.length - 1; i >= 0; i--) {
    const to = dims[i]!;
    while (i > 0 && dims[i - 1] === dims[i]! - 1) i--;
    const from = dims[i]!;
    steps.push({ outer: sizeOf(left.slice(0, from)), n: sizeOf(left.slice(from, to + 1)), inner: sizeOf(left.slice(to + 1)) });
    left.splice(from, to + 1 - from);
  }
  return steps;
}

/** out = the kernel's fold of a contiguous source; a long row goes by blocks of fixed size, so that threads share it. */
function foldInto(out: Tensor, kernel: string, source: Tensor, n: number, inner: number): void {
  const type = dtypeInfo(source.dtype).kernel;
  const block = backend().exports.reduce_block();
  if (out.numel === 1 && n > block && `${kernel}_partial_${type}` in backend().exports) {
    const parts = discard(Tensor.empty([Math.ceil(n / block)], source.dtype, kernel));
    launch(`${kernel}_partial_${type}` as KernelName, [parts.ptr, source.ptr, n], parts.numel, block);
    launch(`${kernel}_${type}` as KernelName, [out.ptr, parts.ptr, parts.numel, 1], 1, parts.numel);
    return;
  }
  launch(`${kernel}_${type}` as KernelName, [out.ptr, source.ptr, n, inner], out.numel, n);
}

/** The reduced dims moved behind the others. */
export function dimsLast(x: Tensor, dims: readonly number[]): Tensor {
  const order = [...x.shape.keys()].filter((dim) => !dims.includes(dim));
  return permute(x, [...order, ...dims]);
}

/** The shape that reducing `dims` leaves. */
export function reducedShape(shape: readonly number[], dims: readonly number[], keepdim: boolean): number[] {
  return keepdim ? shape.map((size, dim) => (dims.includes(dim) ? 1 : size)) : shape.filter((_, dim) => !dims.includes(dim));
}

/** A reduction's result, or its gradient, spread over the shape that was reduced. */
export function spread(y: Tensor, shape: readonly number[], dims: readonly number[]): Tensor {
  return expand(reshape(y, reducedShape(shape, dims, true)), shape);
}

/** `[outer, n, inner]` around one dim. */
export function aroundDim(shape: readonly number[], dim: number): Step {
  return { outer: sizeOf(shape.slice(0, dim)), n: shape[dim] ?? 1, inner: sizeOf(shape.slice(dim + 1)) };
}
