// Elementwise functions and softmax as plain loops.

type Fill = (out: Float32Array, x: Float32Array) => void;

export const unary: Readonly<Record<string, Fill | undefined>> = {
  exp(out, x) {
    for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i]!);
  },
  tanh(out, x) {
    for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i]!);
  },
  sigmoid(out, x) {
    for (let i = 0; i < x.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]!));
  },
  relu(out, x) {
    for (let i = 0; i < x.length; i++) out[i] = x[i]! > 0 ? x[i]! : 0;
  },
};

/** Of each row of `classes` numbers. */
export function softmax(out: Float32Array, x: Float32Array, classes: number): void {
  for (let row = 0; row < x.length; row += classes) {
    let largest = -Infinity;
    for (let j = row; j < row + classes; j++) if (x[j]! > largest) largest = x[j]!;
    let sum = 0;
    for (let j = row; j < row + classes; j++) {
      const value = Math.exp(x[j]! - largest);
      out[j] = value;
      sum += value;
    }
    const scale = 1 / sum;
    for (let j = row; j < row + classes; j++) out[j]! *= scale;
  }
}
