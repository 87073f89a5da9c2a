import { op } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import type { Tensor } from "../../core/tensor.js";
import { add, mul, sub } from "../binary.js";
import { chunk } from "../join.js";
import { linear } from "../linear.js";
import { sigmoid, tanh } from "../unary.js";
import { layerGradients, runLayer } from "./layer.js";
import { arrangeRecurrent, recurrentSamples } from "./samples.js";
import { type Kind, type Run, partsOf } from "./sequence.js";
import { asRows, unroll } from "./unroll.js";

/** The fourth part that is saved is W' h + b' of n, which the gradient of r needs. */
const GRU: Kind = {
  name: "gru",
  gates: 3,
  saved: 4,
  cell: false,
  recurrent: [
    [0, 0, 2],
    [3, 2, 1],
  ],
};

/** One layer of a GRU in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0)]` to `[output, hN]`. */
export const gruLayer: Op<(inputs: readonly Tensor[], run: Run) => Tensor[]> = op({
  name: "_gru",
  torch: "torch.gru",
  samples: recurrentSamples(3, "gru", 1),
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run) => ({ inputs, args: run }),
  run: (inputs, run, aux) => runLayer(GRU, inputs, run, aux),
  vjpAll: { needs: [], run: (c) => layerGradients(GRU, c) },
  define(inputs, run) {
    const { x, wIh, wHh, bIh, bHh, h0 } = partsOf(inputs, run);
    return unroll(linear(asRows(x), wIh, bIh), [h0 ?? wHh.shape[1]!], run, (projected, [h]) => {
      const [xr, xz, xn] = chunk(projected, 3, 1) as [Tensor, Tensor, Tensor];
      const [hr, hz, hn] = chunk(linear(h!, wHh, bHh), 3, 1) as [Tensor, Tensor, Tensor];
      const [r, z] = [sigmoid(add(xr, hr)), sigmoid(add(xz, hz))];
      const n = tanh(add(xn, mul(r, hn)));
      return [add(n, mul(z, sub(h!, n)))];
    });
  },
});
