import { DataLoader, F, Generator, type datasets, type nn, noGrad } from "lanegrad";

/** What a net says of test digits, one number each. */
export interface TestResult {
  truth: Uint8Array;
  predicted: Uint8Array;
  /** The probability that the net gives to its prediction. */
  confidence: Float32Array;
  /** How many are right. */
  right: number;
}

export function evaluate(model: nn.Sequential, test: datasets.MNISTDataset): TestResult {
  const result = {
    truth: new Uint8Array(test.length),
    predicted: new Uint8Array(test.length),
    confidence: new Float32Array(test.length),
    right: 0,
  };
  // A loader draws from its generator, shuffling or not; training's must not notice that it was tested.
  const loader = new DataLoader(test, { batchSize: 1000, generator: new Generator() });
  let at = 0;
  model.eval();
  noGrad(() => {
    for (const [x, y] of loader) {
      const { values, indices } = F.softmax(model.forward(x), 1).max(1);
      result.truth.set(y.toTypedArray(), at);
      result.predicted.set(indices.toTypedArray(), at);
      result.confidence.set(values.toTypedArray(), at);
      result.right += indices.eq(y).sum().item();
      at += x.size(0);
    }
  });
  model.train();
  return result;
}
