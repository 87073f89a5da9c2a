import { contiguousInput, materialize } from "../core/copy.js";
import { op } from "../core/op.js";
import type { Op } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";
import { add, mul } from "./binary.js";
import { eq } from "./compare.js";
import { ones } from "./creation.js";
import { type Heads, type Masks, type Scaling, attend, attendBack, emptyInOrderOf } from "./families/attention.js";
import { tril } from "./mask.js";
import { matmul } from "./matmul.js";
import { all } from "./reduce.js";
import { narrow } from "./slice.js";
import { softmax } from "./softmax.js";
import { reshape, transpose } from "./view.js";
import { where } from "./where.js";

/** Which of the optional inputs there are, in this order, after the others. */
interface Given extends Scaling {
  readonly masked: boolean;
  readonly dropped: boolean;
}

function optional(mask: Tensor | null, drop: Tensor | null): Tensor[] {
  return [mask, drop].filter((x) => x !== null);
}

function masksOf(rest: readonly Tensor[], { masked, dropped }: Given): Masks {
  return { mask: masked ? rest[0]! : null, drop: dropped ? rest.at(-1)! : null };
}

/** What the kernel computes, in plain ops. A query that sees no key gets zeros, not the NaN of an empty softmax. */
function define({ q, k, v }: Heads, { mask, drop }: Masks, { scale, causal }: Scaling): Tensor {
  let scores = mul(matmul(q, transpose(k, -1, -2)), scale);
  if (mask) scores = mask.dtype === "bool" ? where(mask, scores, -Infinity) : add(scores, mask);
  if (causal) scores = where(tril(ones(scores.shape.slice(-2), { dtype: "bool" })), scores, -Infinity);
  const blind = all(eq(scores, -Infinity), -1, { keepdim: true });
  const p = where(blind, 0, softmax(where(blind, 0, scores), -1));
  return matmul(drop ? mul(p, drop) : p, v);
}

/** Whether a gradient may be asked for: then the probabilities are worth keeping. */
const mayRecord = (inputs: readonly Tensor[]): boolean => inputs.some((x) => x.requiresGrad);

export const NAME = "scaledDotProductAttention";
const SCORES: Scaling = { scale: 0.5, causal: false };

/** What `scaledDotProductAttention` comes down to: q, k and v of one batch shape; `drop` holds factors of the probabilities. */
export const attention: Op<(heads: readonly Tensor[], mask: Tensor | null, drop: Tensor | null, how: Scaling) => Tensor> = op({
  name: "_attention",
  torch: ({ scale }: Scaling) => `F.scaled_dot_product_attention(*inputs, scale=${scale})`,
  samples: [
    {
      inputs: [
        [2, 3, 4],
        [2, 5, 4],
        [2, 5, 3],
      ],
      args: [SCORES],
    },
    {
      inputs: [[2, 3, 4], [2, 5, 4], [2, 5, 3], [3, 5], { shape: [2, 3, 5], low: 0, high: 2, grad: false }],
      args: [SCORES],
      torch: "(torch.softmax(x @ y.mT * 0.5 + w, -1) * v) @ z",
    },
    { inputs: [[130, 2], [140, 2], [140, 3], [140]], args: [SCORES] },
  ],
  arrange: ([q, k, v, mask = null, drop = null], [how]) => [[q, k, v], mask, drop, how],
  prepare: (heads: readonly Tensor[], mask: Tensor | null, drop: Tensor | null, how: Scaling) => ({
    inputs: [...heads, ...optional(mask, drop)],
    args: { ...how, masked: mask !== null, dropped: drop !== null },
  }),
  run(inputs, args, aux) {
    const [q, k, v, ...rest] = inputs as [Tensor, Tensor, Tensor];
    const { mask, drop } = masksOf(rest, args);
    const factors = drop && contiguousInput(drop);
    const out = emptyInOrderOf(q, [...q.shape.slice(0, -1), v.shape.at(-1)!], NAME);
    const { logs, p } = attend(out, { q, k, v }, { mask, drop: factors }, args, mayRecord(inputs));
    aux.push(logs, p);
    return out;
  },
  vjpAll: {
    needs: ["out"],
    run(c) {
      const args = c.args as Given;
      const [q, k, v, ...rest] = c.shapes.map((_, i) => c.input(i)) as [Tensor, Tensor, Tensor];
      const { mask, drop } = masksOf(rest, args);
      const [gq, gk, gv] = [q, k, v].map((x, i) => (c.wants[i] ? emptyInOrderOf(x, x.shape, NAME) : null)) as [Tensor, Tensor, Tensor];
      const gmask = mask && c.wants[3] ? Tensor.empty([...q.shape.slice(0, -1), k.shape.at(-2)!], q.dtype, NAME) : null;
      const masks = { mask, drop: drop && materialize(drop) };
      attendBack({ gq, gk, gv, gmask }, c.grads[0]!, c.output(), { q, k, v }, masks, args, { logs: c.aux(0), p: c.aux(1) });
      return [gq, gk, gv, ...optional(mask, drop).map((x) => (x === mask ? gmask : null))];
    },
  },
  define: ([q, k, v, ...rest], args) => define({ q: q!, k: k!, v: v! }, masksOf(rest, args), args),
});

/** `[…, L, heads · E]` as `[…, heads, L, E]`; `part` of three. */
function headsOf(x: Tensor, heads: number, part = 0, parts = 1): Tensor {
  const [l, width] = x.shape.slice(-2) as [number, number];
  const [row, col] = x.strides.slice(-2) as [number, number];
  const e = width / parts / heads;
  const [batch, steps] = [x.shape.slice(0, -2), x.strides.slice(0, -2)];
  return viewOf(x, [...batch, heads, l, e], [...steps, e * col, row, col], x.offset + part * heads * e * col);
}

function threeOf(x: Tensor, heads: number): Heads {
  const [q, k, v] = [0, 1, 2].map((part) => headsOf(x, heads, part, 3)) as [Tensor, Tensor, Tensor];
  return { q, k, v };
}

interface PackedArgs extends Scaling {
  readonly heads: number;
}

/**
 * Self-attention of queries, keys and values that lie side by side, as one linear layer makes them: `[…, L, 3 · heads · E]` to
 * `[…, L, heads · E]`, each head by itself. The gradient is written in place of the three, without a copy.
 */
export const selfAttention: Op<(x: Tensor, mask: Tensor | null, drop: Tensor | null, how: PackedArgs) => Tensor> = op({
  name: "_selfAttention",
  torch: ({ heads, scale, causal }: PackedArgs) =>
    `(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, *inputs[1:], is_causal=${causal ? "True" : "False"}, scale=${scale}))(*x.unflatten(-1, (3, ${heads}, -1)).movedim(-3, 0).transpose(-3, -2)).transpose(-3, -2).flatten(-2)`,
  samples: [
    { inputs: [[2, 3, 12]], args: [{ ...SCORES, heads: 2 }] },
    { inputs: [[70, 6]], args: [{ scale: 0.5, causal: true, heads: 1 }] },
    { inputs: [[2, 3, 12], { shape: [2, 1, 1, 3], dtype: "bool", values: [1, 1, 0, 0, 0, 0] }], args: [{ ...SCORES, heads: 2 }] },
  ],
  arrange: ([x, mask = null, drop = null], [how]) => [x, mask, drop, how],
  prepare: (x: Tensor, mask: Tensor | null, drop: Tensor | null, how: PackedArgs) => ({
    inputs: [x, ...optional(mask, drop)],
    args: { ...how, masked: mask !== null, dropped: drop !== null },
  }),
  run(inputs, args, aux) {
    const [x, ...rest] = inputs as [Tensor];
    const { mask, drop } = masksOf(rest, args);
    const factors = drop && contiguousInput(drop);
    const out = emptyInOrderOf(x, [...x.shape.slice(0, -1), x.shape.at(-1)! / 3], NAME);
    const { logs, p } = attend(headsOf(out, args.heads), threeOf(x, args.heads), { mask, drop: factors }, args, mayRecord(inputs));
    aux.push(logs, p);
    return out;
  },
  vjpAll: {
    needs: ["out"],
    run(c) {
      const args = c.args as Given & PackedArgs;
      const { heads } = args;
      const [x, ...rest] = c.shapes.map((_, i) => c.input(i)) as [Tensor];
      const { mask, drop } = masksOf(rest, args);
      const three = threeOf(x, heads);
      const gx = c.wants[0] ? emptyInOrderOf(x, x.shape, NAME) : null;
      const to = gx && threeOf(gx, heads);
      const l = x.shape.at(-2)!;
      const gmask = mask && c.wants[1] ? Tensor.empty([...three.q.shape.slice(0, -1), l], x.dtype, NAME) : null;
      const grads = { gq: to?.q ?? null, gk: to?.k ?? null, gv: to?.v ?? null, gmask };
      const [g, out] = [headsOf(c.grads[0]!, heads), headsOf(c.output(), heads)];
      attendBack(grads, g, out, three, { mask, drop: drop && materialize(drop) }, args, { logs: c.aux(0), p: c.aux(1) });
      return [gx, ...optional(mask, drop).map((y) => (y === mask ? gmask : null))];
    },
  },
  define([x, ...rest], args) {
    const width = x!.shape.at(-1)! / 3;
    const parts = [0, 1, 2].map((part) => splitHeads(narrow(x!, -1, part * width, width), args.heads));
    const [q, k, v] = parts as [Tensor, Tensor, Tensor];
    return mergeHeads(define({ q, k, v }, masksOf(rest, args), args));
  },
});

/** `[…, L, heads · E]` to `[…, heads, L, E]`. */
export function splitHeads(x: Tensor, heads: number): Tensor {
  return transpose(reshape(x, [...x.shape.slice(0, -1), heads, x.shape.at(-1)! / heads]), -3, -2);
}

/** `[…, heads, L, E]` to `[…, L, heads · E]`. */
export function mergeHeads(x: Tensor): Tensor {
  const y = transpose(x, -3, -2);
  return reshape(y, [...y.shape.slice(0, -2), y.shape.at(-2)! * y.shape.at(-1)!]);
}
