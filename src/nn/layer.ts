import type { Tensor } from "../core/tensor.js";
import { Module } from "./module.js";

/**
 * A layer of the library: one tensor in, one out, and none of the two held on to.
 *
 * `Sequential` relies on that to free intermediates; so layers define `compute`, and `forward` is this one unless a
 * subclass or a hook has put another in its place.
 */
export abstract class Layer extends Module {
  protected abstract compute(x: Tensor): Tensor;

  forward(x: Tensor): Tensor {
    return this.compute(x);
  }
}
