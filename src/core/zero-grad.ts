import { constant } from "./constant.js";
import { copyInto } from "./copy.js";
import type { Tensor } from "./tensor.js";

/** What `zeroGrad` does, of modules and of optimisers: drops the gradients, or sets them to 0. */
export function zeroGradients(tensors: Iterable<Tensor>, setToNone: boolean): void {
  for (const tensor of tensors) {
    const { grad } = tensor;
    if (!grad) continue;
    if (setToNone) {
      grad.storage.spent = true; // readable for whoever holds it, but the first to go
      tensor.grad = null;
    } else {
      copyInto(grad, constant(0, grad.dtype));
      grad.storage.version++;
    }
  }
}
