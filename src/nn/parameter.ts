import { ArgumentError } from "../runtime/errors.js";
import { isFloat } from "../core/dtype.js";
import { Tensor } from "../core/tensor.js";

/**
 * A tensor that a module learns: assigned to a field of a Module it is found by `parameters()` and `stateDict()`.
 * A plain tensor in a field is not.
 *
 * It shares the memory of `data`, as in PyTorch, and is a leaf of the graph whatever `data` was.
 */
export class Parameter extends Tensor {
  /** @throws ArgumentError unless `data` is a tensor of a floating point dtype (others only without `requiresGrad`) */
  constructor(data: Tensor, options: { requiresGrad?: boolean } = {}) {
    if (!(data instanceof Tensor))
      throw new ArgumentError(`Parameter(): expected a tensor, got ${typeof data}; make one with tensor(…) or randn(…)`);
    const { requiresGrad = true } = options;
    if (requiresGrad && !isFloat(data.dtype))
      throw new ArgumentError(
        `Parameter(): only floating point tensors have gradients, this one is ${data.dtype}; convert it, or pass { requiresGrad: false }`,
      );
    data.storage.check();
    data.storage.outlive();
    super(data.storage, data.shape, data.strides, data.offset, data.dtype);
    this.requiresGrad = requiresGrad;
  }
}

type Writable = { -readonly [K in "storage" | "shape" | "strides" | "offset" | "dtype"]: Tensor[K] };

/** Gives `x` other memory under the same identity, as `x.data = data` does: optimisers go on with the tensor they hold. */
export function setData(x: Tensor, data: Tensor): void {
  const target: Writable = x;
  data.storage.outlive();
  target.storage = data.storage;
  target.shape = data.shape;
  target.strides = data.strides;
  target.offset = data.offset;
  target.dtype = data.dtype;
}
