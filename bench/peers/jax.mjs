// jax-js, its WebAssembly backend. All is compiled by jit, as its users do. Arguments are consumed, so they are passed as .ref.
import { defaultDevice, grad, init, jit, lax, nn, numpy as np, random } from "@jax-js/jax";
import { values } from "../row.js";
import { Missing, kindOf } from "../serve.js";
import { infer, train } from "./jax-model.mjs";

const place = (spec) => np.array(values(spec), { shape: [...spec.shape] });

/** Awaits `fn`'s array, as nothing runs before somebody waits for it. */
function side(fn) {
  let last;
  return {
    async run() {
      last?.dispose();
      last = fn();
      await last.blockUntilReady();
    },
    result: () => last.ref.dataSync(),
  };
}

/** `fn` of the inputs by name, compiled. */
const op = (fn) => (inputs, row) => {
  const names = Object.keys(inputs);
  const compiled = jit((...arrays) => fn(Object.fromEntries(names.map((name, i) => [name, arrays[i]])), row.args));
  return side(() => compiled(...names.map((name) => inputs[name].ref)));
};

const conv = (x, weight, { stride, padding, groups }) => {
  const pads = [padding, padding];
  return lax.convGeneralDilated(x.ref, weight.ref, [stride, stride], [pads, pads], { featureGroupCount: groups });
};

const rsqrtOf = (variance) => np.reciprocal(np.sqrt(variance.add(1e-5)));

const unary = { exp: np.exp, tanh: np.tanh, sigmoid: nn.sigmoid, relu: nn.relu, gelu: (x) => nn.gelu(x, { approximate: false }) };

/** Random functions get another key each time. */
const drawing = (fn) => (inputs, row) => {
  let seed = 0;
  const compiled = jit((key, x) => fn(key, row.args, x));
  return side(() => compiled(random.key(seed++), (inputs.x ?? np.array(0)).ref));
};

const kinds = {
  matmul({ a, b }, { args }) {
    const turned = (x, so) => (so ? np.transpose(x) : x);
    const [x, y] = [turned(a, args.a).add(0), turned(b, args.b).add(0)];
    const compiled = jit((p, q) => np.matmul(turned(p, args.a), turned(q, args.b)));
    return side(() => compiled(x.ref, y.ref));
  },
  conv: op(({ x, weight }, args) => conv(x, weight, args)),
  convInputGradient: op(({ x, weight, grad: g }, args) => grad((input) => conv(input, weight, args).mul(g.ref).sum())(x)),
  convWeightGradient: op(({ x, weight, grad: g }, args) => grad((filter) => conv(x, filter, args).mul(g.ref).sum())(weight)),
  multiplyAdd: op(({ a, b, c }) => a.mul(b).add(c)),
  unary: op(({ x }, { fn }) => unary[fn](x)),
  sum: op(({ x }, { dim }) => x.sum(dim)),
  mean: op(({ x }, { dim }) => x.mean(dim)),
  softmax: op(({ x }) => nn.softmax(x, 1)),
  crossEntropy({ x, y }) {
    const wanted = nn.oneHot(y, x.shape[1]);
    const compiled = jit((logits, target) => nn.logSoftmax(logits, 1).mul(target).sum(1).mean().neg());
    return side(() => compiled(x.ref, wanted.ref));
  },
  layerNorm: op(({ x, weight, bias }) => {
    const centred = x.ref.sub(x.mean(1, { keepdims: true }));
    const variance = np.square(centred.ref).mean(1, { keepdims: true });
    return centred.mul(rsqrtOf(variance)).mul(weight).add(bias);
  }),
  batchNorm: op(({ x, weight, bias }) => {
    const centred = x.ref.sub(x.mean([0, 2, 3], { keepdims: true }));
    const variance = np.square(centred.ref).mean([0, 2, 3], { keepdims: true });
    return centred
      .mul(rsqrtOf(variance))
      .mul(weight.reshape([-1, 1, 1]))
      .add(bias.reshape([-1, 1, 1]));
  }),
  // A transpose alone is a view.
  transposeCopy: op(({ x }) => np.transpose(x).add(0)),
  embedding: op(({ weight, index }) => weight.slice(index)),
  embeddingGradient({ grad: g, index }, { args }) {
    const width = g.shape.at(-1);
    const table = np.zeros([args.rows, width]);
    const flat = [g.reshape([-1, width]), index.reshape([-1])];
    const compiled = jit((weight, gradient, i) => grad((w) => w.slice(i.ref).mul(gradient.ref).sum())(weight));
    return side(() => compiled(table.ref, flat[0].ref, flat[1].ref));
  },
  argmax: op(({ x }) => np.argmax(x, 1)),
  topk: op(({ x }, { k }) => lax.topK(x, k)[0]),
  sort: op(({ x }) => x.sort()),
  uniform: drawing((key, { n }) => random.uniform(key, [n])),
  normal: drawing((key, { n }) => random.normal(key, [n])),
  dropout: drawing((key, { p }, x) => np.where(random.bernoulli(key, 1 - p, x.shape), x.mul(1 / (1 - p)), 0)),
  add({ x, y }, { args }) {
    if (args.requiresGrad) throw new Missing("jax-js records only inside grad()");
    return side(() => x.ref.add(y.ref));
  },
  // Not compiled: jit would find that the gradient is 1 and add nothing.
  chain({ x, y }, { args }) {
    const gradient = grad((start) => {
      let out = start;
      for (let i = 0; i < args.count; i++) out = out.add(y.ref);
      return out.sum();
    });
    return side(() => gradient(x.ref));
  },
  train,
  infer,
};

export async function start() {
  const found = await init("wasm");
  defaultDevice("wasm");
  return {
    prepare(row) {
      const kind = kindOf(kinds, row, "jax-js");
      return kind(Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, place(spec)])), row);
    },
    about: () => ({ device: defaultDevice(), found }),
  };
}
