import { launch } from "../../runtime/backend.js";
import { ArgumentError, DTypeError } from "../../runtime/errors.js";
import type { KernelName } from "../../runtime/kernels.js";
import { writeInts } from "../../runtime/scratch.js";
import { WORTH_A_COPY } from "../../runtime/tuning.js";
import { constant } from "../../core/constant.js";
import { cast, contiguousInput } from "../../core/copy.js";
import { type DType, dtypeInfo, getDefaultDType, isFloat, promoteScalar, promoteTypes } from "../../core/dtype.js";
import { discard, op } from "../../core/op.js";
import { broadcastShapes, broadcastStrides, contiguousStrides, sameShape, sizeOf } from "../../core/shape.js";
import type { Op, OpMeta, Vjp } from "../../core/spec.js";
import { collapse } from "../../core/strided.js";
import { Tensor } from "../../core/tensor.js";

/** One of the two may be a number; it takes the other's dtype, as in PyTorch. */
export type Operand = Tensor | number;
export type Binary = Op<(x: Operand, y: Operand) => Tensor>;
/** The in-place form: the result goes into x. */
export type BinaryInPlace = (x: Tensor, y: Operand) => Tensor;

export interface BinaryDecl extends Omit<OpMeta, "samples"> {
  readonly samples?: OpMeta["samples"];
  /** The kernel's name without its dtype: `add` for `add_f32` and `add_nd_f32`. */
  readonly kernel: string;
  readonly cost?: number;
  /** The result's dtype. Default: that of the operands, promoted. "bool" for comparisons, "float" to divide. */
  readonly result?: "same" | "bool" | "float";
  /** What two bools do: the name of another kernel, or they are refused. Default: the kernel takes them as 0 and 1. */
  readonly bools?: { readonly kernel: string } | "refuse";
  /** Looks at the values before anything is computed. */
  readonly before?: (name: string, y: Tensor, args: BinaryArgs) => void;
  readonly vjp: readonly [Vjp<BinaryArgs> | null, Vjp<BinaryArgs> | null];
}

export interface BinaryArgs {
  /** What the operands are computed in. */
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Same shape, scalar, row and column broadcasts, empty, tails. */
export const BINARY_SAMPLES: OpMeta["samples"] = [
  [[7], [7]],
  [[], []],
  [[0], [0]],
  [[2, 3], []],
  [[], [3, 2]],
  [[2, 3], [3]],
  [
    [3, 1],
    [1, 5],
  ],
  [
    [4, 17],
    [4, 1],
  ],
  [
    [2, 1, 5],
    [3, 1],
  ],
  [[0, 3], [3]],
];

/** Operands as tensors of one dtype. A number takes the tensor's dtype unless it is of a higher kind. */
export function promoteOperands(name: string, x: Operand, y: Operand, float = false): { inputs: [Tensor, Tensor]; dtype: DType } {
  const dtype = operandType(name, x, y, float);
  return { inputs: [operand(x, dtype), operand(y, dtype)], dtype };
}

function operand(x: Operand, dtype: DType): Tensor {
  return typeof x === "number" ? constant(x, dtype) : x;
}

function operandType(name: string, x: Operand, y: Operand, float: boolean): DType {
  if (typeof x === "number" && typeof y === "number") throw new ArgumentError(`${name}(): one operand must be a tensor, got ${x} and ${y}`);
  const dtype = commonType(name, x, y);
  return float && !isFloat(dtype) ? getDefaultDType() : dtype;
}

function commonType(name: string, x: Operand, y: Operand): DType {
  if (typeof x === "number") return promoteScalar(asTensor(name, y).dtype, x);
  if (typeof y === "number") return promoteScalar(asTensor(name, x).dtype, y);
  const a = asTensor(name, x);
  const b = asTensor(name, y);
  if (a.dtype === b.dtype) return a.dtype;
  // A 0-dim tensor, like a number, does not widen one with dims of the same or a higher kind.
  const [ka, kb] = [dtypeInfo(a.dtype).kind, dtypeInfo(b.dtype).kind];
  if (a.ndim === 0 && b.ndim > 0 && kb >= ka) return b.dtype;
  if (b.ndim === 0 && a.ndim > 0 && ka >= kb) return a.dtype;
  return promoteTypes(a.dtype, b.dtype);
}

function asTensor(name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(
    `${name}(): expected a tensor or a number, got ${value === null ? "null" : typeof value}; make one with tensor(…)`,
  );
}

/** The front desk of a binary op: promoted operands and the broadcast shape. */
export function prepareBinary(name: string, x: Operand, y: Operand, float = false): { inputs: [Tensor, Tensor]; args: BinaryArgs } {
  const dtype = operandType(name, x, y, float);
  const left = operand(x, dtype);
  const right = operand(y, dtype);
  return { inputs: [left, right], args: { dtype, shape: broadcastShapes(name, left.shape, right.shape) } };
}

/** @throws DTypeError for two bools */
export function refuseBools(name: string, dtype: DType): void {
  if (dtype === "bool")
    throw new DTypeError(`${name}(): expected numbers, got two bool operands; convert one with .to("int32"), or use a logical op`);
}

/** out = f(x, y), elementwise with broadcasting. */
export function binary(decl: BinaryDecl): Binary {
  const { name, kernel, cost, result = "same", bools, before } = decl;
  const call: BinaryCall = { name, kernel, cost, result: result === "bool" ? "bool" : undefined };
  const ofBools = typeof bools === "object" ? { ...call, kernel: bools.kernel } : call;
  return op({
    elementwise: true,
    ...decl,
    samples: decl.samples ?? BINARY_SAMPLES,
    acceptsOut: true,
    prepare(x: Operand, y: Operand) {
      const prepared = prepareBinary(name, x, y, result === "float");
      if (bools === "refuse") refuseBools(name, prepared.args.dtype);
      return prepared;
    },
    run([x, y], args, _aux, target) {
      before?.(name, y!, args);
      return runBinary(args.dtype === "bool" ? ofBools : call, x!, y!, args, target);
    },
  });
}

/** For `run`: the tensor in another dtype, for the time of the op. */
export function inDType(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : discard(cast(x, dtype));
}

export interface BinaryCall {
  readonly name: string;
  readonly kernel: string;
  /** Default: the dtype that the operands are computed in. */
  readonly result?: DType | undefined;
  /** What the kernel gets after the operands: y is multiplied by it. */
  readonly scale?: number;
  readonly cost?: number | undefined;
}

/**
 * For `run`: the kernel over two operands, into `target` where it fits. Contiguous operands and scalars take
 * the straight loop, everything else the strided one.
 */
export function runBinary(call: BinaryCall, left: Tensor, right: Tensor, { dtype, shape }: BinaryArgs, target?: Tensor): Tensor {
  const { name, kernel, result = dtype, scale, cost = 1 } = call;
  const x = inVectors(inDType(left, dtype), shape);
  const y = inVectors(inDType(right, dtype), shape);
  const inPlace = target?.dtype === result && sameShape(target.shape, shape);
  const out = inPlace ? target : Tensor.empty(shape, result, name);
  const total = sizeOf(shape);
  const type = dtypeInfo(dtype).kernel;
  const options = inPlace ? IN_PLACE : undefined;
  const sx = unitStride(x, shape, total);
  const sy = unitStride(y, shape, total);
  if (sx >= 0 && sy >= 0) {
    const args = scale === undefined ? [out.ptr, x.ptr, y.ptr, sx, sy] : [out.ptr, x.ptr, y.ptr, scale, sx, sy];
    launch(`${kernel}_${type}` as KernelName, args, total, cost, options);
    return out;
  }
  const nest = collapse(shape, [
    contiguousStrides(shape),
    broadcastStrides(x.shape, x.strides, shape),
    broadcastStrides(y.shape, y.strides, shape),
  ]);
  const meta = writeInts([nest.shape.length], nest.shape, nest.strides[1]!, nest.strides[2]!);
  const args = scale === undefined ? [out.ptr, x.ptr, y.ptr, meta] : [out.ptr, x.ptr, y.ptr, scale, meta];
  launch(`${kernel}_nd_${type}` as KernelName, args, total, cost * 2, options);
  return out;
}

const IN_PLACE = { inPlace: true };

/** For `run`: a copy in order of an operand that the strided kernel would gather element by element. */
function inVectors(x: Tensor, shape: readonly number[]): Tensor {
  const last = x.ndim - 1;
  if (last < 0 || x.shape[last] === 1 || x.strides[last] === 1 || x.strides[last] === 0) return x;
  return sizeOf(shape) >= WORTH_A_COPY ? contiguousInput(x) : x;
}

/** 1: walks along with the output; 0: one element for all; -1: neither. */
export function unitStride(x: Tensor, shape: readonly number[], total: number): number {
  if (sameShape(x.shape, shape)) return x.isContiguous ? 1 : total === 1 ? 1 : -1;
  return x.numel === 1 ? (total === 1 ? 1 : 0) : -1;
}
