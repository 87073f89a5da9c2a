// TensorFlow.js, its cpu and its wasm backend. Images are NHWC there; they are turned before and after what is timed.
import { createRequire } from "node:module";
import { values } from "../row.js";
import { Missing, kindOf } from "../serve.js";
import { infer, train } from "./tfjs-model.mjs";

// Its ES modules import without file extensions, which Node does not take.
const require = createRequire(import.meta.url);
const tf = require("@tensorflow/tfjs");

const place = (spec) => tf.tensor(values(spec), spec.shape, spec.int ? "int32" : "float32");
const toNhwc = (x) => tf.transpose(x, [0, 2, 3, 1]);
const toNchw = (x) => tf.transpose(x, [0, 3, 1, 2]);
const toHwio = (w) => tf.transpose(w, [2, 3, 1, 0]);
const toOihw = (w) => tf.transpose(w, [3, 2, 0, 1]);

/** `shown` turns the result into PyTorch's layout. */
function side(fn, shown = (x) => x) {
  let last;
  return {
    run() {
      last?.dispose();
      last = tf.tidy(fn);
    },
    result: () => tf.tidy(() => shown(last).dataSync()),
  };
}

const op = (fn) => (inputs, row) => side(() => fn(inputs, row.args));

/** A convolution's three kernels: [kernel, what its attributes call the size of the result]. */
function convolution(which) {
  const names = {
    forward: ["Conv2D", "DepthwiseConv2dNative"],
    input: ["Conv2DBackpropInput", "DepthwiseConv2dNativeBackpropInput"],
    filter: ["Conv2DBackpropFilter", "DepthwiseConv2dNativeBackpropFilter"],
  };
  return (inputs, { args: { stride, padding, groups } }) => {
    const depthwise = groups > 1;
    const x = toNhwc(inputs.x);
    const filter = depthwise ? tf.transpose(inputs.weight, [2, 3, 0, 1]) : toHwio(inputs.weight);
    const dy = inputs.grad && toNhwc(inputs.grad);
    const attributes = { strides: [stride, stride], pad: padding, dataFormat: "NHWC", dilations: [1, 1], dimRoundingMode: "floor" };
    const kernel = names[which][depthwise ? 1 : 0];
    const run = (tensors, more) => () => tf.engine().runKernel(kernel, tensors, { ...attributes, ...more });
    if (which === "forward") return side(run({ x, filter }), toNchw);
    if (which === "input") return side(run({ dy, filter }, { inputShape: x.shape }), toNchw);
    return side(run({ x, dy }, { filterShape: filter.shape }), depthwise ? (w) => tf.transpose(w, [2, 3, 0, 1]) : toOihw);
  };
}

const unary = {
  exp: tf.exp,
  tanh: tf.tanh,
  sigmoid: tf.sigmoid,
  relu: tf.relu,
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
};

const kinds = {
  matmul({ a, b }, { args }) {
    const [x, y] = [args.a ? tf.transpose(a) : a, args.b ? tf.transpose(b) : b];
    return side(() => tf.matMul(x, y, Boolean(args.a), Boolean(args.b)));
  },
  conv: convolution("forward"),
  convInputGradient: convolution("input"),
  convWeightGradient: convolution("filter"),
  multiplyAdd: op(({ a, b, c }) => tf.add(tf.mul(a, b), c)),
  unary: op(({ x }, { fn }) => unary[fn](x)),
  sum: op(({ x }, { dim }) => tf.sum(x, dim ?? undefined)),
  mean: op(({ x }, { dim }) => tf.mean(x, dim ?? undefined)),
  softmax: op(({ x }) => tf.softmax(x)),
  crossEntropy({ x, y }) {
    const wanted = tf.oneHot(y, x.shape[1]).toFloat();
    return side(() => tf.losses.softmaxCrossEntropy(wanted, x));
  },
  layerNorm: op(({ x, weight, bias }) => {
    const { mean, variance } = tf.moments(x, 1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
  }),
  batchNorm(inputs) {
    const x = toNhwc(inputs.x);
    return side(() => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean, variance, inputs.bias, inputs.weight, 1e-5);
    }, toNchw);
  },
  transposeCopy: op(({ x }) => tf.transpose(x)),
  embedding: op(({ weight, index }) => tf.gather(weight, index)),
  embeddingGradient({ grad, index }, { args }) {
    const [g, i] = [tf.reshape(grad, [-1, grad.shape.at(-1)]), tf.reshape(index, [-1])];
    return side(() => tf.unsortedSegmentSum(g, i, args.rows));
  },
  argmax: op(({ x }) => tf.argMax(x, 1)),
  topk: op(({ x }, { k }) => tf.topk(x, k).values),
  uniform: op((_, { n }) => tf.randomUniform([n])),
  normal: op((_, { n }) => tf.randomNormal([n])),
  dropout: op(({ x }, { p }) => tf.dropout(x, p)),
  add({ x, y }, { args }) {
    if (args.requiresGrad) throw new Missing("TensorFlow.js records only inside grad()");
    return side(() => tf.add(x, y));
  },
  chain({ x, y }, { args }) {
    const gradient = tf.grad((start) => {
      let out = start;
      for (let i = 0; i < args.count; i++) out = tf.add(out, y);
      return tf.sum(out);
    });
    return side(() => gradient(x));
  },
  train: (inputs, row) => train(tf, inputs, row),
  infer: (inputs, row) => infer(tf, inputs, row),
};

export async function start({ backend }) {
  const wasm = backend === "wasm" ? require("@tensorflow/tfjs-backend-wasm") : undefined;
  await tf.setBackend(backend);
  await tf.ready();
  const threads = wasm?.getThreadsCount() ?? 1;
  const threadsOffered = wasm !== undefined && (await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT"));
  return {
    prepare(row) {
      const kind = kindOf(kinds, row, "TensorFlow.js");
      return kind(Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, place(spec)])), row);
    },
    about: () => ({ version: tf.version.tfjs, threads, threadsOffered }),
  };
}
