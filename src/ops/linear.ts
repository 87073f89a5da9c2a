import { ShapeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import { op } from "../core/op.js";
import { show } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add } from "./binary.js";
import { type Matrix, checkFloats, gemm } from "./families/product.js";
import { matmul } from "./matmul.js";
import { sum } from "./reduce.js";
import { reshape, t } from "./view.js";

/** All dims but the last as one. */
function asRows(x: Tensor): Tensor {
  const last = x.shape.at(-1)!;
  return x.ndim === 2 ? x : reshape(x, [x.shape.slice(0, -1).reduce((a, b) => a * b, 1), last]);
}

/**
 * y = x Wᵀ + b in one pass: x `[…, in]`, weight `[out, in]`, bias `[out]` or none, y `[…, out]`.
 *
 * @throws ShapeError when sizes do not fit
 * @throws DTypeError unless all are of one floating point dtype
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export const linear: Op<(x: Tensor, weight: Tensor, bias?: Tensor | null) => Tensor> = op({
  name: "linear",
  tensors: [0, 1, 2],
  torch: "F.linear(*inputs)",
  samples: [
    [[4, 3], [5, 3], [5]],
    [
      [4, 3],
      [5, 3],
    ],
    [[3], [5, 3], [5]],
    [[2, 4, 3], [5, 3], [5]],
    [[33, 19], [10, 19], [10]],
    [[2, 0], [3, 0], [3]],
    [[0, 2], [3, 2], [3]],
  ],
  errors: [
    { inputs: [[4, 3], [5, 4], [5]], throws: /linear\(\): x \[4, 3\] has 3 features, weight \[5, 4\] takes 4/ },
    { inputs: [[4, 3], [5, 3], [4]], throws: /linear\(\): bias \[4\] for weight \[5, 3\]; expected \[5\]/ },
    { inputs: [[4, 3], [3]], throws: /linear\(\): weight must be \[out, in\], got \[3\]/ },
    { inputs: [[], [3, 2]], throws: /linear\(\): x is a scalar/ },
  ],
  prepare(x: Tensor, weight: Tensor, bias: Tensor | null = null) {
    const { shape } = x;
    if (weight.ndim !== 2) throw new ShapeError(`linear(): weight must be [out, in], got ${show(weight.shape)}`);
    const outputs = weight.shape[0]!;
    const features = weight.shape[1]!;
    if (shape.length === 0) throw new ShapeError(`linear(): x is a scalar; its last dim must have ${features} features`);
    if (shape[shape.length - 1] !== features) {
      throw new ShapeError(
        `linear(): x ${show(shape)} has ${shape[shape.length - 1]} features, weight ${show(weight.shape)} takes ${features}`,
      );
    }
    if (bias && !(bias.ndim === 1 && bias.shape[0] === outputs)) {
      throw new ShapeError(`linear(): bias ${show(bias.shape)} for weight ${show(weight.shape)}; expected [${outputs}]`);
    }
    const inputs = bias ? [x, weight, bias] : [x, weight];
    checkFloats("linear", ...inputs);
    return { inputs, args: shape.length === 2 ? [shape[0]!, outputs] : [...shape.slice(0, -1), outputs] };
  },
  run([x, weight, bias], shape) {
    const out = Tensor.empty(shape, x!.dtype, "linear");
    const rows = x!.ndim === 2 ? x! : contiguousInput(x!);
    const offset = bias ? contiguousInput(bias) : null;
    const outputs = weight!.shape[0]!;
    const features = weight!.shape[1]!;
    const plain = x!.ndim === 2 ? rows.strides : [features, 1];
    const a: Matrix = { tensor: rows, offset: 0, row: plain[0]!, col: plain[1]!, batch: 0 };
    // W is read as its transpose.
    const b: Matrix = { tensor: weight!, offset: 0, row: weight!.strides[1]!, col: weight!.strides[0]!, batch: 0 };
    const c: Matrix = { tensor: out, offset: 0, row: outputs, col: 1, batch: 0 };
    gemm(c, a, b, offset, [out.numel / Math.max(1, outputs), outputs, features, 1]);
    return out;
  },
  vjp: [
    needs([1], (g, c) => matmul(g, c.input(1))),
    needs([0], (g, c) => matmul(t(asRows(g)), asRows(c.input(0)))),
    (g) => sum(asRows(g), 0),
  ],
  define: ([x, weight, bias]) => {
    const y = matmul(x!, t(weight!));
    return bias ? add(y, bias) : y;
  },
});
