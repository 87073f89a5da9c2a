import type { Tensor } from "../../core/tensor.js";
import { zeros } from "../creation.js";
import { cat } from "../join.js";
import { narrow } from "../slice.js";
import { reshape } from "../view.js";
import type { Run } from "./sequence.js";

/** One step in plain ops: the projected input of some sequences, `[n, …]`, and their states, to their next states. */
export type Cell = (projected: Tensor, states: readonly Tensor[]) => readonly Tensor[];

/**
 * A recurrent layer as its definition reads: step by step, in plain ops. The first state is the output.
 *
 * @param projected W x + b of all steps, `[rows, …]`
 * @param initial a state `[…, batch, features]` of the sequences in the beginning, or the number of its features for zeros
 */
export function unroll(projected: Tensor, initial: readonly (Tensor | number)[], run: Run, cell: Cell): Tensor[] {
  const { steps, batch, reverse } = run;
  const sizes = run.sizes ?? Array<number>(steps).fill(batch);
  const first = initial.map((state) =>
    typeof state === "number" ? zeros([batch, state], { dtype: projected.dtype }) : reshape(state, [batch, state.shape.at(-1)!]),
  );
  let start = 0;
  const starts = sizes.map((size) => (start += size) - size);
  const order = sizes.map((_, t) => (reverse ? steps - 1 - t : t));

  const outputs: Tensor[] = [];
  /** The last states of sequences that have ended, shortest first. */
  const ended: (readonly Tensor[])[] = [];
  let alive = sizes[order[0]!]!;
  let states: readonly Tensor[] = first.map((state) => narrow(state, 0, 0, alive));
  for (const t of order) {
    const count = sizes[t]!;
    if (count < alive) {
      const gone = alive - count;
      ended.push(states.map((state) => narrow(state, 0, count, gone)));
      states = states.map((state) => narrow(state, 0, 0, count));
    } else if (count > alive) {
      const [from, come] = [alive, count - alive];
      states = states.map((state, i) => cat([state, narrow(first[i]!, 0, from, come)]));
    }
    alive = count;
    states = cell(narrow(projected, 0, starts[t]!, count), states);
    outputs[t] = states[0]!;
  }
  ended.push(states);
  const last = states.map((_, i) => cat(ended.map((group) => group[i]!).reverse()));
  return [
    reshape(cat(outputs), [...run.lead, outputs[0]!.shape[1]!]),
    ...last.map((state) => reshape(state, [...run.last, state.shape[1]!])),
  ];
}

/** All dims but the last as one. */
export function asRows(x: Tensor): Tensor {
  return reshape(x, [x.shape.slice(0, -1).reduce((a, b) => a * b, 1), x.shape.at(-1)!]);
}
