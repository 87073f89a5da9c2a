import type { Sample } from "../../core/spec.js";
import type { Tensor } from "../../core/tensor.js";
import type { Run } from "./sequence.js";

/* The calls that tests make of a recurrent layer: PyTorch's own function of one layer, reversed where need be. */

const run = (steps: number, batch: number, more: Partial<Run> = {}): Run => ({
  steps,
  batch,
  sizes: null,
  reverse: false,
  lead: [steps, batch],
  last: [1, batch],
  bias: true,
  ...more,
});

/** Sequences of lengths 4, 3, 3, 1. */
const PACKED = { sizes: [4, 3, 3, 1], lead: [11] };

const RUNS: readonly { of: Run; features: number; hidden: number; state: boolean }[] = [
  { of: run(3, 2), features: 3, hidden: 5, state: true },
  { of: run(4, 5, { reverse: true }), features: 2, hidden: 4, state: true },
  { of: run(3, 9, { bias: false }), features: 1, hidden: 9, state: false },
  { of: run(1, 1), features: 3, hidden: 1, state: false },
  { of: run(4, 4, PACKED), features: 3, hidden: 6, state: true },
  { of: run(4, 4, { ...PACKED, reverse: true }), features: 2, hidden: 3, state: true },
  { of: run(4, 4, { ...PACKED, reverse: true, bias: false }), features: 2, hidden: 3, state: false },
];

/**
 * @param gates parts of a weight
 * @param fn PyTorch's function: `lstm`, …
 * @param states how many states it has
 */
export function recurrentSamples(gates: number, fn: string, states: number, ...args: readonly unknown[]): Sample[] {
  return RUNS.map(({ of, features, hidden, state }) => ({
    inputs: [
      [...of.lead, features],
      [gates * hidden, features],
      [gates * hidden, hidden],
      ...(of.bias ? [[gates * hidden], [gates * hidden]] : []),
      ...(state ? Array.from({ length: states }, () => [1, of.batch, hidden]) : []),
    ],
    args: [of, ...args],
    torch: expression(of, fn, states, hidden, state),
  }));
}

/** In the other direction PyTorch has no function of its own: the second half of a bidirectional layer. */
function expression({ batch, sizes, reverse, bias }: Run, fn: string, states: number, hidden: number, state: boolean): string {
  const weights = `list(inputs[1:${bias ? 5 : 3}])`;
  const all = reverse ? `[torch.zeros_like(w) for w in inputs[1:${bias ? 5 : 3}]] + ${weights}` : weights;
  const zero = `torch.zeros(1, ${batch}, ${hidden}, dtype=x.dtype)`;
  const from = bias ? 5 : 3;
  const initial = Array.from({ length: states }, (_, i) => {
    const one = state ? `inputs[${from + i}]` : zero;
    return reverse ? `torch.cat([${zero}, ${one}])` : one;
  });
  const hx = states === 1 ? initial[0]! : `(${initial.join(", ")})`;
  const flags = `${bias ? "True" : "False"}, 1, 0.0, False, ${reverse ? "True" : "False"}`;
  const call = sizes
    ? `torch.${fn}(x, torch.tensor([${sizes.join(", ")}]), ${hx}, ${all}, ${flags})`
    : `torch.${fn}(x, ${hx}, ${all}, ${flags}, False)`;
  return reverse ? `(lambda r: [r[0][..., ${hidden}:]] + [s[1:] for s in r[1:]])(${call})` : call;
}

/** The parameters of a call from a sample. */
export const arrangeRecurrent = (inputs: readonly Tensor[], args: readonly unknown[]): unknown[] => [inputs, ...args];
