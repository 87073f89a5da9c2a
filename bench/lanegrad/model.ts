// Models of the bench in lanegrad's layers.
import { F, type Tensor, fromTypedArray, nn, noGrad, optim, randnLike } from "lanegrad";
import type { Layer, Model } from "../model.js";
import { type Row, type Side, values } from "../row.js";

/** What layers tell each other and the loss. */
interface Notes {
  mean?: Tensor;
  logVariance?: Tensor;
}

type Step = (x: Tensor, notes: Notes) => Tensor;

interface Built {
  steps: Step[];
  parameters: Tensor[];
}

const functions = { relu: F.relu, tanh: F.tanh, sigmoid: F.sigmoid };

function build(layers: readonly Layer[]): Built {
  const modules: nn.Module[] = [];
  const of = <M extends nn.Module & { forward: (x: Tensor) => Tensor }>(module: M): Step => {
    modules.push(module);
    return (x) => module.forward(x);
  };
  const steps = layers.map((l): Step => {
    switch (l.layer) {
      case "linear":
        return of(new nn.Linear(l.in, l.out));
      case "conv":
        return of(new nn.Conv2d(l.in, l.out, l.kernel, { padding: l.padding ?? 0 }));
      case "batchNorm":
        return of(new nn.BatchNorm2d(l.features));
      case "maxPool":
        return of(new nn.MaxPool2d(2));
      case "flatten":
        return of(new nn.Flatten());
      case "dropout":
        return of(new nn.Dropout({ p: l.p }));
      case "relu":
      case "tanh":
      case "sigmoid":
        return functions[l.layer];
      case "lastStep":
        return (x) => x.select(1, -1);
      case "meanOverTime":
        return (x) => x.mean(1);
      case "lstm":
      case "gru":
      case "rnn":
        return recurrent(l, modules);
      case "encoder":
        return of(newer("TransformerEncoderLayer", l.d, l.heads, { dimFeedforward: l.ff, dropout: 0, batchFirst: true }));
      case "sample":
        return (x, notes) => {
          const [mean, logVariance] = x.chunk(2, 1) as [Tensor, Tensor];
          Object.assign(notes, { mean, logVariance });
          return l.noise === 0 ? mean : logVariance.mul(0.5).exp().mul(randnLike(mean)).add(mean);
        };
    }
  });
  return { steps, parameters: modules.flatMap((module) => [...module.parameters()]) };
}

/** A layer that lanegrad may not have yet. */
function newer(name: string, ...args: unknown[]): nn.Module & { forward: (...args: unknown[]) => never } {
  const Class = (nn as unknown as Record<string, (new (...args: unknown[]) => never) | undefined>)[name];
  if (!Class) throw new Error(`nn.${name} is not there yet`);
  return new Class(...args);
}

function recurrent(l: Layer & { layer: "lstm" | "gru" | "rnn" }, modules: nn.Module[]): Step {
  const options = { batchFirst: true, ...(l.layer === "rnn" && { nonlinearity: "relu" }) };
  const module = newer(l.layer.toUpperCase(), l.in, l.hidden, options);
  modules.push(module);
  const forward = (x: Tensor, state?: Tensor): [Tensor, Tensor] => module.forward(x, state);
  if (l.layer !== "rnn" || !l.carry) return (x) => forward(x)[0];
  let carried: Tensor | undefined;
  return (x) => {
    const [out, state] = forward(x, carried);
    carried = state.detach();
    return out;
  };
}

const losses: Record<Model["loss"], (out: Tensor, target: Tensor, notes: Notes) => Tensor> = {
  crossEntropy: (out, target) => F.crossEntropy(out, target),
  mse: (out, target) => F.mseLoss(out, target),
  bceWithLogits: (out, target) => F.binaryCrossEntropyWithLogits(out, target),
  elbo(out, target, { mean, logVariance }) {
    const divergence = logVariance!.exp().sub(logVariance!).sub(1).add(mean!.pow(2)).sum().mul(0.5);
    return F.binaryCrossEntropy(out, target, { reduction: "sum" }).add(divergence);
  },
};

const optimizers: Record<string, (parameters: Tensor[], options: never) => optim.Optimizer> = {
  adam: (parameters, options) => new optim.Adam(parameters, options),
  sgd: (parameters, options) => new optim.SGD(parameters, options),
  rmsprop: (parameters, options) => new optim.RMSprop(parameters, options),
};

/** The model of a row, with the row's initial values. */
function model(row: Row): Built {
  const built = build(row.args["layers"] as Layer[]);
  const specs = row.parameters!;
  if (specs.length !== built.parameters.length)
    throw new Error(`${specs.length} parameters given, the model has ${built.parameters.length}`);
  noGrad(() => built.parameters.forEach((p, i) => p.copy_(fromTypedArray(values(specs[i]!), [...specs[i]!.shape]))));
  return built;
}

export function train({ x, y }: Record<string, Tensor>, row: Row): Side {
  const { steps, parameters } = model(row);
  const { name, ...options } = row.args["optimizer"] as Model["optimizer"];
  const optimizer = optimizers[name]!(parameters, options as never);
  const lossOf = losses[row.args["loss"] as Model["loss"]];
  let loss: Tensor | undefined;
  return {
    run() {
      optimizer.zeroGrad();
      const notes: Notes = {};
      let out = x!;
      for (const step of steps) out = step(out, notes);
      loss = lossOf(out, y ?? x!, notes);
      loss.backward();
      optimizer.step();
    },
    result: () => Float64Array.from([loss!.item(), ...parameters.flatMap((p) => [...p.toTypedArray()])]),
  };
}

export function infer({ x }: Record<string, Tensor>, row: Row): Side {
  const { steps } = model(row);
  let last: Tensor | undefined;
  return {
    run() {
      last = noGrad(() => {
        let out = x!;
        for (const step of steps) out = step(out, {});
        return out;
      });
    },
    result: () => last!.toTypedArray(),
  };
}
