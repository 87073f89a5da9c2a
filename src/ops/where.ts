import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError } from "../runtime/errors.js";
import { writeInts } from "../runtime/scratch.js";
import { constant } from "../core/constant.js";
import { type DType, bitsOf, isFloat, promoteScalar } from "../core/dtype.js";
import { inPlace, op } from "../core/op.js";
import { python } from "../core/python.js";
import { broadcastShapes, broadcastStrides, contiguousStrides, sameShape, show, sizeOf } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { collapse } from "../core/strided.js";
import { Tensor } from "../core/tensor.js";
import { type BinaryArgs, type Operand, inDType, promoteOperands, unitStride } from "./families/binary.js";

function checkCondition(name: string, what: string, condition: Tensor): void {
  if (condition.dtype === "bool") return;
  throw new DTypeError(`${name}(): ${what} must be a bool tensor, got ${condition.dtype}; make one by a comparison or with .to("bool")`);
}

/** out = condition ? x : y, into `target` where it fits. */
function choose(name: string, condition: Tensor, x: Tensor, y: Tensor, { dtype, shape }: BinaryArgs, target?: Tensor): Tensor {
  const operands = [condition, inDType(x, dtype), inDType(y, dtype)];
  const inPlace = target?.dtype === dtype && sameShape(target.shape, shape);
  const out = inPlace ? target : Tensor.empty(shape, dtype, name);
  const total = sizeOf(shape);
  const bits = bitsOf(dtype);
  const units = operands.map((operand) => unitStride(operand, shape, total));
  const addresses = [out.ptr, ...operands.map((operand) => operand.ptr)];
  if (units.every((unit) => unit >= 0)) {
    launch(`where_${bits}`, [...addresses, ...units], total, 1, { inPlace });
    return out;
  }
  const nest = collapse(shape, [
    contiguousStrides(shape),
    ...operands.map((operand) => broadcastStrides(operand.shape, operand.strides, shape)),
  ]);
  const meta = writeInts([nest.shape.length], nest.shape, ...nest.strides.slice(1));
  launch(`where_nd_${bits}`, [...addresses, meta], total, 2, { inPlace });
  return out;
}

/** x and y as tensors of one dtype. Two numbers are int32 if both are whole, else float32. */
function branches(x: Operand, y: Operand): { inputs: [Tensor, Tensor]; dtype: DType } {
  if (typeof x !== "number" || typeof y !== "number") return promoteOperands("where", x, y);
  const dtype = [x, y].reduce<DType>((type, value) => promoteScalar(type, value), "bool");
  return { inputs: [constant(x, dtype), constant(y, dtype)], dtype };
}

const bools = (...shape: number[]) => ({ shape, dtype: "bool" }) as const;

/**
 * condition ? x : y, elementwise with broadcasting; x and y may be numbers. Not a method: PyTorch's has another order.
 *
 * @param condition a bool tensor
 * @throws DTypeError when the condition is not bool
 */
export const where: Op<(condition: Tensor, x: Operand, y: Operand) => Tensor> = op({
  name: "where",
  torch: "torch.where(x, y, z)",
  samples: [
    [bools(7), [7], [7]],
    [bools(), [], []],
    [bools(0), [0], [0]],
    [bools(2, 3), [], [3]],
    [bools(3, 1), [1, 5], [3, 5]],
    [bools(1, 17), [4, 17], [4, 1]],
    { inputs: [bools(5), [5]], args: [-1.5], torch: "torch.where(x, y, -1.5)" },
  ],
  errors: [{ inputs: [[2], [2], [2]], throws: /where\(\): condition must be a bool tensor, got float32/ }],
  acceptsOut: true,
  prepare(condition: Tensor, x: Operand, y: Operand) {
    checkCondition("where", "condition", condition);
    const { inputs, dtype } = branches(x, y);
    const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", inputs[0].shape, inputs[1].shape));
    return { inputs: [condition, ...inputs], args: { dtype, shape } };
  },
  run: ([condition, x, y], args) => choose("where", condition!, x!, y!, args),
  vjp: [null, needs([0], (g, c) => where(c.input(0), g, 0)), needs([0], (g, c) => where(c.input(0), 0, g))],
});

/**
 * x with `value` where the mask is true. The mask broadcasts.
 *
 * @param value a number, or a 0-dim tensor
 * @throws DTypeError when the mask is not bool
 */
export const maskedFill: Op<(x: Tensor, mask: Tensor, value: Operand) => Tensor> = op({
  name: "maskedFill",
  torch: (value: unknown) => `x.masked_fill(y, ${python(value)})`,
  samples: [
    { inputs: [[7], bools(7)], args: [0.5] },
    { inputs: [{ shape: [7], grad: false }, bools(7)], args: [-Infinity] },
    { inputs: [[4, 17], bools(17)], args: [0.5] },
    { inputs: [[3, 5], bools(3, 1)], args: [2] },
    { inputs: [[5], bools(2, 5)], args: [2] },
    { inputs: [[7], bools(7), []], torch: "x.masked_fill(y, z)" },
  ],
  errors: [
    { inputs: [[2], [2]], args: [0], throws: /maskedFill\(\): mask must be a bool tensor, got float32/ },
    { inputs: [[2], bools(2), [2]], throws: /maskedFill\(\): value must be a number or a 0-dim tensor, got shape \[2\]/ },
  ],
  acceptsOut: true,
  prepare(x: Tensor, mask: Tensor, value: Operand) {
    checkCondition("maskedFill", "mask", mask);
    if (value instanceof Tensor && value.ndim > 0)
      throw new DTypeError(`maskedFill(): value must be a number or a 0-dim tensor, got shape ${show(value.shape)}`);
    if (typeof value === "number" && !isFloat(x.dtype) && x.dtype !== "bool" && !(Math.abs(value) < 2 ** 31)) {
      throw new ArgumentError(`maskedFill(): ${value} cannot be stored in a ${x.dtype} tensor; convert it with .to("float32")`);
    }
    const filler = value instanceof Tensor ? value : constant(value, x.dtype);
    return { inputs: [x, mask, filler], args: { dtype: x.dtype, shape: broadcastShapes("maskedFill", x.shape, mask.shape) } };
  },
  run: ([x, mask, value], args, _aux, target) => choose("maskedFill", mask!, value!, x!, args, target),
  vjp: [needs([1], (g, c) => maskedFill(g, c.input(1), 0)), null, needs([1], (g, c) => where(c.input(1), g, 0))],
});
/** Sets x to `value` where the mask is true, in place. */
export const maskedFill_: (x: Tensor, mask: Tensor, value: Operand) => Tensor = inPlace(maskedFill);
