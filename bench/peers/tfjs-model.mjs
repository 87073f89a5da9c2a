// Models of the bench in TensorFlow.js's core ops: kernels [in, out] and images NHWC, as its own layers have them.
import { values } from "../row.js";

/** Builds the layers one after the other; parameters come in PyTorch's order and layout. */
class Builder {
  parameters = [];

  constructor(tf, row) {
    this.tf = tf;
    this.specs = [...row.parameters];
    this.layers = row.args.layers;
    /** [channels, height, width] of the image that goes in, until it is flattened. */
    this.image = row.inputs.x.shape.length === 4 ? row.inputs.x.shape.slice(1) : undefined;
  }

  /** The next parameter as a variable; `there` and `back` turn it into TensorFlow.js's layout and into PyTorch's. */
  next(there = (x) => x, back = there) {
    const { tf } = this;
    const spec = this.specs.shift();
    const variable = tf.variable(tf.tidy(() => there(tf.tensor(values(spec), spec.shape))));
    this.parameters.push({ variable, torch: () => tf.tidy(() => back(variable).dataSync()) });
    return variable;
  }

  build() {
    return this.layers.map((layer, i) => this[layer.layer](layer, this.layers[i + 1]));
  }

  /** A product with a kernel that PyTorch stores the other way round. */
  dense() {
    const { tf } = this;
    const flat = this.flattened;
    this.flattened = undefined;
    const transposed = (w) => tf.transpose(w);
    const [c, h, w] = flat ?? [];
    const fromImage = (x) => tf.reshape(tf.transpose(tf.reshape(x, [-1, c, h, w]), [2, 3, 1, 0]), [c * h * w, -1]);
    const toImage = (x) => tf.reshape(tf.transpose(tf.reshape(x, [h, w, c, -1]), [3, 2, 0, 1]), [-1, c * h * w]);
    const kernel = flat ? this.next(fromImage, toImage) : this.next(transposed);
    const bias = this.next();
    return (x) => {
      const product = tf.add(tf.matMul(x.rank > 2 ? tf.reshape(x, [-1, x.shape.at(-1)]) : x, kernel), bias);
      return x.rank > 2 ? tf.reshape(product, [...x.shape.slice(0, -1), -1]) : product;
    };
  }

  linear() {
    return this.dense();
  }

  conv({ out, kernel, padding = 0 }) {
    const { tf } = this;
    const filter = this.next(
      (w) => tf.transpose(w, [2, 3, 1, 0]),
      (w) => tf.transpose(w, [3, 2, 0, 1]),
    );
    const bias = this.next();
    const side = this.image[1] + 2 * padding - kernel + 1;
    this.image = [out, side, side];
    return (x) => tf.add(tf.conv2d(x, filter, 1, padding), bias);
  }

  batchNorm() {
    const { tf } = this;
    const [scale, offset] = [this.next(), this.next()];
    return (x) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean, variance, offset, scale, 1e-5);
    };
  }

  maxPool() {
    this.image = [this.image[0], Math.floor(this.image[1] / 2), Math.floor(this.image[2] / 2)];
    return (x) => this.tf.maxPool(x, 2, 2, "valid");
  }

  flatten() {
    this.flattened = this.image;
    return (x) => this.tf.reshape(x, [x.shape[0], -1]);
  }

  relu = () => this.tf.relu;
  tanh = () => this.tf.tanh;
  sigmoid = () => this.tf.sigmoid;
  dropout = ({ p }) => (p === 0 ? (x) => x : (x) => this.tf.dropout(x, p));
  meanOverTime = () => (x) => this.tf.mean(x, 1);
  lastStep = () => (x) => x; // a recurrent layer before it gives no more

  /** The input's part of all steps in one product, then step by step. */
  recurrent(l, next, start, step) {
    const { tf } = this;
    const turned = (w) => tf.transpose(w);
    const [input, hidden, inputBias, hiddenBias] = [this.next(turned), this.next(turned), this.next(), this.next()];
    let carried;
    return (x) => {
      const [batch, length] = x.shape;
      const fromInput = tf.add(tf.matMul(tf.reshape(x, [batch * length, l.in]), input), inputBias);
      const parts = tf.unstack(tf.reshape(fromInput, [batch, length, -1]), 1);
      let state = carried ?? start(tf.zeros([batch, l.hidden]));
      const outputs = [];
      for (const part of parts) {
        state = step(part, tf.add(tf.matMul(state[0], hidden), hiddenBias), state);
        outputs.push(state[0]);
      }
      if (l.carry) {
        carried?.[0].dispose();
        carried = [tf.keep(tf.clone(state[0]))];
      }
      return next.layer === "lastStep" ? outputs.at(-1) : tf.stack(outputs, 1);
    };
  }

  rnn = (l, next) =>
    this.recurrent(
      l,
      next,
      (zero) => [zero],
      (a, b) => [this.tf.relu(this.tf.add(a, b))],
    );

  lstm(l, next) {
    const { tf } = this;
    const step = (a, b, [, cell]) => {
      const [i, f, g, o] = tf.split(tf.add(a, b), 4, 1);
      const c = tf.add(tf.mul(tf.sigmoid(f), cell), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      return [tf.mul(tf.sigmoid(o), tf.tanh(c)), c];
    };
    return this.recurrent(l, next, (zero) => [zero, zero], step);
  }

  gru(l, next) {
    const { tf } = this;
    const step = (a, b, [h]) => {
      const [ra, za, na] = tf.split(a, 3, 1);
      const [rb, zb, nb] = tf.split(b, 3, 1);
      const [r, z] = [tf.sigmoid(tf.add(ra, rb)), tf.sigmoid(tf.add(za, zb))];
      const n = tf.tanh(tf.add(na, tf.mul(r, nb)));
      return [tf.add(n, tf.mul(z, tf.sub(h, n)))];
    };
    return this.recurrent(l, next, (zero) => [zero], step);
  }

  norm() {
    const { tf } = this;
    const [weight, bias] = [this.next(), this.next()];
    return (x) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), weight), bias);
    };
  }

  encoder({ d, heads }) {
    const { tf } = this;
    const [project, out, wide, narrow] = [this.dense(), this.dense(), this.dense(), this.dense()];
    const [first, second] = [this.norm(), this.norm()];
    const attend = (x) => {
      const [batch, length] = x.shape;
      const split = tf
        .split(project(x), 3, 2)
        .map((part) => tf.transpose(tf.reshape(part, [batch, length, heads, d / heads]), [0, 2, 1, 3]));
      const [q, k, v] = split;
      const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(d / heads)));
      return out(tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [batch, length, d]));
    };
    return (x) => {
      const y = first(tf.add(x, attend(x)));
      return second(tf.add(y, narrow(tf.relu(wide(y)))));
    };
  }

  sample({ noise }) {
    const { tf } = this;
    return (x, notes) => {
      const [mean, logVariance] = tf.split(x, 2, 1);
      Object.assign(notes, { mean, logVariance });
      return noise === 0 ? mean : tf.add(tf.mul(tf.randomNormal(mean.shape), tf.exp(tf.mul(logVariance, 0.5))), mean);
    };
  }
}

const lossesOf = (tf) => ({
  crossEntropy: (out, target) => tf.losses.softmaxCrossEntropy(target, out),
  mse: (out, target) => tf.losses.meanSquaredError(target, out),
  bceWithLogits: (out, target) => tf.losses.sigmoidCrossEntropy(target, out),
  elbo(out, target, { mean, logVariance }) {
    const right = tf.add(tf.mul(target, tf.log(out)), tf.mul(tf.sub(1, target), tf.log(tf.sub(1, out))));
    const divergence = tf.sum(tf.sub(tf.sub(tf.add(tf.exp(logVariance), tf.square(mean)), logVariance), 1));
    return tf.sub(tf.mul(divergence, 0.5), tf.sum(right));
  },
});

function optimizerOf(tf, { name, lr, momentum = 0, eps = 1e-8 }) {
  if (name === "adam") return tf.train.adam(lr, 0.9, 0.999, eps);
  // Its epsilon stands under the root.
  if (name === "rmsprop") return tf.train.rmsprop(lr, 0.99, 0, eps ** 2);
  return momentum > 0 ? tf.train.momentum(lr, momentum) : tf.train.sgd(lr);
}

const nhwc = (tf, x) => (x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x);

export function train(tf, inputs, row) {
  const builder = new Builder(tf, row);
  const layers = builder.build();
  const x = nhwc(tf, inputs.x);
  const classes = row.parameters.at(-1).shape[0];
  const y = row.args.loss === "crossEntropy" ? tf.oneHot(inputs.y, classes).toFloat() : (inputs.y ?? x);
  const optimizer = optimizerOf(tf, row.args.optimizer);
  const decay = row.args.optimizer.weightDecay ?? 0;
  const lossOf = lossesOf(tf)[row.args.loss];
  const variables = builder.parameters.map(({ variable }) => variable);
  const forward = () => {
    const notes = {};
    return lossOf(
      layers.reduce((out, layer) => layer(out, notes), x),
      y,
      notes,
    );
  };
  let loss;
  return {
    run() {
      loss?.dispose();
      loss = tf.tidy(() => {
        const { value, grads } = tf.variableGrads(forward, variables);
        if (decay > 0) for (const v of variables) grads[v.name] = tf.add(grads[v.name], tf.mul(v, decay));
        optimizer.applyGradients(grads);
        return value;
      });
    },
    result: () => Float64Array.from([loss.dataSync()[0], ...builder.parameters.flatMap(({ torch }) => [...torch()])]),
  };
}

export function infer(tf, inputs, row) {
  const layers = new Builder(tf, row).build();
  const x = nhwc(tf, inputs.x);
  let last;
  return {
    run() {
      last?.dispose();
      last = tf.tidy(() => layers.reduce((out, layer) => layer(out, {}), x));
    },
    result: () => last.dataSync(),
  };
}
