import { F, type datasets, type nn } from "lanegrad";
import { asked } from "./asked.js";

/** How the net does on digits that it was not trained on; one number for each of them. */
export interface Exam {
  truth: Uint8Array<ArrayBuffer>;
  predicted: Uint8Array<ArrayBuffer>;
  /** The probability that the net gives to what it says, in 1/255. */
  confidence: Uint8Array<ArrayBuffer>;
  /** Shares of all, from 0 to 1. */
  accuracy: number;
  loss: number;
  /** What it took, without the time of others in between. */
  ms: number;
}

/** Few enough that a visitor who draws meanwhile does not wait. */
const AT_ONCE = 250;

/** Examines the net piece by piece: other calls are answered in between. */
export function* examine(model: nn.Sequential, digits: datasets.MNISTDataset): Generator<null, Exam> {
  const count = digits.length;
  const truth = new Uint8Array(digits.targets.toTypedArray());
  const [predicted, confidence] = [new Uint8Array(count), new Uint8Array(count)];
  let [loss, right, ms] = [0, 0, 0];
  for (let at = 0; at < count; at += AT_ONCE) {
    const began = performance.now();
    const indices = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => at + i);
    asked(model, () => {
      const [images, labels] = digits.getBatch(indices)!;
      const logits = model.forward(images);
      const { values, indices: said } = F.softmax(logits, 1).max(1);
      predicted.set(said.toTypedArray(), at);
      confidence.set(values.mul(255).round().toTypedArray(), at);
      loss += F.crossEntropy(logits, labels, { reduction: "sum" }).item();
      right += said.eq(labels).sum().item();
    });
    ms += performance.now() - began;
    yield null;
  }
  return { truth, predicted, confidence, accuracy: right / count, loss: loss / count, ms };
}
