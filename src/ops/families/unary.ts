import { DTypeError } from "../../runtime/errors.js";
import { launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { cast, contiguousInput } from "../../core/copy.js";
import { dtypeInfo, isFloat } from "../../core/dtype.js";
import { discard, op } from "../../core/op.js";
import type { Op, OpMeta, Vjp } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";

export type Unary = Op<(x: Tensor) => Tensor>;

export interface UnaryDecl extends Omit<OpMeta, "samples"> {
  readonly samples?: OpMeta["samples"];
  /** The kernel's name without its dtype: `relu` for `relu_f32`. */
  readonly kernel: string;
  /** Scalar operations per element, roughly, for threading. Default 1; transcendental functions about 10. */
  readonly cost?: number;
  /** What integers and bools do: become float32 (default, as `exp` does), stay what they are where a kernel exists, or are refused. */
  readonly integers?: "promote" | "keep" | "refuse";
  /** d/dx, or null where it is 0 or undefined everywhere. */
  readonly vjp: readonly [Vjp | null];
}

/** Sizes that meet every path: scalar, empty, vector tails, two dims. */
export const ELEMENTWISE_SAMPLES: OpMeta["samples"] = [[[7]], [[]], [[0]], [[1]], [[2, 3]], [[4, 17]], [[2, 1, 5]]];

/** out = f(x), elementwise: same shape, float dtype. */
export function unary(decl: UnaryDecl): Unary {
  const { name, kernel, cost = 1, integers = "promote" } = decl;
  return op({
    elementwise: true,
    ...decl,
    samples: decl.samples ?? ELEMENTWISE_SAMPLES,
    acceptsOut: true,
    prepare(x: Tensor) {
      if (!isFloat(x.dtype) && integers === "refuse") throw new DTypeError(`${name}(): expected a floating point tensor, got ${x.dtype}; convert it with .to("float32")`);
      return { inputs: [x], args: undefined };
    },
    run([x], _args, _aux, target) {
      const promote = !isFloat(x!.dtype) && integers === "promote";
      const source = promote ? discard(cast(contiguousInput(x!), "float32")) : contiguousInput(x!);
      const fits = target?.dtype === source.dtype;
      const out = fits ? target : Tensor.empty(x!.shape, source.dtype, name);
      launch(`${kernel}_${dtypeInfo(source.dtype).kernel}` as KernelName, [out.ptr, source.ptr], out.numel, cost);
      return out;
    },
  });
}
