// What the two training subjects share: the same start on both sides, and the state that the check compares.
import { F, type Tensor, type nn, type optim, fromTypedArray, noGrad } from "lanegrad";
import type { Layer } from "./plain/layers.js";
import { trainer } from "./plain/train.js";
import { type Side, concat, uniform } from "./row.js";

/** Weights and bias of a layer, uniform in ±1/sqrt(inputs of one output), as PyTorch's. */
export function initial(seed: number, outputs: number, inputs: number): [weight: Float32Array, bias: Float32Array] {
  const bound = 1 / Math.sqrt(inputs);
  return [uniform(seed, outputs * inputs, -bound, bound), uniform(seed + 1, outputs, -bound, bound)];
}

export function plainSide(layers: Layer[], update: () => void, x: Float32Array, y: Int32Array, classes: number): Side {
  const step = trainer(layers, update, classes);
  let loss = 0;
  return {
    run() {
      loss = step(x, y);
    },
    result: () => concat([[loss], ...layers.flatMap((layer) => layer.parameters.map((p) => p.value))]),
  };
}

export function lanegradSide(
  model: nn.Sequential,
  values: Float32Array[],
  optimizerOf: (parameters: Tensor[]) => optim.Optimizer,
  x: Tensor,
  y: Tensor,
): Side {
  const parameters = [...model.parameters()];
  noGrad(() => parameters.forEach((p, i) => p.copy_(fromTypedArray(values[i]!, p.shape))));
  const optimizer = optimizerOf(parameters);
  let loss: Tensor | undefined;
  return {
    run() {
      optimizer.zeroGrad();
      loss = F.crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
    },
    result: () => concat([[(loss as Tensor).item()], ...parameters.map((p) => p.toTypedArray())]),
  };
}
