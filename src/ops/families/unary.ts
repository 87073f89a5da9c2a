import { DTypeError } from "../../runtime/errors.js";
import { launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { cast, contiguousInput, copyStrided } from "../../core/copy.js";
import { type DType, dtypeInfo, getDefaultDType, isFloat } from "../../core/dtype.js";
import { discard, op } from "../../core/op.js";
import { sameShape } from "../../core/shape.js";
import type { Op, OpMeta, Vjp } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";

export type Unary = Op<(x: Tensor) => Tensor>;

export interface UnaryDecl extends Omit<OpMeta, "samples"> {
  readonly samples?: OpMeta["samples"];
  /** The kernel's name without its dtype: `relu` for `relu_f32`. */
  readonly kernel: string;
  /** Scalar operations per element, roughly, for threading. Default 1; transcendental functions about 10. */
  readonly cost?: number;
  /**
   * What integers do: become float32 (default, as `exp` does), stay what they are where a kernel exists,
   * come out unchanged (`floor`), or are refused.
   */
  readonly integers?: Integers;
  /** Bools, which do what integers do by default, are refused or become int32. */
  readonly bools?: "refuse" | "int32";
  /** The result's dtype, when not that of the operand. */
  readonly result?: "bool";
  /** d/dx, or null where the result is no float. */
  readonly vjp: readonly [Vjp | null];
}

export type Integers = "promote" | "keep" | "unchanged" | "refuse";

/** Sizes that meet every path: scalar, empty, vector tails, two dims. */
export const ELEMENTWISE_SAMPLES: OpMeta["samples"] = [[[7]], [[]], [[0]], [[1]], [[2, 3]], [[4, 17]], [[2, 1, 5]]];

/** out = f(x), elementwise: same shape, float dtype. */
export function unary(decl: UnaryDecl): Unary {
  const { name, kernel, cost, integers, bools, result } = decl;
  return op({
    elementwise: true,
    ...decl,
    samples: decl.samples ?? ELEMENTWISE_SAMPLES,
    acceptsOut: true,
    prepare(x: Tensor) {
      checkUnary(name, x, integers, bools);
      return { inputs: [x], args: undefined };
    },
    run([x], _args, _aux, target) {
      const operand = bools === "int32" && x!.dtype === "bool" ? discard(cast(x!, "int32")) : x!;
      return runUnary({ name, kernel, cost, integers, result }, operand, target);
    },
  });
}

/** @throws DTypeError when the op has no meaning for the dtype */
export function checkUnary(name: string, x: Tensor, integers?: Integers, bools?: UnaryDecl["bools"]): void {
  if (isFloat(x.dtype)) return;
  if (integers !== "refuse" && !(bools === "refuse" && x.dtype === "bool")) return;
  const expected = integers === "refuse" ? "floating point tensor" : "tensor of numbers";
  throw new DTypeError(`${name}(): expected a ${expected}, got ${x.dtype}; convert it with .to("float32")`);
}

export interface UnaryCall {
  readonly name: string;
  readonly kernel: string;
  readonly scalars?: readonly number[];
  readonly cost?: number;
  readonly integers?: Integers;
  readonly result?: "bool";
}

/** For `run`: the kernel over the elements in order, into `target` where it fits. */
export function runUnary(
  { name, kernel, scalars = [], cost = 1, integers = "promote", result }: UnaryCall,
  x: Tensor,
  target?: Tensor,
): Tensor {
  const promote = !isFloat(x.dtype) && integers === "promote";
  const source = promote ? discard(cast(x, getDefaultDType())) : contiguousInput(x);
  const dtype: DType = result ?? source.dtype;
  const inPlace = target?.dtype === dtype && sameShape(target.shape, x.shape);
  const out = inPlace ? target : Tensor.empty(x.shape, dtype, name);
  if (!isFloat(x.dtype) && integers === "unchanged") copyStrided(out, source);
  else launch(`${kernel}_${dtypeInfo(source.dtype).kernel}` as KernelName, [out.ptr, source.ptr, ...scalars], out.numel, cost, { inPlace });
  return out;
}
