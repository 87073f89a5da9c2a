import { contiguousInput, materialize } from "../../core/copy.js";
import { discard, op } from "../../core/op.js";
import type { Op } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";
import { add, mul, sub } from "../binary.js";
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

/** One layer of a GRU in one direction: `[x, W_ih, W_hh (, b_ih, b_hh) (, h0)]` to `[output, hN]`. */
export const gruLayer: Op<(inputs: readonly Tensor[], run: Run) => Tensor[]> = op({
  name: "_gru",
  torch: "torch.gru",
  samples: recurrentSamples(3, "gru", 1),
  arrange: arrangeRecurrent,
  prepare: (inputs: readonly Tensor[], run: Run) => ({ inputs, args: run }),
  run(inputs, run, aux) {
    const parts = partsOf(inputs, run);
    const { dtype } = parts.x;
    const hidden = parts.wHh.shape[1]!;
    const [rows, type] = [rowsOf(run), kernelType(dtype)];
    const sizes = sizesTensor(run);
    if (sizes) discard(sizes);
    // The fourth part gets W_hn h + b_hn, which the gradient of r needs.
    const gates = Tensor.empty([rows, 4 * hidden], dtype, "gru");
    project(gates, parts, run, 4 * hidden);
    const weight = discard(packWeight(parts.wHh, 0, 2 * hidden, true));
    const weightN = discard(packWeight(parts.wHh, 2 * hidden, hidden, true));
    const [bias, h0] = [parts.bHh, parts.h0].map((x) => x && contiguousInput(x));
    const out = Tensor.empty([...run.lead, hidden], dtype, "gru");
    const last = Tensor.empty([...run.last, hidden], dtype, "gru");
    aux.push(out, gates);
    const given = [at(h0!), weight.ptr, weightN.ptr, at(bias!), at(sizes)];
    const args = [out.ptr, last.ptr, gates.ptr, ...given, ...shapeArgs(run, hidden)];
    overSequences(`recurrent_gru_${type}`, args, run, hidden, 3);
    return [out, last];
  },
  vjpAll: {
    needs: [],
    run(c) {
      const run = c.args;
      const wHh = c.input(2);
      const hidden = wHh.shape[1]!;
      const [y, gates] = [c.aux(0), c.aux(1)];
      const first = statesAt(run);
      const h0 = c.shapes.length > first ? materialize(c.input(first)) : null;
      const [gy, glast] = [0, 1].map((i) => c.grads[i] && materialize(c.grads[i]));
      const sizes = sizesTensor(run);
      const weight = packWeight(wHh, 0, 2 * hidden, false);
      const weightN = packWeight(wHh, 2 * hidden, hidden, false);
      const d = Tensor.empty(gates.shape, y.dtype, "gru");
      const gh = Tensor.empty([...run.last, hidden], y.dtype, "gru");
      const given = [at(gy ?? null), at(glast ?? null), gates.ptr, y.ptr, at(h0), weight.ptr, weightN.ptr, at(sizes)];
      const args = [d.ptr, gh.ptr, ...given, ...shapeArgs(run, hidden)];
      overSequences(`recurrent_gru_grad_${kernelType(y.dtype)}`, args, run, hidden, 3);
      const recurrent = [[0, 0, 2 * hidden] as const, [3 * hidden, 2 * hidden, hidden] as const];
      const gradients = parameterGradients(c, d, y, [3 * hidden, 4 * hidden], recurrent, sizes);
      return h0 ? [...gradients, gh] : gradients;
    },
  },
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
