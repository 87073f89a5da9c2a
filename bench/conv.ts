import { F, fromTypedArray, grad } from "lanegrad";
import { disposing, forward } from "./lane.js";
import { type ConvShape, conv, convInputGradient, convWeightGradient, outputSize } from "./plain/conv.js";
import { type Row, type Side, uniform } from "./row.js";

function rowsOf(s: ConvShape): Row[] {
  const { batch, channels, size, filters, kernel, padding } = s;
  const side = outputSize(s);
  const x = uniform(1, batch * channels * size * size);
  const weight = uniform(2, filters * channels * kernel * kernel);
  const grads = uniform(3, batch * filters * side * side);
  const flops = 2 * grads.length * channels * kernel * kernel;
  const name = `${batch}x${channels}x${size}x${size} -> ${filters}, ${kernel}x${kernel}`;

  const plain = (length: number, fn: (out: Float32Array) => void) => (): Side => {
    const out = new Float32Array(length);
    return { run: () => fn(out), result: () => out };
  };
  const tensors = () =>
    [fromTypedArray(x, [batch, channels, size, size]), fromTypedArray(weight, [filters, channels, kernel, kernel])] as const;
  /** The gradient with respect to input 0 or weight 1 alone. */
  const backward = (which: 0 | 1) => (): Side => {
    const inputs = tensors();
    inputs[which].requiresGrad = true;
    const out = F.conv2d(...inputs, null, { padding });
    const gradOutputs = [fromTypedArray(grads, [batch, filters, side, side])];
    return disposing(() => grad(out, inputs[which], { gradOutputs, retainGraph: true })[0]!);
  };

  return [
    {
      name: `${name} forward`,
      flops,
      baseline: plain(grads.length, (out) => conv(out, x, weight, null, s)),
      lanegrad() {
        const [image, filter] = tensors();
        return forward(() => F.conv2d(image, filter, null, { padding }));
      },
    },
    {
      name: `${name} input gradient`,
      flops,
      baseline: plain(x.length, (out) => convInputGradient(out, grads, weight, s)),
      lanegrad: backward(0),
    },
    {
      name: `${name} weight gradient`,
      flops,
      baseline: plain(weight.length, (out) => convWeightGradient(out, grads, x, s)),
      lanegrad: backward(1),
    },
  ];
}

export const rows: Row[] = [
  ...rowsOf({ batch: 32, channels: 1, size: 28, filters: 32, kernel: 3, padding: 1 }),
  ...rowsOf({ batch: 32, channels: 32, size: 28, filters: 64, kernel: 3, padding: 1 }),
];
