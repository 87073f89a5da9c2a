import { fromTypedArray } from "lanegrad";
import { forward } from "./lane.js";
import { type Row, uniform } from "./row.js";

const [BATCH, CLASSES] = [128, 1000];
const logits = uniform(1, BATCH * CLASSES, -5, 5);

function softmax(out: Float32Array, x: Float32Array): void {
  for (let row = 0; row < x.length; row += CLASSES) {
    let largest = -Infinity;
    for (let j = row; j < row + CLASSES; j++) if (x[j]! > largest) largest = x[j]!;
    let sum = 0;
    for (let j = row; j < row + CLASSES; j++) {
      const value = Math.exp(x[j]! - largest);
      out[j] = value;
      sum += value;
    }
    const scale = 1 / sum;
    for (let j = row; j < row + CLASSES; j++) out[j]! *= scale;
  }
}

export const rows: Row[] = [
  {
    name: `${BATCH}x${CLASSES}`,
    bytes: 2 * 4 * logits.length,
    baseline() {
      const out = new Float32Array(logits.length);
      return { run: () => softmax(out, logits), result: () => out };
    },
    lanegrad() {
      const x = fromTypedArray(logits, [BATCH, CLASSES]);
      return forward(() => x.softmax(1));
    },
  },
];
