import { cast } from "../core/copy.js";
import { type DType, dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, op } from "../core/op.js";
import type { Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";

/** The values in another dtype; the tensor itself if it has it. Floats are truncated towards 0. */
export const to: Op<(x: Tensor, dtype: DType) => Tensor> = composite(
  {
    name: "to",
    torch: (dtype: DType) => `x.to(torch.${dtype})`,
    samples: [
      { inputs: [[2, 3]], args: ["float64"] },
      { inputs: [[5]], args: ["int32"] },
      { inputs: [[5]], args: ["bool"] },
    ],
    errors: [{ inputs: [[2]], args: ["float16"], throws: /unknown dtype "float16"/ }],
  },
  (x: Tensor, dtype: DType) => {
    dtypeInfo(dtype); // refuses an unknown name
    return x.dtype === dtype ? x : convert(x, dtype);
  },
);

const convert: Op<(x: Tensor, dtype: DType) => Tensor> = op({
  name: "_convert",
  torch: (dtype: DType) => `x.to(torch.${dtype})`,
  samples: [{ inputs: [{ shape: [2, 3], dtype: "float32" }], args: ["float64"] }],
  prepare: (x: Tensor, dtype: DType) => ({ inputs: [x], args: dtype }),
  run: ([x], dtype) => cast(x!, dtype),
  vjp: [(g, c) => (isFloat(c.dtypes[0]!) ? to(g, c.dtypes[0]!) : null)],
});

/** The same values outside any graph. Shares the memory, so that it costs nothing. */
export function detach(x: Tensor): Tensor {
  x.storage.check();
  x.storage.fromGraph = false; // it outlives the graph now
  return new Tensor(x.storage, x.shape, x.strides, x.offset, x.dtype);
}
