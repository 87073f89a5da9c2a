// One training step of plain layers: forward, cross-entropy, backward, update.
import type { Layer, Parameter } from "./layers.js";

/** Mean cross-entropy of logits [batch, classes]; writes its gradient to `grad`. */
export function crossEntropy(grad: Float32Array, logits: Float32Array, labels: Int32Array, classes: number): number {
  const batch = labels.length;
  let loss = 0;
  for (let i = 0; i < batch; i++) {
    const row = i * classes;
    let largest = -Infinity;
    for (let j = 0; j < classes; j++) largest = Math.max(largest, logits[row + j]!);
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += grad[row + j] = Math.exp(logits[row + j]! - largest);
    for (let j = 0; j < classes; j++) grad[row + j] = grad[row + j]! / sum / batch;
    grad[row + labels[i]!]! -= 1 / batch;
    loss += Math.log(sum) + largest - logits[row + labels[i]!]!;
  }
  return loss / batch;
}

/** v = momentum v + g; w = w - lr v, as torch.optim.SGD. */
export function sgd(parameters: readonly Parameter[], lr: number, momentum: number): () => void {
  const velocities = parameters.map((p) => new Float32Array(p.value.length));
  return () => {
    parameters.forEach(({ value, grad }, at) => {
      const velocity = velocities[at]!;
      for (let i = 0; i < value.length; i++) {
        const v = momentum * velocity[i]! + grad[i]!;
        velocity[i] = v;
        value[i]! -= lr * v;
      }
    });
  };
}

/** torch.optim.Adam with its defaults. */
export function adam(parameters: readonly Parameter[], lr: number, eps = 1e-8): () => void {
  const [beta1, beta2] = [0.9, 0.999];
  const moments = parameters.map((p) => [new Float32Array(p.value.length), new Float32Array(p.value.length)] as const);
  let steps = 0;
  return () => {
    steps++;
    const rate = lr / (1 - beta1 ** steps);
    const correction = Math.sqrt(1 - beta2 ** steps);
    parameters.forEach(({ value, grad }, at) => {
      const [first, second] = moments[at]!;
      for (let i = 0; i < value.length; i++) {
        const g = grad[i]!;
        const m = beta1 * first[i]! + (1 - beta1) * g;
        const v = beta2 * second[i]! + (1 - beta2) * g * g;
        first[i] = m;
        second[i] = v;
        value[i]! -= (rate * m) / (Math.sqrt(v) / correction + eps);
      }
    });
  };
}

/** A step on one batch; gives the loss. */
export function trainer(layers: readonly Layer[], update: () => void, classes: number): (x: Float32Array, labels: Int32Array) => number {
  let grad: Float32Array | undefined;
  return (x, labels) => {
    let out = x;
    for (const layer of layers) out = layer.forward(out);
    grad ??= new Float32Array(out.length);
    const loss = crossEntropy(grad, out, labels, classes);
    let g = grad;
    for (let i = layers.length - 1; i >= 0; i--) g = layers[i]!.backward(g, i === 0);
    update();
    return loss;
  };
}
