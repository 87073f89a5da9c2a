import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { normalizeDim, show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { flatten, reshape } from "../ops/view.js";
import { Layer } from "./layer.js";
import { py } from "./repr.js";

/** Gives back what it gets. It takes any arguments, as a stand-in for any layer. */
export class Identity extends Layer {
  constructor(..._: readonly unknown[]) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return x;
  }
}

/** Makes one dim of dims `startDim` (default 1: all but the batch) to `endDim` (default the last). */
export class Flatten extends Layer {
  constructor(
    readonly startDim = 1,
    readonly endDim = -1,
  ) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return flatten(x, this.startDim, this.endDim);
  }

  override extraRepr(): string {
    return `start_dim=${this.startDim}, end_dim=${this.endDim}`;
  }
}

/** Makes dims of `unflattenedSize` of one dim; one of them may be -1. */
export class Unflatten extends Layer {
  /** @throws ArgumentError when there are no sizes */
  constructor(
    readonly dim: number,
    readonly unflattenedSize: readonly number[],
  ) {
    super();
    if (!Array.isArray(unflattenedSize) || unflattenedSize.length === 0)
      throw new ArgumentError(`Unflatten(): unflattenedSize must be a list of sizes, got ${String(unflattenedSize)}`);
  }

  protected compute(x: Tensor): Tensor {
    const dim = normalizeDim("Unflatten", this.dim, x.ndim);
    const known = this.unflattenedSize.filter((size) => size !== -1).reduce((a, b) => a * b, 1);
    const size = x.shape[dim] ?? 1;
    const sizes = this.unflattenedSize.map((given) => (given === -1 ? size / known : given));
    if (sizes.reduce((a, b) => a * b, 1) !== size || !sizes.every(Number.isInteger)) {
      throw new ShapeError(
        `Unflatten(): dim ${dim} of ${show(x.shape)} has size ${size}, which cannot become ${show(this.unflattenedSize)}`,
      );
    }
    return reshape(x, [...x.shape.slice(0, dim), ...sizes, ...x.shape.slice(dim + 1)]);
  }

  override extraRepr(): string {
    return `dim=${this.dim}, unflattened_size=${py(this.unflattenedSize)}`;
  }
}
