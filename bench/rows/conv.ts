import { type Row, floats } from "../row.js";

const subject = "conv";

interface Shape {
  channels: number;
  size: number;
  filters: number;
  kernel: number;
  stride?: number;
  padding?: number;
  groups?: number;
}

const BATCH = 32;

/** Forward, and each gradient alone. */
function three(s: Shape, bars: { forward: Row["bar"]; gradients?: Row["bar"] }, threaded = false): Row[] {
  const { channels, size, filters, kernel, stride = 1, padding = 0, groups = 1 } = s;
  const side = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const x = floats(1, BATCH, channels, size, size);
  const weight = floats(2, filters, channels / groups, kernel, kernel);
  const grad = floats(3, BATCH, filters, side, side);
  const args = { stride, padding, groups };
  const flops = (2 * BATCH * filters * side * side * channels * kernel * kernel) / groups;
  const how = [`${kernel}x${kernel}`, ...(stride > 1 ? [`stride ${stride}`] : []), ...(groups > 1 ? ["depthwise"] : [])].join(" ");
  const name = `${BATCH}x${channels}x${size}x${size} -> ${filters}, ${how}`;
  const common = { subject, args, flops, threaded };
  return [
    { ...common, name: `${name}, forward`, kind: "conv", inputs: { x, weight }, bar: bars.forward },
    { ...common, name: `${name}, input gradient`, kind: "convInputGradient", inputs: { x, weight, grad }, bar: bars.gradients },
    { ...common, name: `${name}, weight gradient`, kind: "convWeightGradient", inputs: { x, weight, grad }, bar: bars.gradients },
  ];
}

const likeGemm = { forward: { row: "gemm 512", rate: 0.85 }, gradients: { row: "gemm 512", rate: 0.7 } };
const aheadOfTfjs = { forward: { peer: "tfjs-wasm", times: 1 / 1.2 } };

export const rows: Row[] = [
  ...three({ channels: 1, size: 28, filters: 32, kernel: 3, padding: 1 }, aheadOfTfjs),
  ...three({ channels: 32, size: 28, filters: 64, kernel: 3, padding: 1 }, likeGemm, true),
  ...three({ channels: 64, size: 14, filters: 128, kernel: 3, padding: 1 }, likeGemm, true),
  ...three({ channels: 64, size: 14, filters: 128, kernel: 1 }, { forward: undefined }),
  ...three({ channels: 32, size: 28, filters: 64, kernel: 3, padding: 1, stride: 2 }, { forward: undefined }),
  ...three({ channels: 32, size: 28, filters: 32, kernel: 3, padding: 1, groups: 32 }, aheadOfTfjs),
];
