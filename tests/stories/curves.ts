import { DataLoader, F, type Tensor, TensorDataset, manualSeed, nn, noGrad, optim } from "lanegrad";
import type { Case } from "./case.js";

/*
 * Whole trainings from the seed alone, against PyTorch's losses: default initial values, batch order, dropout
 * masks, gradients and optimisers all have to be PyTorch's. tests/golden/curves.py makes the losses.
 */

export interface Curve {
  readonly losses: readonly number[];
  readonly evaluated: number;
  /** How far PyTorch is from itself with another number of threads: rounding grows as training goes on. */
  readonly spread: number;
}

export interface CurveData {
  /** [8192, 1, 28, 28], normalised. */
  readonly images: () => Tensor;
  /** [8192] */
  readonly labels: () => Tensor;
  readonly golden: Readonly<Record<string, Curve>>;
}

/** In float64 rounding has no time to grow, so the same training must agree to many digits. */
const BOUND = { float32: 1e-3, float64: 1e-8 } as const;

function mlp(): nn.Sequential {
  return new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(784, 256),
    new nn.ReLU(),
    new nn.Linear(256, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );
}

function lenet(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(1, 16, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 5),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(512, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );
}

function batchNorm(): nn.Sequential {
  return new nn.Sequential(
    new nn.Conv2d(1, 8, 3, { padding: 1 }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(8, 16, 3, { padding: 1, bias: false }),
    new nn.BatchNorm2d(16),
    new nn.ReLU(),
    new nn.AvgPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.25),
    new nn.Linear(784, 64),
    new nn.BatchNorm1d(64),
    new nn.Tanh(),
    new nn.Dropout(0.5),
    new nn.Linear(64, 10),
  );
}

type Training = [seed: number, make: () => nn.Sequential, optimizer: MakeOptimizer, dtype?: "float32" | "float64"];

type MakeOptimizer = (parameters: Iterable<Tensor>) => optim.Optimizer;

const TRAININGS: Record<string, Training> = {
  "mlp, Adam": [1, mlp, (p) => new optim.Adam(p, { lr: 1e-3 })],
  "LeNet, SGD with momentum": [2, lenet, (p) => new optim.SGD(p, { lr: 0.003, momentum: 0.9 })],
  "batch norm and dropout, SGD with momentum": [3, batchNorm, (p) => new optim.SGD(p, { lr: 0.003, momentum: 0.9 })],
  "batch norm and dropout, AdamW": [4, batchNorm, (p) => new optim.AdamW(p, { lr: 3e-4 })],
  "mlp, RMSprop": [5, mlp, (p) => new optim.RMSprop(p, { lr: 1e-4 })],
  "batch norm and dropout in float64, SGD with momentum": [6, batchNorm, (p) => new optim.SGD(p, { lr: 0.01, momentum: 0.9 }), "float64"],
};

export function curveCases(data: CurveData): Case[] {
  return Object.entries(TRAININGS).map(([name, [seed, make, makeOptimizer, dtype = "float32"]]) => ({
    name: `${name} follows PyTorch's losses for 100 steps`,
    run() {
      const golden = data.golden[name]!;
      const [images, labels] = [data.images(), data.labels()];
      manualSeed(seed);
      const model = make().to(dtype);
      const optimizer = makeOptimizer(model.parameters());
      const loader = new DataLoader(new TensorDataset(images, labels), { batchSize: 64, shuffle: true });
      let step = 0;
      for (const [x, y] of loader) {
        const loss = F.crossEntropy(model.forward(x.to(dtype)), y);
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        check(`step ${step}`, loss.item(), golden.losses[step]!, BOUND[dtype]);
        if (++step === golden.losses.length) break;
      }
      model.eval();
      const n = images.size(0);
      const held = noGrad(() =>
        F.crossEntropy(model.forward(images.narrow(0, n - 512, 512).to(dtype)), labels.narrow(0, n - 512, 512)).item(),
      );
      check("evaluation", held, golden.evaluated, BOUND[dtype]);
    },
  }));
}

function check(what: string, got: number, expected: number, bound: number): void {
  if (!(Math.abs(got - expected) <= bound)) throw new Error(`${what}: loss ${got}, PyTorch has ${expected}; they may differ by ${bound}`);
}
