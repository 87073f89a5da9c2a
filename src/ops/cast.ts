import { composite } from "../core/op.js";
import type { DType } from "../core/dtype.js";
import type { Op } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { to } from "./convert.js";

type Cast = Op<(x: Tensor) => Tensor>;

/** A shorthand of to(). */
function shorthand(name: string, dtype: DType): Cast {
  return composite({ name, torch: `x.to(torch.${dtype})`, samples: [[[2, 3]], [[0]]] }, (x: Tensor) => to(x, dtype));
}

/** The values as float32; the tensor itself if it has that dtype. */
export const float: Cast = shorthand("float", "float32");

/** The values as float64; the tensor itself if it has that dtype. */
export const double: Cast = shorthand("double", "float64");

/** The values as int32, truncated towards 0; the tensor itself if it has that dtype. */
export const int: Cast = shorthand("int", "int32");

/** Whether an element is not 0, as a bool tensor; the tensor itself if it is one. */
export const bool: Cast = shorthand("bool", "bool");
