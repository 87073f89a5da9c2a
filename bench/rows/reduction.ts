import { type Row, between, floats, labels } from "../row.js";

const subject = "reduction";
const FLOAT = 4;
const SIDE = 1000;

function reduce(fn: "sum" | "mean", dim: number | null, bar?: Row["bar"]): Row {
  const name = dim === null ? `${fn}, 10^6` : `${fn} over axis ${dim} of 1000x1000`;
  return {
    subject,
    name,
    kind: fn,
    inputs: { x: between(0, 1, 1, SIDE, SIDE) },
    args: { dim },
    bytes: FLOAT * SIDE * SIDE,
    tolerance: 1e-4,
    bar,
  };
}

const logits = between(-5, 5, 1, 128, 1000);
const BATCH_NORM = [32, 64, 14, 14] as const;

export const rows: Row[] = [
  reduce("sum", null, { peer: "torch", times: 1.5 }),
  reduce("sum", 0),
  reduce("sum", 1),
  reduce("mean", null),
  reduce("mean", 0),
  reduce("mean", 1),
  {
    subject,
    name: "softmax 128x1000",
    kind: "softmax",
    inputs: { x: logits },
    args: {},
    bytes: 2 * FLOAT * 128_000,
    bar: { peer: "torch", times: 3 },
  },
  {
    subject,
    name: "log-softmax + NLL 128x1000",
    kind: "crossEntropy",
    inputs: { x: logits, y: labels(1000, 2, 128) },
    args: {},
    bytes: FLOAT * 128_000,
  },
  {
    subject,
    name: "layer norm 128x768",
    kind: "layerNorm",
    inputs: { x: floats(1, 128, 768), weight: floats(2, 768), bias: floats(3, 768) },
    args: {},
    bytes: 2 * FLOAT * 128 * 768,
    bar: { peer: "torch", times: 2.5 },
  },
  {
    subject,
    name: `batch norm ${BATCH_NORM.join("x")}`,
    kind: "batchNorm",
    inputs: { x: floats(1, ...BATCH_NORM), weight: floats(2, 64), bias: floats(3, 64) },
    args: {},
    bytes: 2 * FLOAT * 32 * 64 * 14 * 14,
  },
];
