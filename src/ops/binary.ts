import { composite } from "../core/op.js";
import type { Op } from "../core/spec.js";
import { needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { inPlace } from "../core/op.js";
import { type Binary, type Operand, BINARY_SAMPLES, binary } from "./families/binary.js";
import { neg } from "./unary.js";

/** x * y, elementwise with broadcasting. */
export const mul: Binary = binary({
  name: "mul",
  torch: "x * y",
  kernel: "mul",
  vjp: [needs([1], (g, c) => mul(g, c.input(1))), needs([0], (g, c) => mul(g, c.input(0)))],
});

const plus: Binary = binary({ name: "_plus", torch: "x + y", kernel: "add", vjp: [(g) => g, (g) => g] });

/** x + alpha * y, elementwise with broadcasting. alpha defaults to 1. */
export const add: Op<(x: Tensor, y: Operand, options?: { alpha?: number }) => Tensor> = composite(
  { name: "add", torch: "x + y", samples: BINARY_SAMPLES },
  (x: Tensor, y: Operand, { alpha = 1 }: { alpha?: number } = {}) => plus(x, alpha === 1 ? y : typeof y === "number" ? alpha * y : mul(y, alpha)),
);

/** x - y, elementwise with broadcasting. */
export const sub: Binary = binary({ name: "sub", torch: "x - y", kernel: "sub", vjp: [(g) => g, (g) => neg(g)] });

/** x / y, elementwise with broadcasting. Integers become float32 first. */
export const div: Binary = binary({
  name: "div",
  torch: "x / y",
  kernel: "div",
  result: "float",
  vjp: [needs([1], (g, c) => div(g, c.input(1))), needs([1, "out"], (g, c) => neg(div(mul(g, c.output()), c.input(1))))],
});

/** x *= y */
export const mul_: Binary = inPlace(mul) as Binary;
