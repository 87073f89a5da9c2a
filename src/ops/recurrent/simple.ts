import { contiguousInput, materialize } from "../../core/copy.js";
import { discard, op } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";
import { relu } from "../activation.js";
import { add } from "../binary.js";
import { linear } from "../linear.js";
import { tanh } from "../unary.js";
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
  shapeArgs,
  sizesTensor,
  statesAt,
} from "./sequence.js";
import { asRows, unroll } from "./unroll.js";

/** What goes around the sum in each step. */
export type Nonlinearity = "tanh" | "relu";

const KIND = { tanh: 0, relu: 1 };

/** One layer of a plain RNN in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0)]` to `[output, hN]`. */
export const rnnLayer: Op<(inputs: readonly Tensor[], run: Run, nonlinearity: Nonlinearity) => Tensor[]> = op({
  name: "_rnn",
  torch: "torch.rnn_tanh",
  samples: [...recurrentSamples(1, "rnn_tanh", 1, "tanh"), ...recurrentSamples(1, "rnn_relu", 1, "relu")],
  domain: [-1, 1],
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run, nonlinearity: Nonlinearity) => ({ inputs, args: { ...run, nonlinearity } }),
  run(inputs, run, aux) {
    const parts = partsOf(inputs, run);
    const { dtype } = parts.x;
    const hidden = parts.wHh.shape[1]!;
    const sizes = sizesTensor(run);
    if (sizes) discard(sizes);
    const out = Tensor.empty([...run.lead, hidden], dtype, "rnn");
    project(out, parts, run, hidden);
    const weight = discard(packWeight(parts.wHh, 0, hidden, true));
    const [bias, h0] = [parts.bHh, parts.h0].map((x) => x && contiguousInput(x));
    const last = Tensor.empty([...run.last, hidden], dtype, "rnn");
    aux.push(out);
    const given = [at(h0!), weight.ptr, at(bias!), at(sizes)];
    const args = [out.ptr, last.ptr, ...given, ...shapeArgs(run, hidden), KIND[run.nonlinearity]];
    overSequences(`recurrent_simple_${kernelType(dtype)}`, args, run, hidden, 1);
    return [out, last];
  },
  vjpAll: {
    needs: [],
    run(c) {
      const run = c.args;
      const wHh = c.input(2);
      const hidden = wHh.shape[1]!;
      const y = c.aux(0);
      const [gy, glast] = [0, 1].map((i) => c.grads[i] && materialize(c.grads[i]));
      const sizes = sizesTensor(run);
      const weight = packWeight(wHh, 0, hidden, false);
      const d = Tensor.empty(y.shape, y.dtype, "rnn");
      const gh = Tensor.empty([...run.last, hidden], y.dtype, "rnn");
      const given = [at(gy ?? null), at(glast ?? null), y.ptr, weight.ptr, at(sizes)];
      const args = [d.ptr, gh.ptr, ...given, ...shapeArgs(run, hidden), KIND[run.nonlinearity]];
      overSequences(`recurrent_simple_grad_${kernelType(y.dtype)}`, args, run, hidden, 1);
      const gradients = parameterGradients(c, d, y, [hidden, hidden], [[0, 0, hidden]], sizes);
      return c.shapes.length > statesAt(run) ? [...gradients, gh] : gradients;
    },
  },
  define(inputs, run) {
    const { x, wIh, wHh, bIh, bHh, h0 } = partsOf(inputs, run);
    const activate = run.nonlinearity === "tanh" ? tanh : relu;
    return unroll(linear(asRows(x), wIh, bIh), [h0 ?? wHh.shape[1]!], run, (projected, [h]) => [
      activate(add(projected, linear(h!, wHh, bHh))),
    ]);
  },
});
