import type { Tensor } from "../core/tensor.js";
import type { Pair } from "../ops/families/conv.js";
import { type AvgPoolOptions, type MaxPoolOptions, adaptiveAvgPool2d, avgPool2d, maxPool2d } from "../ops/pool.js";
import { Layer } from "./layer.js";
import { py } from "./repr.js";

export type MaxPool2dOptions = Omit<MaxPoolOptions, "returnIndices">;

/** The maximum of each window: `F.maxPool2d`. */
export class MaxPool2d extends Layer {
  constructor(
    readonly kernelSize: Pair,
    readonly options: Readonly<MaxPool2dOptions> = {},
  ) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    const { stride = this.kernelSize, padding = 0, dilation = 1, ceilMode = false } = this.options;
    return `kernel_size=${py(this.kernelSize)}, stride=${py(stride)}, padding=${py(padding)}, dilation=${py(dilation)}, ceil_mode=${py(ceilMode)}`;
  }
}

/** The mean of each window: `F.avgPool2d`. */
export class AvgPool2d extends Layer {
  constructor(
    readonly kernelSize: Pair,
    readonly options: Readonly<AvgPoolOptions> = {},
  ) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return avgPool2d(x, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    const { stride = this.kernelSize, padding = 0 } = this.options;
    return `kernel_size=${py(this.kernelSize)}, stride=${py(stride)}, padding=${py(padding)}`;
  }
}

/** Means of windows chosen so that the result is `[…, ...outputSize]`; null keeps that size: `F.adaptiveAvgPool2d`. */
export class AdaptiveAvgPool2d extends Layer {
  constructor(readonly outputSize: number | readonly [number | null, number | null]) {
    super();
  }

  protected compute(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize);
  }

  override extraRepr(): string {
    return `output_size=${py(this.outputSize)}`;
  }
}
