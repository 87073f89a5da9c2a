// Models of the bench in jax-js. Inside a trace nothing is freed, so each use of an array is a .ref.
import { jit, lax, nn, numpy as np, random, valueAndGrad } from "@jax-js/jax";
import { values } from "../row.js";

const use = (fn) => (...xs) => fn(...xs.map((x) => x?.ref ?? x)); // prettier-ignore
const [matmul, add, sub, mul] = [np.matmul, np.add, np.subtract, np.multiply].map(use);
const [tanh, sigmoid, relu, exp, log, transpose] = [np.tanh, nn.sigmoid, nn.relu, np.exp, np.log, np.transpose].map(use);
const square = (x) => mul(x, x);
const part = (x, count, i, axis) => {
  const size = x.shape[axis] / count;
  return x.ref.slice(...x.shape.map((_, at) => (at === axis ? [i * size, (i + 1) * size] : [])));
};
const parts = (x, count, axis) => Array.from({ length: count }, (_, i) => part(x, count, i, axis));

const dense = (x, weight, bias) => add(matmul(x, transpose(weight)), bias);

function normalise(x, axes, weight, bias) {
  const centred = sub(x, x.ref.mean(axes, { keepdims: true }));
  const variance = square(centred).mean(axes, { keepdims: true });
  return add(mul(mul(centred, np.reciprocal(np.sqrt(variance.add(1e-5)))), weight), bias);
}

/** The input's part of all steps in one product, then step by step. */
function recurrent(x, [input, hidden, inputBias, hiddenBias], start, step) {
  const [, length] = x.shape;
  const fromInput = dense(x, input, inputBias);
  let state = start;
  const outputs = [];
  for (let t = 0; t < length; t++) {
    state = step(fromInput.ref.slice([], t), dense(state[0], hidden, hiddenBias), state);
    outputs.push(state[0]);
  }
  return outputs;
}

const steps = {
  rnn: (a, b) => [relu(add(a, b))],
  lstm(a, b, [, cell]) {
    const [i, f, g, o] = parts(add(a, b), 4, 1);
    const c = add(mul(sigmoid(f), cell), mul(sigmoid(i), tanh(g)));
    return [mul(sigmoid(o), tanh(c)), c];
  },
  gru(a, b, [h]) {
    const [[ra, za, na], [rb, zb, nb]] = [parts(a, 3, 1), parts(b, 3, 1)];
    const [r, z] = [sigmoid(add(ra, rb)), sigmoid(add(za, zb))];
    const n = tanh(add(na, mul(r, nb)));
    return [add(n, mul(z, sub(h, n)))];
  },
};

function sequence(kind) {
  return (x, l, next, p, notes) => {
    const zero = np.zeros([x.shape[0], l.hidden]);
    const start = l.carry ? [notes.carried] : kind === "lstm" ? [zero.ref, zero] : [zero];
    const outputs = recurrent(x, [p(), p(), p(), p()], start, steps[kind]);
    if (l.carry) notes.carry = lax.stopGradient(outputs.at(-1).ref);
    return next.layer === "lastStep" ? outputs.at(-1) : np.stack(outputs.map((out) => out.ref), 1); // prettier-ignore
  };
}

function encoder(x, { d, heads }, _, p) {
  const [batch, length] = x.shape;
  const [projectWeight, projectBias, outWeight, outBias, wide, wideBias, narrow, narrowBias, first, firstBias, second, secondBias] =
    Array.from({ length: 12 }, p); // prettier-ignore
  const split = parts(dense(x, projectWeight, projectBias), 3, 2).map((t) =>
    t.reshape([batch, length, heads, d / heads]).transpose([0, 2, 1, 3]),
  );
  const [q, k, v] = split;
  const weights = nn.softmax(matmul(q, k.ref.transpose([0, 1, 3, 2])).mul(1 / Math.sqrt(d / heads)), -1);
  const attended = matmul(weights, v).transpose([0, 2, 1, 3]).reshape([batch, length, d]);
  const y = normalise(add(x, dense(attended, outWeight, outBias)), -1, first, firstBias);
  return normalise(add(y, dense(relu(dense(y, wide, wideBias)), narrow, narrowBias)), -1, second, secondBias);
}

/** (x, layer, the layer after it, next parameter, notes) => out */
const layerOf = {
  linear: (x, _, __, p) => dense(x, p(), p()),
  conv(x, { padding = 0 }, _, p) {
    const pads = [padding, padding];
    return add(lax.convGeneralDilated(x.ref, p().ref, [1, 1], [pads, pads]), p().ref.reshape([-1, 1, 1]));
  },
  batchNorm: (x, _, __, p) => normalise(x, [0, 2, 3], p().ref.reshape([-1, 1, 1]), p().ref.reshape([-1, 1, 1])),
  maxPool: (x) => lax.reduceWindow(x.ref, (window) => window.max(), [2, 2], [2, 2]),
  relu: (x) => relu(x),
  tanh: (x) => tanh(x),
  sigmoid: (x) => sigmoid(x),
  flatten: (x) => x.ref.reshape([x.shape[0], -1]),
  dropout: (x, { p }, _, __, notes) => (p === 0 ? x : np.where(random.bernoulli(notes.key(), 1 - p, x.shape), mul(x, 1 / (1 - p)), 0)),
  lastStep: (x) => x, // a recurrent layer before it gives no more
  meanOverTime: (x) => x.ref.mean(1),
  rnn: sequence("rnn"),
  lstm: sequence("lstm"),
  gru: sequence("gru"),
  encoder,
  sample(x, { noise }, _, __, notes) {
    [notes.mean, notes.logVariance] = parts(x, 2, 1);
    if (noise === 0) return notes.mean;
    return add(mul(random.normal(notes.key(), notes.mean.shape), exp(mul(notes.logVariance, 0.5))), notes.mean);
  },
};

const losses = {
  crossEntropy: (out, target) => mul(nn.logSoftmax(out.ref, 1), target).sum(1).mean().neg(),
  mse: (out, target) => square(sub(out, target)).mean(),
  bceWithLogits: (out, target) => sub(nn.softplus(out.ref), mul(out, target)).mean(),
  elbo(out, target, { mean, logVariance }) {
    const right = add(mul(target, log(out)), mul(sub(1, target), log(sub(1, out))));
    const divergence = sub(add(exp(logVariance), square(mean)), logVariance)
      .sub(1)
      .sum();
    return divergence.mul(0.5).sub(right.sum());
  },
};

/** [new value, new state…] of one parameter. `rate` and `correction` change from step to step, so they are arrays. */
const updates = {
  adam(value, g, [m, v], { eps = 1e-8 }, rate, correction) {
    const first = add(mul(m, 0.9), mul(g, 0.1));
    const second = add(mul(v, 0.999), mul(square(g), 0.001));
    return [sub(value, mul(rate, first).div(np.sqrt(second.ref).mul(correction.ref).add(eps))), first, second];
  },
  sgd(value, g, [velocity], { lr, momentum = 0 }) {
    if (momentum === 0) return [sub(value, mul(g, lr)), velocity.ref];
    const v = add(mul(velocity, momentum), g);
    return [sub(value, mul(v, lr)), v];
  },
  rmsprop(value, g, [average], { lr, eps = 1e-8 }) {
    const a = add(mul(average, 0.99), mul(square(g), 0.01));
    return [sub(value, mul(g, lr).div(np.sqrt(a.ref).add(eps))), a];
  },
};

const place = (spec) => np.array(values(spec), { shape: [...spec.shape] });

function forward(layers, parameters, x, notes) {
  let at = 0;
  const next = () => parameters[at++];
  return layers.reduce((out, l, i) => layerOf[l.layer](out, l, layers[i + 1], next, notes), x);
}

export function train(inputs, row) {
  const { layers, optimizer, loss: lossName } = row.args;
  const y = lossName === "crossEntropy" ? nn.oneHot(inputs.y, row.parameters.at(-1).shape[0]) : (inputs.y ?? inputs.x.ref);
  const draws = layers.some((l) => (l.layer === "dropout" && l.p > 0) || (l.layer === "sample" && l.noise > 0));
  const carries = layers.find((l) => l.carry);
  const lossOf = (parameters, x, target, seed, carried) => {
    let keys = 0;
    const split = draws ? random.split(seed.ref, 4) : undefined;
    const notes = { key: () => split.ref.slice(keys++), carried };
    const out = forward(layers, parameters, x, notes);
    return [losses[lossName](out, target, notes), notes.carry ?? np.zeros([1])];
  };
  const states = { adam: 2, sgd: 1, rmsprop: 1 }[optimizer.name];
  const compiled = jit((parameters, state, x, target, seed, carried, rate, correction) => {
    const [[loss, carry], grads] = valueAndGrad(lossOf, { hasAux: true })(parameters.map((p) => p.ref), x, target, seed, carried); // prettier-ignore
    const decayed = grads.map((g, i) => (optimizer.weightDecay ? add(g, mul(parameters[i], optimizer.weightDecay)) : g));
    const all = parameters.map((p, i) => updates[optimizer.name](p, decayed[i], state[i], optimizer, rate, correction));
    return { loss, carry, parameters: all.map(([value]) => value), state: all.map(([, ...rest]) => rest) };
  });
  const zeros = ({ shape }) => Array.from({ length: states }, () => np.zeros([...shape]));
  let now = { parameters: row.parameters.map(place), state: row.parameters.map(zeros) };
  let carry = carries ? np.zeros([inputs.x.shape[0], carries.hidden]) : np.zeros([1]);
  let [step, loss] = [0, undefined];
  return {
    async run() {
      step++;
      const rate = np.array(optimizer.lr / (1 - 0.9 ** step));
      const correction = np.array(1 / Math.sqrt(1 - 0.999 ** step));
      loss?.dispose();
      const out = compiled(now.parameters, now.state, inputs.x.ref, y.ref, random.key(step), carry, rate, correction);
      now = { parameters: out.parameters, state: out.state };
      ({ loss, carry } = out);
      await Promise.all(now.parameters.map((p) => p.blockUntilReady()));
    },
    result: () => Float64Array.from([...loss.ref.dataSync(), ...now.parameters.flatMap((p) => [...p.ref.dataSync()])]),
  };
}

export function infer({ x }, row) {
  const { layers } = row.args;
  const parameters = row.parameters.map(place);
  const compiled = jit((ps, input) => forward(layers, ps, input, {}).ref);
  let last;
  return {
    async run() {
      last?.dispose();
      const references = parameters.map((p) => p.ref);
      last = compiled(references, x.ref);
      await last.blockUntilReady();
    },
    result: () => last.ref.dataSync(),
  };
}
