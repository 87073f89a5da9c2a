import { launch } from "../../runtime/backend.js";
import { materialize } from "../../core/copy.js";
import { bytesOf } from "../../core/dtype.js";
import type { Shape } from "../../core/shape.js";
import type { Ctx } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";
import { type Matrix, gemm } from "../families/product.js";
import { type Kind, type Run, type Segment, kernelType, partsOf, rowsOf, shapeArgs } from "./sequence.js";

/** The gradients of x, weights and biases, given `d`, that of the rows over time, and the output `y`. */
export function parameterGradients(kind: Kind, c: Ctx<Run>, d: Tensor, y: Tensor, sizes: Tensor | null): (Tensor | null)[] {
  const run = c.args;
  const { x, wIh, h0 } = partsOf(
    c.shapes.map((_, i) => c.input(i)),
    run,
  );
  const [rows, hidden, features] = [rowsOf(run), c.shapes[2]![1]!, wIh.shape[1]!];
  const [columns, stride] = [kind.gates * hidden, (kind.saved || 1) * hidden];
  const type = kernelType(d.dtype);
  const empty = (shape: Shape): Tensor => Tensor.empty(shape, d.dtype, "recurrent");
  const matrix = (tensor: Tensor, row: number, col: number, offset = 0): Matrix => ({ tensor, offset, row, col, batch: 0 });

  let gx: Tensor | null = null;
  if (c.wants[0]) {
    gx = empty(c.shapes[0]!);
    gemm(matrix(gx, features, 1), matrix(d, stride, 1), matrix(wIh, wIh.strides[0]!, wIh.strides[1]!), null, [rows, features, columns, 1]);
  }
  let gwIh: Tensor | null = null;
  if (c.wants[1]) {
    gwIh = empty(c.shapes[1]!);
    gemm(matrix(gwIh, features, 1), matrix(d, 1, stride), matrix(materialize(x), features, 1), null, [columns, features, rows, 1]);
  }
  let gwHh: Tensor | null = null;
  if (c.wants[2]) {
    gwHh = empty(c.shapes[2]!);
    const before = statesBefore(run, y, h0, sizes, hidden);
    for (const [part, from, count] of kind.recurrent) {
      const sums = matrix(d, 1, stride, before.of * stride + part * hidden);
      const states = matrix(before.states, hidden, 1, before.first * hidden);
      gemm(matrix(gwHh, hidden, 1, from * hidden * hidden), sums, states, null, [count * hidden, hidden, before.rows, 1]);
    }
  }
  if (!run.bias) return [gx, gwIh, gwHh];
  const sums = (segments: readonly Segment[]): Tensor => {
    const out = empty([columns]);
    const part = hidden * bytesOf(d.dtype);
    for (const [at, from, count] of segments)
      launch(`recurrent_column_sums_${type}`, [out.ptr + from * part, d.ptr + at * part, rows, stride], count * hidden, rows);
    return out;
  };
  const gbIh = c.wants[3] ? sums([[0, 0, kind.gates]]) : null;
  const same = gbIh && kind.recurrent.length === 1;
  return [gx, gwIh, gwHh, gbIh, c.wants[4] ? (same ? gbIh : sums(kind.recurrent)) : null];
}

/** `rows` states, from row `first` on, that stand before the rows from `of` on. */
interface Before {
  readonly states: Tensor;
  readonly first: number;
  readonly of: number;
  readonly rows: number;
}

/** The states before the steps. Of equally long sequences that start from zeros they are the output, a step off. */
function statesBefore(run: Run, y: Tensor, h0: Tensor | null, sizes: Tensor | null, hidden: number): Before {
  const rows = rowsOf(run);
  if (!h0 && !sizes) {
    const [first, of] = run.reverse ? [run.batch, 0] : [0, run.batch];
    return { states: y, first, of, rows: rows - run.batch };
  }
  const states = Tensor.empty([rows, hidden], y.dtype, "recurrent");
  const initial = h0 && materialize(h0);
  const args = [states.ptr, y.ptr, initial?.ptr ?? 0, sizes?.ptr ?? 0, ...shapeArgs(run, hidden)];
  launch(`recurrent_before_${kernelType(y.dtype)}`, args, run.batch, run.steps * hidden);
  return { states, first: 0, of: 0, rows };
}
