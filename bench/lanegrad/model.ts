// Models of the bench in lanegrad's layers.
import { F, type Tensor, fromTypedArray, nn, noGrad, optim, randnLike } from "lanegrad";
import type { Layer, Model } from "../model.js";
import { type Row, type Side, values } from "../row.js";

class LastStep extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.select(1, -1);
  }
}

class MeanOverTime extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.mean(1);
  }
}

/** The whole sequence; `carry` starts from the last state, detached. */
class Recurrent extends nn.Module {
  private state: Tensor | null = null;

  constructor(
    readonly module: nn.RNN | nn.LSTM | nn.GRU,
    readonly carry: boolean,
  ) {
    super();
  }

  forward(x: Tensor): Tensor {
    if (this.module instanceof nn.LSTM) return this.module.forward(x)[0];
    const [out, state] = this.module.forward(x, this.state);
    if (this.carry) this.state = state.detach();
    return out;
  }
}

class Sample extends nn.Module {
  mean?: Tensor;
  logVariance?: Tensor;

  constructor(readonly noise: number) {
    super();
  }

  forward(x: Tensor): Tensor {
    const [mean, logVariance] = x.chunk(2, 1) as [Tensor, Tensor];
    [this.mean, this.logVariance] = [mean, logVariance];
    return this.noise === 0 ? mean : logVariance.mul(0.5).exp().mul(randnLike(mean)).add(mean);
  }
}

function moduleOf(l: Layer): nn.UnaryModule {
  switch (l.layer) {
    case "linear":
      return new nn.Linear(l.in, l.out);
    case "conv":
      return new nn.Conv2d(l.in, l.out, l.kernel, { padding: l.padding ?? 0 });
    case "batchNorm":
      return new nn.BatchNorm2d(l.features);
    case "maxPool":
      return new nn.MaxPool2d(2);
    case "flatten":
      return new nn.Flatten();
    case "dropout":
      return new nn.Dropout({ p: l.p });
    case "relu":
      return new nn.ReLU();
    case "tanh":
      return new nn.Tanh();
    case "sigmoid":
      return new nn.Sigmoid();
    case "lastStep":
      return new LastStep();
    case "meanOverTime":
      return new MeanOverTime();
    case "rnn":
      return new Recurrent(new nn.RNN(l.in, l.hidden, { nonlinearity: "relu", batchFirst: true }), l.carry ?? false);
    case "lstm":
      return new Recurrent(new nn.LSTM(l.in, l.hidden, { batchFirst: true }), false);
    case "gru":
      return new Recurrent(new nn.GRU(l.in, l.hidden, { batchFirst: true }), false);
    case "encoder":
      return new nn.TransformerEncoderLayer(l.d, l.heads, { dimFeedforward: l.ff, dropout: 0, batchFirst: true });
    case "sample":
      return new Sample(l.noise);
  }
}

const losses: Record<Model["loss"], (out: Tensor, target: Tensor, model: nn.Sequential) => Tensor> = {
  crossEntropy: (out, target) => F.crossEntropy(out, target),
  mse: (out, target) => F.mseLoss(out, target),
  bceWithLogits: (out, target) => F.binaryCrossEntropyWithLogits(out, target),
  elbo(out, target, model) {
    const { mean, logVariance } = [...model.children()].find((module) => module instanceof Sample)!;
    const divergence = logVariance!.exp().sub(logVariance!).sub(1).add(mean!.pow(2)).sum().mul(0.5);
    return F.binaryCrossEntropy(out, target, { reduction: "sum" }).add(divergence);
  },
};

const optimizers: Record<string, (parameters: Iterable<Tensor>, options: never) => optim.Optimizer> = {
  adam: (parameters, options) => new optim.Adam(parameters, options),
  sgd: (parameters, options) => new optim.SGD(parameters, options),
  rmsprop: (parameters, options) => new optim.RMSprop(parameters, options),
};

/** The model of a row, with the row's initial values. */
function modelOf(row: Row): nn.Sequential {
  const model = new nn.Sequential(...(row.args["layers"] as Layer[]).map(moduleOf));
  const specs = row.parameters!;
  const parameters = [...model.parameters()];
  if (specs.length !== parameters.length) throw new Error(`${specs.length} parameters given, the model has ${parameters.length}`);
  noGrad(() => parameters.forEach((p, i) => p.copy_(fromTypedArray(values(specs[i]!), [...specs[i]!.shape]))));
  return model;
}

export function train({ x, y }: Record<string, Tensor>, row: Row): Side {
  const model = modelOf(row);
  const { name, ...options } = row.args["optimizer"] as Model["optimizer"];
  const optimizer = optimizers[name]!(model.parameters(), options as never);
  const lossOf = losses[row.args["loss"] as Model["loss"]];
  let loss: Tensor | undefined;
  return {
    run() {
      optimizer.zeroGrad();
      loss = lossOf(model.forward(x!), y ?? x!, model);
      loss.backward();
      optimizer.step();
    },
    result: () => Float64Array.from([loss!.item(), ...[...model.parameters()].flatMap((p) => [...p.toTypedArray()])]),
  };
}

export function infer({ x }: Record<string, Tensor>, row: Row): Side {
  const model = modelOf(row);
  model.eval();
  let last: Tensor | undefined;
  return {
    run() {
      last = noGrad(() => model.forward(x!));
    },
    result: () => last!.toTypedArray(),
  };
}
