import { inPlace } from "../core/op.js";
import { type Vjp } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { zerosLike } from "./creation.js";
import { type Unary, unary } from "./families/unary.js";

/** Steps are flat: the gradient is 0, also where g is infinite. */
const flat: Vjp = (g) => zerosLike(g);

/** The largest whole number ≤ x, elementwise. The gradient is 0. Integers come out as they are. */
export const floor: Unary = unary({
  name: "floor",
  torch: "torch.floor(x)",
  kernel: "floor",
  integers: "unchanged",
  bools: "refuse",
  vjp: [flat],
});
/** x = floor(x), in place. */
export const floor_: (x: Tensor) => Tensor = inPlace(floor);

/** The smallest whole number ≥ x, elementwise. The gradient is 0. Integers come out as they are. */
export const ceil: Unary = unary({
  name: "ceil",
  torch: "torch.ceil(x)",
  kernel: "ceil",
  integers: "unchanged",
  bools: "refuse",
  vjp: [flat],
});
/** x = ceil(x), in place. */
export const ceil_: (x: Tensor) => Tensor = inPlace(ceil);

/** The nearest whole number, elementwise; halves go to the even one. The gradient is 0. Integers come out as they are. */
export const round: Unary = unary({
  name: "round",
  torch: "torch.round(x)",
  kernel: "round",
  integers: "unchanged",
  bools: "refuse",
  vjp: [flat],
});
/** x = round(x), in place. */
export const round_: (x: Tensor) => Tensor = inPlace(round);

/** x without its fraction, elementwise. The gradient is 0. Integers come out as they are. */
export const trunc: Unary = unary({
  name: "trunc",
  torch: "torch.trunc(x)",
  kernel: "trunc",
  integers: "unchanged",
  bools: "refuse",
  vjp: [flat],
});
/** x = trunc(x), in place. */
export const trunc_: (x: Tensor) => Tensor = inPlace(trunc);

/** Whether an element is NaN, as a bool tensor. */
export const isnan: Unary = unary({ name: "isnan", torch: "torch.isnan(x)", kernel: "isnan", result: "bool", vjp: [null] });

/** Whether an element is Infinity or -Infinity, as a bool tensor. */
export const isinf: Unary = unary({ name: "isinf", torch: "torch.isinf(x)", kernel: "isinf", result: "bool", vjp: [null] });

/** Whether an element is neither infinite nor NaN, as a bool tensor. */
export const isfinite: Unary = unary({ name: "isfinite", torch: "torch.isfinite(x)", kernel: "isfinite", result: "bool", vjp: [null] });
