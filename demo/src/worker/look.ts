import { type Tensor, F, fromTypedArray, type nn } from "lanegrad";
import { asked } from "./asked.js";
import { transform } from "./digits.js";

/** Numbers of one layer: `channels` maps of `height` × `width`, one after the other. */
export interface Maps {
  channels: number;
  height: number;
  width: number;
  values: Float32Array<ArrayBuffer>;
}

/** What there is to see of the net as it looks at one digit. */
export interface View {
  /** Ten, which add up to 1. */
  probabilities: Float32Array<ArrayBuffer>;
  /** The first layer's kernels. */
  kernels: Maps;
  /** What comes out of the layers in SHOWN, in order. */
  layers: Maps[];
}

/** By the number of the layer in the model: after each ReLU and each pooling. */
const SHOWN = new Set([1, 2, 4, 5, 8]);

/** @param pixels 28 × 28, from 0 (paper) to 255 (ink) */
export function look(model: nn.Sequential, pixels: Uint8Array): View {
  return asked(model, () => {
    const layers: Maps[] = [];
    let x: Tensor = transform.forward(fromTypedArray(pixels, [28, 28])).unsqueeze(0);
    [...model].forEach((layer, i) => {
      x = layer.forward(x);
      if (SHOWN.has(i)) layers.push(mapsOf(x));
    });
    return {
      probabilities: F.softmax(x, 1).toTypedArray() as Float32Array<ArrayBuffer>,
      kernels: mapsOf((model[0] as nn.Conv2d).weight.squeeze(1).unsqueeze(0)),
      layers,
    };
  });
}

function mapsOf(x: Tensor): Maps {
  const [, channels = 1, height = 1, width = 1] = x.shape;
  return { channels, height, width, values: x.toTypedArray() as Float32Array<ArrayBuffer> };
}
