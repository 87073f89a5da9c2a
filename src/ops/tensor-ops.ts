/** The functions that are methods of Tensor too: `add(x, y)` is `x.add(y)`. */
export * from "./access.js";
export * from "./binary.js";
export { detach, to } from "./convert.js";
export { chunk, split, unbind } from "./join.js";
export { addmm, bmm, dot, matmul, mm, mv, outer } from "./matmul.js";
export * from "./reduce.js";
export { narrow, select } from "./slice.js";
export * from "./unary.js";
export * from "./view.js";
