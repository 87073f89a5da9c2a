// Models as data: each peer builds them from its own layers. Here is what all sides must agree on, and what they cost.
import { type InputSpec, type Row, between, sizeOf } from "./row.js";

export type Layer =
  | { layer: "linear"; in: number; out: number }
  | { layer: "conv"; in: number; out: number; kernel: number; padding?: number }
  | { layer: "batchNorm"; features: number }
  /** 2x2. */
  | { layer: "maxPool" }
  | { layer: "relu" | "tanh" | "sigmoid" | "flatten" }
  | { layer: "dropout"; p: number }
  /** Batch first; the whole sequence of hidden states. `carry`: the next step starts from the last state, detached. */
  | { layer: "lstm" | "gru"; in: number; hidden: number }
  | { layer: "rnn"; in: number; hidden: number; carry?: boolean }
  | { layer: "lastStep" | "meanOverTime" }
  /** nn.TransformerEncoderLayer, batch first, without dropout. */
  | { layer: "encoder"; d: number; heads: number; ff: number }
  /** From [batch, 2 latent] a draw around the first half, with the second as log-variance. `noise: 0` gives the mean. */
  | { layer: "sample"; latent: number; noise: number };

export interface Optimizer {
  name: "adam" | "sgd" | "rmsprop";
  lr: number;
  momentum?: number;
  weightDecay?: number;
  eps?: number;
}

export interface Model {
  layers: Layer[];
  x: InputSpec;
  /** The target; of "elbo" the input itself. */
  y?: InputSpec;
  /** "elbo": summed binary cross-entropy and Kullback-Leibler divergence. */
  loss: "crossEntropy" | "mse" | "bceWithLogits" | "elbo";
  optimizer: Optimizer;
}

const GATES = { lstm: 4, gru: 3, rnn: 1 };
const FLOAT = 4;

/** The shapes of a layer's parameters as in PyTorch, each with the bound of its initial values; a negative bound says ones, 0 zeros. */
function shapesOf(l: Layer): [bound: number, ...shape: number[]][] {
  switch (l.layer) {
    case "linear":
      return [[1 / Math.sqrt(l.in), l.out, l.in], [1 / Math.sqrt(l.in), l.out]]; // prettier-ignore
    case "conv": {
      const bound = 1 / Math.sqrt(l.in * l.kernel ** 2);
      return [[bound, l.out, l.in, l.kernel, l.kernel], [bound, l.out]]; // prettier-ignore
    }
    case "batchNorm":
      return [[-1, l.features], [0, l.features]]; // prettier-ignore
    case "lstm":
    case "gru":
    case "rnn": {
      const rows = GATES[l.layer] * l.hidden;
      const bound = 1 / Math.sqrt(l.hidden);
      return [[bound, rows, l.in], [bound, rows, l.hidden], [bound, rows], [bound, rows]]; // prettier-ignore
    }
    case "encoder": {
      const [wide, narrow] = [1 / Math.sqrt(l.ff), 1 / Math.sqrt(l.d)];
      const attention: [number, ...number[]][] = [[narrow, 3 * l.d, l.d], [narrow, 3 * l.d], [narrow, l.d, l.d], [narrow, l.d]]; // prettier-ignore
      const feedForward: [number, ...number[]][] = [[narrow, l.ff, l.d], [narrow, l.ff], [wide, l.d, l.ff], [wide, l.d]]; // prettier-ignore
      return [...attention, ...feedForward, [-1, l.d], [0, l.d], [-1, l.d], [0, l.d]];
    }
    default:
      return [];
  }
}

/** Initial values of all parameters. */
export function parametersOf(layers: readonly Layer[]): InputSpec[] {
  const shapes = layers.flatMap(shapesOf);
  return shapes.map(([bound, ...shape], i) => (bound < 0 ? between(1, 1, 0, ...shape) : between(0 - bound, bound, 100 + i, ...shape)));
}

interface Walk {
  shape: number[];
  /** Floating point operations of the matrix products, forward. */
  flops: number;
  /** Bytes that backward reads beside the parameters. */
  saved: number;
}

/** One layer on an input of `shape`: what comes out, what it costs, what it keeps beyond its input. */
function step(l: Layer, shape: number[]): Walk & { keepsInput: boolean; keepsOutput: boolean } {
  const plain = { shape, flops: 0, saved: 0, keepsInput: false, keepsOutput: false };
  const [batch, ...rest] = shape as [number, ...number[]];
  switch (l.layer) {
    case "linear":
      return { ...plain, shape: [...shape.slice(0, -1), l.out], flops: 2 * sizeOf(shape) * l.out, keepsInput: true };
    case "conv": {
      const side = rest[1]! + 2 * (l.padding ?? 0) - l.kernel + 1;
      const out = [batch, l.out, side, side];
      return { ...plain, shape: out, flops: 2 * sizeOf(out) * l.in * l.kernel ** 2, keepsInput: true };
    }
    case "maxPool": {
      const out = [batch, rest[0]!, Math.floor(rest[1]! / 2), Math.floor(rest[2]! / 2)];
      return { ...plain, shape: out, saved: FLOAT * sizeOf(out) }; // from where each came
    }
    case "relu":
    case "tanh":
    case "sigmoid":
      return { ...plain, keepsOutput: true };
    case "batchNorm":
      return { ...plain, saved: 2 * FLOAT * l.features, keepsInput: true };
    case "dropout":
      return { ...plain, saved: sizeOf(shape) }; // a byte per element says what was kept
    case "flatten":
      return { ...plain, shape: [batch, sizeOf(rest)] };
    case "lastStep":
    case "meanOverTime":
      return { ...plain, shape: [batch, rest[1]!] };
    case "lstm":
    case "gru":
    case "rnn": {
      const steps = batch * rest[0]!;
      const gates = GATES[l.layer] * l.hidden;
      // The gates of each step, and the states that are not the output: cells of an LSTM, the candidate's part of a GRU.
      const saved = FLOAT * steps * (l.layer === "rnn" ? 0 : gates + l.hidden);
      return {
        ...plain,
        shape: [batch, rest[0]!, l.hidden],
        flops: 2 * steps * gates * (l.in + l.hidden),
        saved,
        keepsInput: true,
        keepsOutput: true,
      };
    }
    case "encoder": {
      const tokens = batch * rest[0]!;
      const attention = 2 * 2 * tokens * rest[0]! * l.d;
      const flops = 2 * tokens * l.d * (4 * l.d + 2 * l.ff) + attention;
      // q, k, v; weights of the attention; its output; the normalised sum; the hidden layer; the second sum.
      const saved = FLOAT * (tokens * (3 * l.d + l.d + 2 * l.d + l.ff) + batch * l.heads * rest[0]! ** 2);
      return { ...plain, flops, saved, keepsInput: true };
    }
    case "sample":
      return { ...plain, shape: [batch, l.latent], saved: FLOAT * batch * l.latent, keepsInput: true };
  }
}

/** Operations and bytes of a training step: every product is done once forward and twice backward, but for the input's gradient. */
function costs({ layers, x, optimizer }: Model): { forward: number; flops: number; alive: number } {
  let shape = [...x.shape];
  let [forward, firstFlops, saved] = [0, 0, 0];
  let inputKept = false;
  const input = sizeOf(shape);
  for (const layer of layers) {
    const before = sizeOf(shape);
    const walk = step(layer, shape);
    if (walk.keepsInput && !inputKept) saved += FLOAT * before;
    saved += walk.saved + (walk.keepsOutput ? FLOAT * sizeOf(walk.shape) : 0);
    // Flattening keeps the memory it was given.
    if (layer.layer !== "flatten") inputKept = walk.keepsOutput;
    if (forward === 0) firstFlops = walk.flops;
    forward += walk.flops;
    shape = walk.shape;
  }
  const count = parametersOf(layers).reduce((sum, { shape: s }) => sum + sizeOf(s), 0);
  const copies = 2 + { adam: 2, rmsprop: 1, sgd: optimizer.momentum ? 1 : 0 }[optimizer.name];
  const firstSaved = FLOAT * input;
  return { forward, flops: 3 * forward - firstFlops, alive: Math.max(saved, firstSaved) + FLOAT * count * copies };
}

export type RowExtra = Partial<Pick<Row, "bar" | "memoryBar" | "threaded" | "tolerance" | "checkRuns">>;

/** Forward, loss, backward and update. */
export function training(subject: string, name: string, model: Model, extra: RowExtra = {}): Row {
  const { x, y, ...args } = model;
  const { flops, alive } = costs(model);
  const inputs = { x, ...(y && { y }) };
  const parameters = parametersOf(model.layers);
  // Three steps: the second and third also go through the optimiser's state.
  return { subject, name, kind: "train", inputs, args, parameters, flops, alive, alone: true, checkRuns: 3, tolerance: 1e-4, ...extra };
}

/** The forward pass alone, as a model in use. */
export function inference(subject: string, name: string, { layers, x }: Pick<Model, "layers" | "x">, extra: RowExtra = {}): Row {
  const { forward } = costs({ layers, x, loss: "mse", optimizer: { name: "sgd", lr: 0 } });
  return {
    subject,
    name,
    kind: "infer",
    inputs: { x },
    args: { layers },
    parameters: parametersOf(layers),
    flops: forward,
    tolerance: 1e-4,
    ...extra,
  };
}

/** The row without chance, for comparing results; and with an Adam that does not blow up the rounding of gradients near zero. */
export function certain(row: Row): Row {
  const layers = row.args["layers"] as Layer[] | undefined;
  if (!layers) return row;
  const calm = layers.map((l) => (l.layer === "dropout" ? { ...l, p: 0 } : l.layer === "sample" ? { ...l, noise: 0 } : l));
  const optimizer = row.args["optimizer"] as Optimizer | undefined;
  return { ...row, args: { ...row.args, layers: calm, ...(optimizer?.name === "adam" && { optimizer: { ...optimizer, eps: 1e-4 } }) } };
}
