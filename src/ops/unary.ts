import { type Unary, unary } from "./families/unary.js";
import { needs } from "../core/spec.js";
import { mul } from "./binary.js";

/** -x, elementwise. */
export const neg: Unary = unary({ name: "neg", torch: "-x", kernel: "neg", integers: "keep", vjp: [(g) => neg(g)] });

/** e^x, elementwise. */
export const exp: Unary = unary({
  name: "exp",
  torch: "torch.exp(x)",
  kernel: "exp",
  cost: 10,
  vjp: [needs(["out"], (g, c) => mul(g, c.output()))],
});
