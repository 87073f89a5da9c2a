import { needs, type Op } from "../core/spec.js";
import { isFloat } from "../core/dtype.js";
import { keywords } from "../core/python.js";
import type { Tensor } from "../core/tensor.js";
import { div, mul } from "./binary.js";
import { eq } from "./compare.js";
import { ones } from "./creation.js";
import { type KeepDim, reduction, spread } from "./families/reduction.js";
import { cat, stack, unbind } from "./join.js";
import { any } from "./reduce.js";
import { narrow } from "./slice.js";
import { permute, reshape, unsqueeze } from "./view.js";

/** Product over one `dim` (default: all). Integers and bools multiply in int32, modulo 2³². The empty product is 1. */
export const prod: Op<(x: Tensor, dim?: number | null, options?: KeepDim) => Tensor> = reduction({
  name: "prod",
  torch: (dim?: number | null, options?: KeepDim) => `x.prod(${dim ?? ""}${keywords({ ...options })})`,
  kernel: "prod",
  result: (dtype) => (isFloat(dtype) ? dtype : "int32"),
  dtypes: ["float64", "int32"],
  samples: [
    { inputs: [[2, 3, 4]] },
    { inputs: [[2, 3, 4]], args: [1] },
    { inputs: [[2, 5]], args: [-1, { keepdim: true }] },
    { inputs: [{ shape: [4], values: [2, 0, 3, -1] }] },
    { inputs: [{ shape: [2, 3], values: [0, 5, 0, 1, 2, 3] }], args: [1] },
    { inputs: [{ shape: [7], values: [0.5, -1, 2, 0, 3, -0.5, 1.5] }] },
    { inputs: [[]] },
    { inputs: [[0, 3]], args: [0] },
  ],
  errors: [{ inputs: [[2]], args: [1], throws: /prod\(\): dim 1 is out of range/ }],
  vjp: [
    needs([0, "out"], (g, c) => {
      const { dims } = c.args;
      const [x, shape] = [c.input(0), c.shapes[0]!];
      // out / x is the product of the others, but where x is 0 that says nothing.
      if (!hasZero(x)) return div(spread(mul(g, c.output()), shape, dims), x);
      return mul(spread(g, shape, dims), productOfOthers(x, dims));
    }),
  ],
});

function hasZero(x: Tensor): boolean {
  return any(eq(x, 0)).item() === 1;
}

/** For each element, the product of the others along `dims` (one dim, or all). */
function productOfOthers(x: Tensor, dims: readonly number[]): Tensor {
  if (dims.length > 1) return reshape(productOfOthers(reshape(x, [-1]), [0]), x.shape);
  const last = permute(x, [...x.shape.keys()].filter((d) => d !== dims[0]).concat(dims));
  const back = [...x.shape.keys()].map((d) => (d === dims[0] ? x.ndim - 1 : d < dims[0]! ? d : d - 1));
  return permute(others(last), back);
}

/** The same along the last dim. In pairs: of each element its partner, times the product of the other pairs. */
function others(x: Tensor): Tensor {
  const [lead, n, { dtype }] = [x.shape.slice(0, -1), x.shape.at(-1)!, x];
  if (n < 2) return ones(x.shape, { dtype });
  const even = n % 2 === 0 ? x : cat([x, ones([...lead, 1], { dtype })], -1);
  const [left, right] = unbind(reshape(even, [...lead, -1, 2]), -1) as [Tensor, Tensor];
  const each = mul(stack([right, left], -1), unsqueeze(others(mul(left, right)), -1));
  return narrow(reshape(each, even.shape), -1, 0, n);
}
