// Layers as plain loops over buffers made once: what a training step costs without a library.
import { type ConvShape, conv, convBiasGradient, convInputGradient, convWeightGradient, outputSize } from "./conv.js";
import { gemm, gemmTransposedA, gemmTransposedB } from "./gemm.js";

export interface Parameter {
  value: Float32Array;
  grad: Float32Array;
}

export interface Layer {
  parameters: Parameter[];
  forward(x: Float32Array): Float32Array;
  /** From the gradient of the output to that of the input; sets those of the parameters. The first layer needs no input gradient. */
  backward(grad: Float32Array, first: boolean): Float32Array;
}

const parameter = (value: Float32Array): Parameter => ({ value: value.slice(), grad: new Float32Array(value.length) });

/** y = x Wᵀ + b, with W of `outputs` rows. */
export function linearLayer(batch: number, inputs: number, outputs: number, weight: Float32Array, bias: Float32Array): Layer {
  const [w, b] = [parameter(weight), parameter(bias)];
  const out = new Float32Array(batch * outputs);
  const gradX = new Float32Array(batch * inputs);
  let seen: Float32Array = gradX;
  return {
    parameters: [w, b],
    forward(x) {
      seen = x;
      gemmTransposedB(out, x, w.value, batch, inputs, outputs);
      for (let i = 0; i < batch; i++) for (let j = 0; j < outputs; j++) out[i * outputs + j]! += b.value[j]!;
      return out;
    },
    backward(grad, first) {
      gemmTransposedA(w.grad, grad, seen, outputs, batch, inputs);
      b.grad.fill(0);
      for (let i = 0; i < batch; i++) for (let j = 0; j < outputs; j++) b.grad[j]! += grad[i * outputs + j]!;
      if (!first) gemm(gradX, grad, w.value, batch, outputs, inputs);
      return gradX;
    },
  };
}

export function convLayer(s: ConvShape, weight: Float32Array, bias: Float32Array): Layer {
  const [w, b] = [parameter(weight), parameter(bias)];
  const out = new Float32Array(s.batch * s.filters * outputSize(s) ** 2);
  const gradX = new Float32Array(s.batch * s.channels * s.size ** 2);
  let seen: Float32Array = gradX;
  return {
    parameters: [w, b],
    forward(x) {
      seen = x;
      conv(out, x, w.value, b.value, s);
      return out;
    },
    backward(grad, first) {
      convWeightGradient(w.grad, grad, seen, s);
      convBiasGradient(b.grad, grad, s);
      if (!first) convInputGradient(gradX, grad, w.value, s);
      return gradX;
    },
  };
}

export function reluLayer(length: number): Layer {
  const out = new Float32Array(length);
  const gradX = new Float32Array(length);
  return {
    parameters: [],
    forward(x) {
      for (let i = 0; i < length; i++) out[i] = x[i]! > 0 ? x[i]! : 0;
      return out;
    },
    backward(grad) {
      for (let i = 0; i < length; i++) gradX[i] = out[i]! > 0 ? grad[i]! : 0;
      return gradX;
    },
  };
}

/** The largest of each 2x2 square, of `planes` squares of even `size`. */
export function maxPoolLayer(planes: number, size: number): Layer {
  const side = size / 2;
  const out = new Float32Array(planes * side * side);
  const from = new Int32Array(out.length);
  const gradX = new Float32Array(planes * size * size);
  return {
    parameters: [],
    forward(x) {
      let at = 0;
      for (let row = 0; row < planes * side; row++) {
        for (let column = 0; column < side; column++) {
          const corner = row * 2 * size + column * 2;
          let best = corner;
          if (x[corner + 1]! > x[best]!) best = corner + 1;
          if (x[corner + size]! > x[best]!) best = corner + size;
          if (x[corner + size + 1]! > x[best]!) best = corner + size + 1;
          out[at] = x[best]!;
          from[at++] = best;
        }
      }
      return out;
    },
    backward(grad) {
      gradX.fill(0);
      for (let i = 0; i < from.length; i++) gradX[from[i]!] = grad[i]!;
      return gradX;
    },
  };
}
