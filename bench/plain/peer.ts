// Well-written plain JavaScript, without a library.
import type { Layer as LayerSpec, Optimizer } from "../model.js";
import { type ConvShape, conv, convInputGradient, convWeightGradient } from "./conv.js";
import { gemm, gemmTransposedA, gemmTransposedB } from "./gemm.js";
import { type Layer, convLayer, linearLayer, maxPoolLayer, reluLayer } from "./layers.js";
import { softmax, unary } from "./ops.js";
import { adam, sgd, trainer } from "./train.js";
import { type Row, type Side, sizeOf, values } from "../row.js";
import { Missing, type Peer, kindOf } from "../serve.js";

type Inputs = Record<string, Float32Array>;
type Kind = (inputs: Inputs, row: Row) => Side;

function into(length: number, fn: (out: Float32Array) => void): Side {
  const out = new Float32Array(length);
  return { run: () => fn(out), result: () => out };
}

const shapeOf = (row: Row, name: string): readonly number[] => row.inputs[name]!.shape;

/** A convolution of stride 1 in one group: what the plain loops do. */
function convShape(row: Row): ConvShape {
  const { stride, padding, groups } = row.args as { stride: number; padding: number; groups: number };
  if (stride !== 1 || groups !== 1) throw new Missing("plain JavaScript: stride 1 and one group only");
  const [batch, channels, size] = shapeOf(row, "x") as [number, number, number];
  const [filters, , kernel] = shapeOf(row, "weight") as [number, number, number];
  return { batch, channels, size, filters, kernel, padding };
}

const kinds: Record<string, Kind> = {
  matmul({ a, b }, row) {
    const [m, k] = shapeOf(row, "a").slice(-2) as [number, number];
    const n = shapeOf(row, "b").at(-1)!;
    const count = sizeOf(shapeOf(row, "a").slice(0, -2));
    // A transposed operand arrives as its copy, as it does elsewhere.
    const flip = (x: Float32Array, rows: number, columns: number): Float32Array =>
      x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
    const [one, x, y] = row.args["a"]
      ? [gemmTransposedA, flip(a!, m, k), b!]
      : row.args["b"]
        ? [gemmTransposedB, a!, flip(b!, k, n)]
        : [gemm, a!, b!];
    const part = (all: Float32Array, i: number): Float32Array => all.subarray((i * all.length) / count, ((i + 1) * all.length) / count);
    return into(count * m * n, (out) => {
      for (let i = 0; i < count; i++) one(part(out, i), part(x, i), part(y, i), m, k, n);
    });
  },
  conv({ x, weight }, row) {
    const s = convShape(row);
    return into(s.batch * s.filters * (s.size + 2 * s.padding - s.kernel + 1) ** 2, (out) => conv(out, x!, weight!, null, s));
  },
  convInputGradient({ x, weight, grad }, row) {
    const s = convShape(row);
    return into(x!.length, (out) => convInputGradient(out, grad!, weight!, s));
  },
  convWeightGradient({ x, weight, grad }, row) {
    const s = convShape(row);
    return into(weight!.length, (out) => convWeightGradient(out, grad!, x!, s));
  },
  multiplyAdd: ({ a, b, c }) =>
    into(a!.length, (out) => {
      for (let i = 0; i < out.length; i++) out[i] = a![i]! * b![i]! + c![i]!;
    }),
  unary({ x }, row) {
    const fn = unary[row.args["fn"] as string];
    if (!fn) throw new Missing(`plain JavaScript has no ${String(row.args["fn"])}`);
    return into(x!.length, (out) => fn(out, x!));
  },
  sum({ x }, { args }) {
    if (args["dim"] !== null) throw new Missing("plain JavaScript: whole arrays only");
    return into(1, (out) => {
      let sum = 0;
      for (let i = 0; i < x!.length; i++) sum += x![i]!;
      out[0] = sum;
    });
  },
  softmax: ({ x }, row) => into(x!.length, (out) => softmax(out, x!, shapeOf(row, "x").at(-1)!)),
  train,
};

/** The layers of a classifier; the shape of what goes in decides the sizes. */
function layersOf(row: Row): Layer[] {
  const parameters = row.parameters!.map((spec) => values(spec) as Float32Array);
  let shape = [...shapeOf(row, "x")];
  const next = (): Float32Array => parameters.shift()!;
  return (row.args["layers"] as LayerSpec[]).flatMap((l): Layer[] => {
    const [batch, channels, size] = shape as [number, number, number];
    switch (l.layer) {
      case "linear":
        shape = [batch, l.out];
        return [linearLayer(batch, l.in, l.out, next(), next())];
      case "conv": {
        const { in: inputs, out: filters, kernel, padding = 0 } = l;
        const side = size + 2 * padding - kernel + 1;
        shape = [batch, filters, side, side];
        return [convLayer({ batch, channels: inputs, size, filters, kernel, padding }, next(), next())];
      }
      case "relu":
        return [reluLayer(sizeOf(shape))];
      case "maxPool":
        shape = [batch, channels, size / 2, size / 2];
        return [maxPoolLayer(batch * channels, size)];
      case "flatten":
        shape = [batch, sizeOf(shape.slice(1))];
        return [];
      default:
        throw new Missing(`plain JavaScript has no ${l.layer}`);
    }
  });
}

function train(_: Inputs, row: Row): Side {
  if (row.args["loss"] !== "crossEntropy") throw new Missing(`plain JavaScript has no ${String(row.args["loss"])}`);
  const { name, lr, momentum = 0, weightDecay } = row.args["optimizer"] as Optimizer;
  if (weightDecay || name === "rmsprop") throw new Missing(`plain JavaScript has no ${name} with weight decay`);
  const { eps = 1e-8 } = row.args["optimizer"] as Optimizer;
  const layers = layersOf(row);
  const parameters = layers.flatMap((layer) => layer.parameters);
  const update = name === "adam" ? adam(parameters, lr, eps) : sgd(parameters, lr, momentum);
  const step = trainer(layers, update, 10);
  const [x, y] = [values(row.inputs["x"]!) as Float32Array, values(row.inputs["y"]!) as Int32Array];
  let loss = 0;
  return {
    run() {
      loss = step(x, y);
    },
    result: () => Float64Array.from([loss, ...parameters.flatMap(({ value }) => [...value])]),
  };
}

export const start = (): Promise<Peer> =>
  Promise.resolve({
    prepare(row) {
      const kind = kindOf(kinds, row, "plain JavaScript");
      return kind(Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, values(spec) as Float32Array])), row);
    },
  });
