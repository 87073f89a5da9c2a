import { expect, test } from "vitest";
import { F, LanegradError, type Tensor, ones } from "../src/index.js";

/*
 * Arguments that only a program without type checks can pass, and what is refused by an op inside the one that was called:
 * told by the name of that one.
 */

/** What a program without type checks does. */
const loose = (fn: unknown): ((...params: unknown[]) => unknown) => fn as (...params: unknown[]) => unknown;
const method = (x: Tensor, name: keyof Tensor): ((...params: unknown[]) => unknown) => loose(x[name]).bind(x);

const x = ones([2, 3, 4]);
const m = ones([3, 4]);

const CASES: [what: string, call: () => unknown, error: string, message: RegExp][] = [
  [
    "null for options",
    () => loose(F.gelu)(x, null),
    "ArgumentError",
    /gelu\(\): cannot make sense of the arguments \(float32 \[2, 3, 4\], null\)/,
  ],
  [
    "a number for a tensor that may be left out",
    () => loose(F.linear)(x, m, 5),
    "ArgumentError",
    /linear\(\): expected a tensor as argument 2, got the number 5/,
  ],
  ["null for options, in place", () => method(x, "add_")(1, null), "ArgumentError", /add_\(\): cannot make sense of .*, 1, null\)/],
  ["text for dims", () => method(x, "sum")("x"), "ArgumentError", /sum\(\): dim must be a whole number or a list of them, got x/],
  ["nothing for sizes", () => method(x, "split")(), "ArgumentError", /split\(\): cannot make sense of the arguments \(float32/],
  [
    "a number for a tensor, within",
    () => loose(F.mseLoss)(x, 3),
    "ArgumentError",
    /mseLoss\(\): expected a tensor as argument 1, got the number 3/,
  ],
  [
    "null for a tensor, within",
    () => method(m, "logicalAnd")(null),
    "ArgumentError",
    /logicalAnd\(\): cannot make sense of the arguments \(float32 \[3, 4\], null\)/,
  ],
  // What is refused by an op inside is told as the op's that was called.
  ["shapes, within", () => x.lerp(m.t(), 0.5), "ShapeError", /^lerp\(\): shapes/],
  ["a dim, within", () => x.norm(1, 5), "IndexError", /^norm\(\): dim 5 is out of range/],
  ["shapes, in place", () => x.mul_(m.t()), "ShapeError", /^mul_\(\): shapes/],
];

test.each(CASES)("%s", (_, call, error, message) => {
  expect(call).toThrow(message);
  expect(call).toThrow(LanegradError);
  expect(call).toThrow(expect.objectContaining({ name: error }) as Error);
});
