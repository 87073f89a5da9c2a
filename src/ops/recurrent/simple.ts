import { op } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import type { Tensor } from "../../core/tensor.js";
import { relu } from "../activation.js";
import { add } from "../binary.js";
import { linear } from "../linear.js";
import { tanh } from "../unary.js";
import { layerGradients, runLayer } from "./layer.js";
import { arrangeRecurrent, recurrentSamples } from "./samples.js";
import { type Kind, type Run, partsOf } from "./sequence.js";
import { asRows, unroll } from "./unroll.js";

/** What goes around the sum in each step. */
export type Nonlinearity = "tanh" | "relu";

const KIND = { tanh: 0, relu: 1 };

const SIMPLE: Kind = { name: "simple", gates: 1, saved: 0, cell: false, recurrent: [[0, 0, 1]] };

/** One layer of a plain RNN in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0)]` to `[output, hN]`. */
export const rnnLayer: Op<(inputs: readonly Tensor[], run: Run, nonlinearity: Nonlinearity) => Tensor[]> = op({
  name: "_rnn",
  torch: "torch.rnn_tanh",
  samples: [...recurrentSamples(1, "rnn_tanh", 1, "tanh"), ...recurrentSamples(1, "rnn_relu", 1, "relu")],
  domain: [-1, 1],
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run, nonlinearity: Nonlinearity) => ({ inputs, args: { ...run, nonlinearity } }),
  run: (inputs, run, aux) => runLayer(SIMPLE, inputs, run, aux, [KIND[run.nonlinearity]]),
  vjpAll: { needs: [], run: (c) => layerGradients(SIMPLE, c, [KIND[c.args.nonlinearity]]) },
  define(inputs, run) {
    const { x, wIh, wHh, bIh, bHh, h0 } = partsOf(inputs, run);
    const activate = run.nonlinearity === "tanh" ? tanh : relu;
    return unroll(linear(asRows(x), wIh, bIh), [h0 ?? wHh.shape[1]!], run, (projected, [h]) => [
      activate(add(projected, linear(h!, wHh, bHh))),
    ]);
  },
});
