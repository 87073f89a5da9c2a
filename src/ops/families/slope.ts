import { launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { contiguousInput } from "../../core/copy.js";
import { dtypeInfo } from "../../core/dtype.js";
import { op } from "../../core/op.js";
import type { Op, OpMeta, Vjp } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";

/** g · f'(…) in one pass, given the operand of f or its result, whichever f' is made of. */
export type Slope<S extends number[] = []> = Op<(g: Tensor, of: Tensor, ...scalars: S) => Tensor>;

export interface SlopeDecl<S extends number[]> extends Omit<OpMeta, "samples"> {
  readonly samples?: OpMeta["samples"];
  /** The kernel's name without its dtype. */
  readonly kernel: string;
  readonly cost?: number;
  /** The same in plain ops: it gives the second derivative. */
  readonly define?: (g: Tensor, of: Tensor, ...scalars: S) => Tensor;
  /** Or the second derivative itself. */
  readonly vjp?: readonly [Vjp<S> | null, Vjp<S> | null];
}

/** The backward pass of an elementwise function. Both inputs have one shape and one float dtype. */
export function slope<S extends number[] = []>(decl: SlopeDecl<S>): Slope<S> {
  const { name, kernel, cost = 1, define, vjp, ...meta } = decl;
  return op({
    ...meta,
    name,
    samples: decl.samples ?? [
      [[7], [7]],
      [[0], [0]],
      [
        [3, 5],
        [3, 5],
      ],
    ],
    prepare: (g: Tensor, of: Tensor, ...scalars: S) => ({ inputs: [g, of], args: scalars }),
    run([g, of], scalars) {
      const [a, b] = [contiguousInput(g!), contiguousInput(of!)];
      const out = Tensor.empty(of!.shape, of!.dtype, name);
      launch(`${kernel}_${dtypeInfo(out.dtype).kernel}` as KernelName, [out.ptr, a.ptr, b.ptr, ...scalars], out.numel, cost);
      return out;
    },
    ...(define ? { define: ([g, of]: readonly Tensor[], scalars: S) => define(g!, of!, ...scalars) } : {}),
    ...(vjp ? { vjp } : {}),
  });
}
