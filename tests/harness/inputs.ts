import { upload } from "../../src/core/copy.js";
import { isFloat } from "../../src/core/dtype.js";
import { contiguousStrides, sizeOf } from "../../src/core/shape.js";
import { Tensor } from "../../src/core/tensor.js";
import { streamOf, uniform } from "./hash.js";
import type { Call, TensorPlan } from "./plan.js";

/** How an input lies in memory. A number: one row seen many times along that dim. */
export type Layout = "plain" | "transposed" | "strided" | "offset" | number;

/** The number that stands for the weights of output 0 where inputs have theirs. */
const WEIGHTS = 1000;

export function valuesOf(call: Call, number: number): number[] {
  const plan = call.inputs[number]!;
  if (plan.values) return plan.values.map((value) => (isFloat(plan.dtype) ? Math.fround(Number(value)) : Number(value)));
  const stream = streamOf(call.op, call.seed, number);
  return Array.from({ length: sizeOf(plan.shape) }, (_, i) => {
    const value = plan.low + (plan.high - plan.low) * uniform(stream, i);
    return isFloat(plan.dtype) ? Math.fround(value) : Math.floor(value); // float64 tests have float32's values
  });
}

/** What the gradient test multiplies output `number` by. */
export function weightsOf(call: Call, number: number, size: number): number[] {
  const stream = streamOf(call.op, call.seed, WEIGHTS + number);
  return Array.from({ length: size }, (_, i) => Math.fround(2 * uniform(stream, i) - 1));
}

/** Layouts that differ from the plain one for this input. */
export function layoutsOf(plan: TensorPlan): ("transposed" | "strided" | "offset")[] {
  const { length } = plan.shape.filter((size) => size > 1);
  if (sizeOf(plan.shape) === 0) return [];
  return length > 1 ? ["transposed", "strided", "offset"] : length === 1 ? ["strided", "offset"] : ["offset"];
}

/** A leaf with these values, laid out in memory as asked for. */
export function place(plan: TensorPlan, values: readonly number[], layout: Layout): Tensor {
  const { shape, dtype } = plan;
  if (layout === "plain") return upload(values, shape, dtype, "test input");
  const plain = contiguousStrides(shape);
  if (typeof layout === "number") {
    const strides = contiguousStrides(shape.map((size, dim) => (dim === layout ? 1 : size)));
    strides[layout] = 0;
    return scatter(plan, values, plain, strides, 0, values.length);
  }
  if (layout === "transposed") {
    const strides = contiguousStrides([...shape].reverse()).reverse();
    return scatter(plan, values, plain, strides, 0, values.length);
  }
  const strides = layout === "strided" ? plain.map((stride) => stride * 2) : plain;
  const offset = layout === "offset" ? 3 : 1;
  return scatter(plan, values, plain, strides, offset, offset + values.length * 2 + 5);
}

/** Around the values lies what would be seen if it were read: 77. */
function scatter(
  plan: TensorPlan,
  values: readonly number[],
  plain: readonly number[],
  strides: readonly number[],
  offset: number,
  size: number,
): Tensor {
  const { shape, dtype } = plan;
  const flat = new Array<number>(size).fill(77);
  values.forEach((value, i) => {
    let at = offset;
    shape.forEach((extent, dim) => (at += (Math.floor(i / plain[dim]!) % extent) * strides[dim]!));
    flat[at] = value;
  });
  const { storage } = upload(flat, [size], dtype, "test input");
  return new Tensor(storage, shape, strides, offset, dtype);
}
