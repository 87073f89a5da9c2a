import { op, temporary } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import type { Tensor } from "../../core/tensor.js";
import { add, mul } from "../binary.js";
import { chunk } from "../join.js";
import { linear } from "../linear.js";
import { sigmoid, tanh } from "../unary.js";
import { layerGradients, runLayer } from "./layer.js";
import { arrangeRecurrent, recurrentSamples } from "./samples.js";
import { type Kind, type Run, partsOf } from "./sequence.js";
import { asRows, unroll } from "./unroll.js";

const LSTM: Kind = { name: "lstm", gates: 4, saved: 4, cell: true, recurrent: [[0, 0, 4]] };

/** One layer of an LSTM in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0, c0)]` to `[output, hN, cN]`. */
export const lstmLayer: Op<(inputs: readonly Tensor[], run: Run) => Tensor[]> = op({
  name: "_lstm",
  torch: "torch.lstm",
  samples: recurrentSamples(4, "lstm", 2),
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run) => ({ inputs, args: run }),
  run: (inputs, run, aux) => runLayer(LSTM, inputs, run, aux),
  vjpAll: { needs: [], run: (c) => layerGradients(LSTM, c) },
  define: (inputs, run) => unrolled(inputs, null, run),
});

/** The layer in plain ops. `wHr` projects the hidden state, `[projected, hidden]`. */
function unrolled(inputs: readonly Tensor[], wHr: Tensor | null, run: Run): Tensor[] {
  const { x, wIh, wHh, bIh, bHh, h0, c0 } = partsOf(inputs, run);
  const hidden = wHh.shape[0]! / 4;
  return unroll(linear(asRows(x), wIh, bIh), [h0 ?? wHh.shape[1]!, c0 ?? hidden], run, (projected, [h, c]) => {
    const gates = chunk(add(projected, linear(h!, wHh, bHh)), 4, 1);
    const [i, f, g, o] = [sigmoid(gates[0]!), sigmoid(gates[1]!), tanh(gates[2]!), sigmoid(gates[3]!)];
    const cell = add(mul(f, c!), mul(i, g));
    const out = mul(o, tanh(cell));
    return [wHr ? linear(out, wHr) : out, cell];
  });
}

/** The same layer with a projected hidden state, https://arxiv.org/abs/1402.1128: in plain ops, for no kernel has it. */
export function projectedLstmLayer(inputs: readonly Tensor[], wHr: Tensor, run: Run): Tensor[] {
  return temporary(() => unrolled(inputs, wHr, run));
}
