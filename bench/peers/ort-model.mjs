// Models of the bench as ONNX nodes.
import { values } from "../row.js";
import { Missing } from "../serve.js";

/** PyTorch's order of gates, by rows of `hidden`, in ONNX's. */
const orders = { lstm: [0, 3, 1, 2], gru: [1, 0, 2] };

function reordered(data, order, hidden) {
  const block = (data.length / order.length / hidden) * hidden;
  const out = new Float32Array(data.length);
  order.forEach((from, to) => out.set(data.subarray(from * block, (from + 1) * block), to * block));
  return out;
}

/** The nodes of a row's layers; parameters come in PyTorch's order. */
export function network(g, x, row) {
  const specs = [...row.parameters];
  const take = () => {
    const spec = specs.shift();
    return { data: values(spec), shape: spec.shape };
  };
  const constant = ({ data, shape }) => g.constant(data, shape);
  let rank = row.inputs.x.shape.length;

  const dense = (input) => {
    const weight = take();
    const bias = constant(take());
    if (rank === 2) return g.node("Gemm", [input, constant(weight), bias], { transB: 1 });
    const [rows, columns] = weight.shape;
    const turned = weight.data.map((_, i) => weight.data[(i % rows) * columns + Math.floor(i / rows)]);
    return g.node("Add", [g.node("MatMul", [input, g.constant(turned, [columns, rows])]), bias]);
  };

  const recurrent = (input, { layer, hidden }, next) => {
    const order = orders[layer];
    const [weight, recurrence, inputBias, hiddenBias] = Array.from({ length: 4 }, take);
    const turned = ({ data, shape }) => g.constant(reordered(data, order, hidden), [1, ...shape]);
    const biases = Float32Array.from([inputBias, hiddenBias].flatMap(({ data }) => [...reordered(data, order, hidden)]));
    const inputs = [
      g.node("Transpose", [input], { perm: [1, 0, 2] }),
      turned(weight),
      turned(recurrence),
      g.constant(biases, [1, biases.length]),
    ];
    const attributes = { hidden_size: hidden, ...(layer === "gru" && { linear_before_reset: 1 }) };
    const [, last] = g.nodeOf(2, layer.toUpperCase(), inputs, attributes);
    if (next.layer !== "lastStep") throw new Missing("onnxruntime-web: the last state only");
    rank = 2;
    return g.node("Squeeze", [last, g.whole(0)]);
  };

  const encoder = (input, { d, heads }) => {
    const [batch, length] = row.inputs.x.shape;
    const split = g.nodeOf(3, "Split", [dense(input)], { axis: 2, num_outputs: 3 });
    const headed = (part, perm) => g.node("Transpose", [g.node("Reshape", [part, g.whole(batch, length, heads, d / heads)])], { perm });
    const [q, k, v] = [headed(split[0], [0, 2, 1, 3]), headed(split[1], [0, 2, 3, 1]), headed(split[2], [0, 2, 1, 3])];
    const scores = g.node("Mul", [g.node("MatMul", [q, k]), g.constant(Float32Array.of(1 / Math.sqrt(d / heads)), [])]);
    const mixed = g.node("MatMul", [g.node("Softmax", [scores], { axis: -1 }), v]);
    const together = g.node("Reshape", [g.node("Transpose", [mixed], { perm: [0, 2, 1, 3] }), g.whole(batch, length, d)]);
    const attended = dense(together);
    const [wide, narrow] = [(y) => g.node("Relu", [dense(y)]), dense];
    // The norms come last among the parameters, the first of them is used before the feed-forward layers.
    const norms = specs.splice(4, 4).map((spec) => g.constant(values(spec), spec.shape));
    const first = g.node("LayerNormalization", [g.node("Add", [input, attended]), norms[0], norms[1]], { epsilon: { f: 1e-5 } });
    return g.node("LayerNormalization", [g.node("Add", [first, narrow(wide(first))]), norms[2], norms[3]], { epsilon: { f: 1e-5 } });
  };

  const layers = {
    linear: dense,
    conv(input, { kernel, padding = 0 }) {
      return g.node("Conv", [input, constant(take()), constant(take())], { kernel_shape: [kernel, kernel], pads: Array(4).fill(padding) });
    },
    maxPool: (input) => g.node("MaxPool", [input], { kernel_shape: [2, 2], strides: [2, 2] }),
    relu: (input) => g.node("Relu", [input]),
    tanh: (input) => g.node("Tanh", [input]),
    sigmoid: (input) => g.node("Sigmoid", [input]),
    flatten(input) {
      rank = 2;
      return g.node("Flatten", [input], { axis: 1 });
    },
    lastStep: (input) => input, // a recurrent layer before it gives no more
    meanOverTime(input) {
      rank = 2;
      return g.node("ReduceMean", [input, g.whole(1)], { keepdims: 0 });
    },
    lstm: recurrent,
    gru: recurrent,
    encoder,
  };
  return row.args.layers.reduce((out, l, i, all) => layers[l.layer](out, l, all[i + 1]), x);
}
