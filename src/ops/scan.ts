import { launch } from "../runtime/backend.js";
import type { KernelName } from "../runtime/kernels.js";
import { cast, contiguousInput } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, discard, op } from "../core/op.js";
import { normalizeDim } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { aroundDim } from "./families/reduction.js";

/** Sums up to each element along a dim, or with `reverse` from each element on: each is the gradient of the other. */
const scan: Op<(x: Tensor, dim: number, reverse: boolean) => Tensor> = op({
  name: "_cumsum",
  torch: (dim: number, reverse: boolean) => (reverse ? `x.flip(${dim}).cumsum(${dim}).flip(${dim})` : `x.cumsum(${dim})`),
  samples: [
    { inputs: [[2, 3, 4]], args: [1, false] },
    { inputs: [[2, 5]], args: [1, true] },
  ],
  prepare: (x: Tensor, dim: number, reverse: boolean) => ({ inputs: [x], args: { dim, reverse } }),
  run([x], { dim, reverse }) {
    const dtype = isFloat(x!.dtype) ? x!.dtype : "int32";
    const source = contiguousInput(x!.dtype === dtype ? x! : discard(cast(x!, dtype)));
    const { outer, n, inner } = aroundDim(x!.shape, dim);
    const out = Tensor.empty(x!.shape, dtype, "cumsum");
    launch(`cumsum_${dtypeInfo(dtype).kernel}` as KernelName, [out.ptr, source.ptr, n, inner, Number(reverse)], outer * inner, n);
    return out;
  },
  vjp: [(g, { args: { dim, reverse } }) => scan(g, dim, !reverse)],
});

/** Sums up to and with each element along `dim`. Integers and bools add up in int32. */
export const cumsum: Op<(x: Tensor, dim: number) => Tensor> = composite(
  {
    name: "cumsum",
    torch: (dim: number) => `x.cumsum(${dim})`,
    samples: [
      { inputs: [[2, 3, 4]], args: [1] },
      { inputs: [[7]], args: [-1] },
      { inputs: [[]], args: [0] },
      { inputs: [[0, 3]], args: [0] },
    ],
    errors: [{ inputs: [[2]], args: [1], throws: /cumsum\(\): dim 1 is out of range/ }],
  },
  (x: Tensor, dim: number) => scan(x, normalizeDim("cumsum", dim, x.ndim), false),
);
