// Small models that a deep-learning course trains: here the time per op decides.
import { type Layer, training } from "../model.js";
import { type Row, between, floats, labels } from "../row.js";
import { mlp } from "./training.js";

const subject = "course";
const bar = (plain: number, relaxed = plain): Row["bar"] => ({
  plain: { peer: "torch", times: plain },
  relaxed: { peer: "torch", times: relaxed },
});

/** TensorFlow.js has epsilon under the root, which shows where gradients are next to nothing. */
const RMSPROP = 1e-3;

const sequence = (kind: "rnn" | "lstm"): Row =>
  training(
    subject,
    `${kind.toUpperCase()} 8-4, T 8, batch 32, RMSprop`,
    {
      layers: [{ layer: kind, in: 8, hidden: 4 }, { layer: "lastStep" }, { layer: "linear", in: 4, out: 4 }],
      x: between(0, 1, 1, 32, 8, 8),
      y: labels(4, 2, 32),
      loss: "crossEntropy",
      optimizer: { name: "rmsprop", lr: 1e-3 },
    },
    { bar: bar(0.2), tolerance: RMSPROP },
  );

const dropout: Layer = { layer: "dropout", p: 0.05 };

export const rows: Row[] = [
  training(
    subject,
    "spiral 2-100-3, full batch 3000, Adam",
    {
      layers: mlp([2, 100, 3]),
      x: floats(1, 3000, 2),
      y: labels(3, 2, 3000),
      loss: "crossEntropy",
      optimizer: { name: "adam", lr: 1e-3, weightDecay: 1e-5 },
    },
    { bar: bar(0.6) },
  ),
  training(
    subject,
    "regression 1-100-1, 100 points, Adam",
    {
      layers: mlp([1, 100, 1]),
      x: floats(1, 100, 1),
      y: floats(2, 100, 1),
      loss: "mse",
      optimizer: { name: "adam", lr: 1e-3, weightDecay: 1e-5 },
    },
    { bar: bar(0.6) },
  ),
  sequence("rnn"),
  sequence("lstm"),
  training(
    subject,
    "echo RNN 1-4, T 20, batch 5, RMSprop",
    {
      layers: [
        { layer: "rnn", in: 1, hidden: 4, carry: true },
        { layer: "linear", in: 4, out: 1 },
      ],
      x: between(0, 1, 1, 5, 20, 1),
      y: between(0, 1, 2, 5, 20, 1),
      loss: "bceWithLogits",
      optimizer: { name: "rmsprop", lr: 1e-3 },
    },
    { bar: bar(0.2), tolerance: RMSPROP },
  ),
  training(
    subject,
    "MC-dropout 1-20-20-1, 20 points, SGD",
    {
      layers: [dropout, { layer: "linear", in: 1, out: 20 }, { layer: "relu" }, dropout, ...mlp([20, 20, 1])],
      x: between(-6, 6, 1, 20, 1),
      y: between(-6, 6, 2, 20, 1),
      loss: "mse",
      optimizer: { name: "sgd", lr: 0.01, weightDecay: 1e-5 },
    },
    { bar: bar(0.6) },
  ),
  training(
    subject,
    "truck emulator 7-45-6, batch 1, SGD",
    { layers: mlp([7, 45, 6]), x: floats(1, 1, 7), y: floats(2, 1, 6), loss: "mse", optimizer: { name: "sgd", lr: 0.005 } },
    { bar: bar(0.6) },
  ),
  training(
    subject,
    "6-map CNN, batch 64, SGD",
    {
      layers: [
        { layer: "conv", in: 1, out: 6, kernel: 5 },
        { layer: "relu" },
        { layer: "maxPool" },
        { layer: "conv", in: 6, out: 6, kernel: 5 },
        { layer: "relu" },
        { layer: "maxPool" },
        { layer: "flatten" },
        ...mlp([96, 50, 10]),
      ],
      x: between(0, 1, 1, 64, 1, 28, 28),
      y: labels(10, 2, 64),
      loss: "crossEntropy",
      optimizer: { name: "sgd", lr: 0.01, momentum: 0.5 },
    },
    { bar: bar(1, 0.8) },
  ),
  training(
    subject,
    "autoencoder 784-30-784, batch 256, Adam",
    {
      layers: [...mlp([784, 30, 784], "tanh"), { layer: "tanh" }],
      x: between(-1, 1, 1, 256, 784),
      y: between(-1, 1, 1, 256, 784),
      loss: "mse",
      optimizer: { name: "adam", lr: 1e-3 },
    },
    { bar: bar(2.5, 1.8) },
  ),
  training(
    subject,
    "VAE 784-400-20-400-784, batch 256, Adam",
    {
      layers: [...mlp([784, 400, 40]), { layer: "sample", latent: 20, noise: 1 }, ...mlp([20, 400, 784]), { layer: "sigmoid" }],
      x: between(0, 1, 1, 256, 784),
      loss: "elbo",
      optimizer: { name: "adam", lr: 1e-3 },
    },
    { bar: bar(3, 2) },
  ),
];
