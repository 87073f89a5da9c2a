// Training steps: forward, loss, backward, update.
import { type Layer, type Model, inference, training } from "../model.js";
import { type Row, between, floats, labels } from "../row.js";

const subject = "training";

/** Linear layers with an activation between them. */
export function mlp(sizes: readonly number[], activation: "relu" | "tanh" = "relu"): Layer[] {
  const layers = sizes.slice(1).flatMap((out, i): Layer[] => [{ layer: activation }, { layer: "linear", in: sizes[i]!, out }]);
  return layers.slice(1);
}

const digits = between(0, 1, 1, 64, 1, 28, 28);
const classes = labels(10, 2, 64);

/** LeNet's shape: 28x28 -> 16 maps of 24x24, pooled to 12x12 -> 32 maps of 8x8, pooled to 4x4 -> 128 -> 10. */
const lenet: Layer[] = [
  { layer: "conv", in: 1, out: 16, kernel: 5 },
  { layer: "relu" },
  { layer: "maxPool" },
  { layer: "conv", in: 16, out: 32, kernel: 5 },
  { layer: "relu" },
  { layer: "maxPool" },
  { layer: "flatten" },
  ...mlp([512, 128, 10]),
];

const normalised: Layer[] = [
  { layer: "conv", in: 1, out: 16, kernel: 3, padding: 1 },
  { layer: "batchNorm", features: 16 },
  { layer: "relu" },
  { layer: "maxPool" },
  { layer: "conv", in: 16, out: 32, kernel: 3, padding: 1 },
  { layer: "batchNorm", features: 32 },
  { layer: "relu" },
  { layer: "maxPool" },
  { layer: "flatten" },
  { layer: "linear", in: 1568, out: 128 },
  { layer: "relu" },
  { layer: "dropout", p: 0.5 },
  { layer: "linear", in: 128, out: 10 },
];

const recurrent = (kind: "lstm" | "gru"): Model => ({
  layers: [{ layer: kind, in: 4, hidden: 64 }, { layer: "lastStep" }, { layer: "linear", in: 64, out: 1 }],
  x: floats(1, 32, 50, 4),
  y: floats(2, 32, 1),
  loss: "mse",
  optimizer: { name: "adam", lr: 1e-3 },
});

const encoder: Layer = { layer: "encoder", d: 128, heads: 4, ff: 512 };
const transformer: Model = {
  layers: [encoder, encoder, { layer: "meanOverTime" }, { layer: "linear", in: 128, out: 10 }],
  x: floats(1, 16, 64, 128),
  y: labels(10, 2, 16),
  loss: "crossEntropy",
  optimizer: { name: "adam", lr: 1e-3 },
};

const sgd = { name: "sgd", lr: 0.01, momentum: 0.9 } as const;
const adam = { name: "adam", lr: 1e-3 } as const;
const bar = (plain: number, relaxed = plain): Row["bar"] => ({
  plain: { peer: "torch", times: plain },
  relaxed: { peer: "torch", times: relaxed },
});

export const rows: Row[] = [
  training(
    subject,
    "MLP 784-256-128-10, batch 64, Adam",
    { layers: mlp([784, 256, 128, 10]), x: between(0, 1, 1, 64, 784), y: classes, loss: "crossEntropy", optimizer: adam },
    { bar: bar(2, 1.4) },
  ),
  training(
    subject,
    "CNN 1-16-32 5x5, 512-128-10, batch 64, SGD momentum",
    { layers: lenet, x: digits, y: classes, loss: "crossEntropy", optimizer: sgd },
    { bar: bar(1.7, 1.2), memoryBar: 1.5, threaded: true },
  ),
  training(subject, "CNN with batch norm and dropout, batch 64, SGD momentum", {
    layers: normalised,
    x: digits,
    y: classes,
    loss: "crossEntropy",
    optimizer: sgd,
  }),
  training(subject, "LSTM 4-64, T 50, batch 32, Adam", recurrent("lstm"), { bar: bar(2.5, 1.8) }),
  training(subject, "GRU 4-64, T 50, batch 32, Adam", recurrent("gru"), { bar: bar(2.5, 1.8) }),
  training(subject, "transformer encoder, 2 layers, d 128, T 64, batch 16, Adam", transformer, { bar: bar(3.2, 2.3), threaded: true }),
  inference("inference", "MLP 784-256-128-10, batch 64", { layers: mlp([784, 256, 128, 10]), x: between(0, 1, 1, 64, 784) }),
  inference("inference", "CNN 1-16-32 5x5, 512-128-10, batch 64", { layers: lenet, x: digits }),
  inference("inference", "LSTM 4-64, T 50, batch 32", recurrent("lstm")),
  inference("inference", "GRU 4-64, T 50, batch 32", recurrent("gru")),
  inference("inference", "transformer encoder, 2 layers, d 128, T 64, batch 16", transformer),
];
