import { launch } from "../../runtime/backend.js";
import type { KernelName } from "../../runtime/kernels.js";
import { contiguousInput } from "../../core/copy.js";
import { dtypeInfo } from "../../core/dtype.js";
import { inPlace, op } from "../../core/op.js";
import { sameShape } from "../../core/shape.js";
import { type Op, type OpMeta, type Vjp, needs } from "../../core/spec.js";
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
    acceptsOut: true,
    prepare: (g: Tensor, of: Tensor, ...scalars: S) => ({ inputs: [g, of], args: scalars }),
    run([g, of], scalars, _aux, target) {
      const a = contiguousInput(g!);
      const b = contiguousInput(of!);
      const inPlace = target?.dtype === of!.dtype && sameShape(target.shape, of!.shape);
      const out = inPlace ? target : Tensor.empty(of!.shape, of!.dtype, name);
      launch(`${kernel}_${dtypeInfo(out.dtype).kernel}` as KernelName, [out.ptr, a.ptr, b.ptr, ...scalars], out.numel, cost, { inPlace });
      return out;
    },
    ...(define ? { define: ([g, of]: readonly Tensor[], scalars: S) => define(g!, of!, ...scalars) } : {}),
    ...(vjp ? { vjp } : {}),
  });
}

/**
 * The gradient formula that is this slope and nothing else, of input 0 or of the result: where nobody else waits for g,
 * it takes g's place in memory. The slope is asked for late, as it is declared after what it belongs to.
 */
export function through<A = unknown, S extends number[] = number[]>(slopeOf: () => Slope<S>, what: 0 | "out"): Vjp<A> {
  type Apply = (g: Tensor, of: Tensor, ...scalars: number[]) => Tensor;
  let over: Apply | null = null;
  return needs([what], (g, c) => {
    const of = what === "out" ? c.output() : c.input(0);
    const scalars = (c.args ?? []) as number[]; // of an op without any: undefined
    const plain = slopeOf() as unknown as Op<Apply>;
    return c.isSpare(g) ? (over ??= inPlace(plain))(g, of, ...scalars) : plain(g, of, ...scalars);
  });
}
