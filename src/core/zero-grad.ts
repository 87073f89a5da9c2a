import { constant } from "./constant.js";
import { copyInto } from "./copy.js";
import type { Tensor } from "./tensor.js";

/** What `zeroGrad` does, of modules and of optimisers: drops the gradients, or sets them to 0. */
export function zeroGradients(tensors: Iterable<Tensor>, setToNone: boolean): void {
  for (const tensor of tensors) {
    const grad = tensor.ownGrad;
    if (!grad) continue;
    if (setToNone) {
      const { storage } = grad;
      tensor.ownGrad = null;
      // The next backward() takes the same memory again, unless the user may hold the gradient: then it is the first to go.
      if (storage.seen || storage.saved > 0 || storage.pending > 0) storage.spent = true;
      else storage.free("zeroGrad() dropped this gradient");
    } else {
      copyInto(grad, constant(0, grad.dtype));
      grad.storage.version++;
    }
  }
}
