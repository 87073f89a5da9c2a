import { contiguousInput, materialize } from "../../core/copy.js";
import { discard, op, temporary } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";
import { add, mul } from "../binary.js";
import { chunk } from "../join.js";
import { linear } from "../linear.js";
import { sigmoid, tanh } from "../unary.js";
import { arrangeRecurrent, recurrentSamples } from "./samples.js";
import {
  type Run,
  at,
  kernelType,
  overSequences,
  packWeight,
  parameterGradients,
  partsOf,
  project,
  rowsOf,
  shapeArgs,
  sizesTensor,
  statesAt,
} from "./sequence.js";
import { asRows, unroll } from "./unroll.js";

/** One layer of an LSTM in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0, c0)]` to `[output, hN, cN]`. */
export const lstmLayer: Op<(inputs: readonly Tensor[], run: Run) => Tensor[]> = op({
  name: "_lstm",
  torch: "torch.lstm",
  samples: recurrentSamples(4, "lstm", 2),
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run) => ({ inputs, args: run }),
  run(inputs, run, aux) {
    const parts = partsOf(inputs, run);
    const { dtype } = parts.x;
    const hidden = parts.wHh.shape[1]!;
    const [rows, type] = [rowsOf(run), kernelType(dtype)];
    const sizes = sizesTensor(run);
    if (sizes) discard(sizes);
    const gates = Tensor.empty([rows, 4 * hidden], dtype, "lstm");
    project(gates, parts, run, 4 * hidden);
    const weight = discard(packWeight(parts.wHh, 0, 4 * hidden, true));
    const [bias, h0, c0] = [parts.bHh, parts.h0, parts.c0].map((x) => x && contiguousInput(x));
    const cells = Tensor.empty([rows, hidden], dtype, "lstm");
    const out = Tensor.empty([...run.lead, hidden], dtype, "lstm");
    const last = Tensor.empty([...run.last, hidden], dtype, "lstm");
    const lastCell = Tensor.empty([...run.last, hidden], dtype, "lstm");
    aux.push(out, gates, cells);
    const results = [out.ptr, last.ptr, lastCell.ptr, gates.ptr, cells.ptr];
    const args = [...results, at(h0!), at(c0!), weight.ptr, at(bias!), at(sizes), ...shapeArgs(run, hidden)];
    overSequences(`recurrent_lstm_${type}`, args, run, hidden, 4);
    return [out, last, lastCell];
  },
  vjpAll: {
    needs: [],
    run(c) {
      const run = c.args;
      const wHh = c.input(2);
      const hidden = wHh.shape[1]!;
      const [y, gates, cells] = [c.aux(0), c.aux(1), c.aux(2)];
      const first = statesAt(run);
      const c0 = c.shapes.length > first ? materialize(c.input(first + 1)) : null;
      const [gy, glast, glastCell] = [0, 1, 2].map((i) => c.grads[i] && materialize(c.grads[i]));
      const sizes = sizesTensor(run);
      const weight = packWeight(wHh, 0, 4 * hidden, false);
      const d = Tensor.empty(gates.shape, y.dtype, "lstm");
      const gh = Tensor.empty([...run.last, hidden], y.dtype, "lstm");
      const gc = Tensor.empty([...run.last, hidden], y.dtype, "lstm");
      const given = [at(gy ?? null), at(glast ?? null), at(glastCell ?? null), gates.ptr, cells.ptr, at(c0)];
      const args = [d.ptr, gh.ptr, gc.ptr, ...given, weight.ptr, at(sizes), ...shapeArgs(run, hidden)];
      overSequences(`recurrent_lstm_grad_${kernelType(y.dtype)}`, args, run, hidden, 4);
      const gradients = parameterGradients(c, d, y, [4 * hidden, 4 * hidden], [[0, 0, 4 * hidden]], sizes);
      return c0 ? [...gradients, gh, gc] : gradients;
    },
  },
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
