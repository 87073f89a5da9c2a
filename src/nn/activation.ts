import type { Tensor } from "../core/tensor.js";
import { type GeluOptions, type SoftplusOptions, elu, gelu, leakyRelu, relu, relu_, silu, softplus } from "../ops/activation.js";
import { logSoftmax, softmax } from "../ops/softmax.js";
import { sigmoid, tanh } from "../ops/unary.js";
import { Layer } from "./layer.js";
import { py, pyFloat } from "./repr.js";

/** max(x, 0). `inplace`: into x's own memory, default false. */
export class ReLU extends Layer {
  readonly inplace: boolean;

  constructor(options: { inplace?: boolean } = {}) {
    super();
    this.inplace = options.inplace ?? false;
  }

  protected compute(x: Tensor): Tensor {
    return this.inplace ? relu_(x) : relu(x);
  }

  override extraRepr(): string {
    return this.inplace ? "inplace=True" : "";
  }
}

/** x where positive, negativeSlope · x elsewhere. The slope, default 0.01, may be given alone. */
export class LeakyReLU extends Layer {
  readonly negativeSlope: number;

  constructor(options: number | { negativeSlope?: number } = {}) {
    super();
    this.negativeSlope = typeof options === "number" ? options : (options.negativeSlope ?? 0.01);
  }

  protected compute(x: Tensor): Tensor {
    return leakyRelu(x, { negativeSlope: this.negativeSlope });
  }

  override extraRepr(): string {
    return `negative_slope=${pyFloat(this.negativeSlope)}`;
  }
}

/** x where positive, alpha (eˣ − 1) elsewhere. alpha, default 1, may be given alone. */
export class ELU extends Layer {
  readonly alpha: number;

  constructor(options: number | { alpha?: number } = {}) {
    super();
    this.alpha = typeof options === "number" ? options : (options.alpha ?? 1);
  }

  protected compute(x: Tensor): Tensor {
    return elu(x, { alpha: this.alpha });
  }

  override extraRepr(): string {
    return `alpha=${pyFloat(this.alpha)}`;
  }
}

/** tanh(x). */
export class Tanh extends Layer {
  protected compute(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Layer {
  protected compute(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** x · σ(x), also called swish. */
export class SiLU extends Layer {
  protected compute(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x · Φ(x), Φ the normal distribution function. */
export class GELU extends Layer {
  constructor(readonly options: Readonly<GeluOptions> = {}) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return gelu(x, this.options);
  }

  override extraRepr(): string {
    return `approximate='${this.options.approximate ?? "none"}'`;
  }
}

/** log(1 + e^(beta x)) / beta. */
export class Softplus extends Layer {
  constructor(readonly options: Readonly<SoftplusOptions> = {}) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return softplus(x, this.options);
  }

  override extraRepr(): string {
    return `beta=${pyFloat(this.options.beta ?? 1)}, threshold=${pyFloat(this.options.threshold ?? 20)}`;
  }
}

/** eˣ / Σ eˣ along `dim`. CrossEntropyLoss takes the numbers before it. */
export class Softmax extends Layer {
  constructor(readonly dim: number) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return softmax(x, this.dim);
  }

  override extraRepr(): string {
    return `dim=${py(this.dim)}`;
  }
}

/** log softmax along `dim`, computed without loss of precision. */
export class LogSoftmax extends Layer {
  constructor(readonly dim: number) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return logSoftmax(x, this.dim);
  }

  override extraRepr(): string {
    return `dim=${py(this.dim)}`;
  }
}
