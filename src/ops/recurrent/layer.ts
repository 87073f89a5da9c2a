import { contiguousInput, materialize } from "../../core/copy.js";
import { discard } from "../../core/op.js";
import type { Shape } from "../../core/shape.js";
import type { Ctx } from "../../core/spec.js";
import { Tensor } from "../../core/tensor.js";
import { parameterGradients } from "./gradients.js";
import {
  type Kind,
  type Run,
  kernelType,
  overSequences,
  packWeight,
  partsOf,
  project,
  rowsOf,
  shapeArgs,
  sizesTensor,
  statesAt,
} from "./sequence.js";

/*
 * A recurrent layer there and back, alike for all kinds. Their kernels take the tensors in one order, without those
 * that a kind does not have.
 */

/** What there is: `undefined` stands for what a kind does not have, null for what may be given and is not. */
const present = <T>(list: readonly (T | undefined)[]): T[] => list.filter((x): x is T => x !== undefined);
const at = (x: Tensor | null): number => (x ? x.ptr : 0);

/** Output and last states. The kernel also gets `flags`. */
export function runLayer(kind: Kind, inputs: readonly Tensor[], run: Run, aux: Tensor[], flags: readonly number[] = []): Tensor[] {
  const parts = partsOf(inputs, run);
  const { dtype } = parts.x;
  const hidden = parts.wHh.shape[1]!;
  const empty = (shape: Shape): Tensor => Tensor.empty(shape, dtype, kind.name);
  const sizes = sizesTensor(run);
  if (sizes) discard(sizes);
  const out = empty([...run.lead, hidden]);
  const gates = kind.saved > 0 ? empty([rowsOf(run), kind.saved * hidden]) : undefined;
  project(gates ?? out, parts, run, (kind.saved || 1) * hidden);
  const weights = kind.recurrent.map(([, from, count]) => discard(packWeight(parts.wHh, from * hidden, count * hidden, true)));
  const given = (x: Tensor | null): Tensor | null => x && contiguousInput(x);
  const [bias, h0, c0] = [given(parts.bHh), given(parts.h0), kind.cell ? given(parts.c0) : undefined];
  const cells = kind.cell ? empty([rowsOf(run), hidden]) : undefined;
  const last = present([h0, c0]).map(() => empty([...run.last, hidden]));
  aux.push(...present([out, gates, cells]));
  const tensors = present([out, ...last, gates, cells, h0, c0, ...weights, bias, sizes]);
  const args = [...tensors.map(at), ...shapeArgs(run, hidden), ...flags];
  overSequences(`recurrent_${kind.name}_${kernelType(dtype)}`, args, run, hidden, kind.gates);
  return [out, ...last];
}

/** The gradients of all inputs. */
export function layerGradients(kind: Kind, c: Ctx<Run>, flags: readonly number[] = []): (Tensor | null)[] {
  const run = c.args;
  const wHh = c.input(2);
  const hidden = wHh.shape[1]!;
  const [y, gates] = [c.aux(0), kind.saved > 0 ? c.aux(1) : undefined];
  const cells = kind.cell ? c.aux(2) : undefined;
  const first = statesAt(run);
  /** The state that the last gradient is of: without it nobody wants that of any. */
  const initial = c.shapes.length > first ? materialize(c.input(c.shapes.length - 1)) : null;
  const [gy, ...glast] = c.grads.map((g, i) => g && (i === 0 ? rowsInOrder(g) : materialize(g))) as [Tensor | null, ...(Tensor | null)[]];
  const sizes = sizesTensor(run);
  const weights = kind.recurrent.map(([, from, count]) => packWeight(wHh, from * hidden, count * hidden, false));
  const d = Tensor.empty([rowsOf(run), (kind.saved || 1) * hidden], y.dtype, kind.name);
  const states = glast.map(() => Tensor.empty([...run.last, hidden], y.dtype, kind.name));
  const strides = gy ? [gy.strides[0]!, gy.strides[run.lead.length - 1]!] : [0, 0];
  const tensors = present([...glast, gates, y, cells, initial, ...weights, sizes]);
  const args = [...[d, ...states, gy].map(at), ...strides, ...tensors.map(at), ...shapeArgs(run, hidden), ...flags];
  overSequences(`recurrent_${kind.name}_grad_${kernelType(y.dtype)}`, args, run, hidden, kind.gates);
  const gradients = parameterGradients(kind, c, d, y, sizes);
  return initial ? [...gradients, ...states] : gradients;
}

/** A tensor whose features are neighbours, wherever its rows lie. */
const rowsInOrder = (x: Tensor): Tensor => (x.strides.at(-1) === 1 ? x : materialize(x));
