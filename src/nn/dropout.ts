import { ArgumentError } from "../runtime/errors.js";
import type { Tensor } from "../core/tensor.js";
import { dropout, dropout2d } from "../ops/random.js";
import { Layer } from "./layer.js";
import { pyFloat } from "./repr.js";

abstract class AnyDropout extends Layer {
  readonly p: number;

  /** @param options the probability, default 0.5, which may be given alone. @throws ArgumentError unless 0 ≤ p ≤ 1 */
  constructor(options: number | { p?: number } = {}) {
    super();
    this.p = typeof options === "number" ? options : (options.p ?? 0.5);
    if (!(this.p >= 0 && this.p <= 1)) throw new ArgumentError(`${this.constructor.name}(): p must be in 0..1, got ${this.p}`);
  }

  override extraRepr(): string {
    return `p=${pyFloat(this.p)}, inplace=False`;
  }
}

/** While training, each element becomes 0 with probability p, the others are divided by 1 − p: `F.dropout`. */
export class Dropout extends AnyDropout {
  protected compute(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training });
  }
}

/** Dropout of whole channels of x `[n, c, h, w]`: `F.dropout2d`. */
export class Dropout2d extends AnyDropout {
  protected compute(x: Tensor): Tensor {
    return dropout2d(x, { p: this.p, training: this.training });
  }
}
