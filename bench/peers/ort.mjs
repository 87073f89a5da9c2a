// onnxruntime-web: inference only. Each row becomes an ONNX model.
import * as ort from "onnxruntime-web";
import { values } from "../row.js";
import { Missing, kindOf } from "../serve.js";
import { Graph } from "./onnx.mjs";
import { network } from "./ort-model.mjs";

const INT32 = 6;
const INT64 = 7;

const transposed = (x, rows, columns) => x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)]);

/** One run of the model whose result `build` names. `feeds`: the inputs by name. */
async function side(inputs, row, build, type) {
  const graph = new Graph();
  const names = Object.keys(inputs);
  for (const name of names) graph.input(name, inputs[name].type === "int32" ? INT32 : undefined, inputs[name].dims);
  const output = build(graph, Object.fromEntries(names.map((name) => [name, name])), row.args);
  const session = await ort.InferenceSession.create(graph.model(output, type), { executionProviders: ["wasm"], logSeverityLevel: 3 });
  let last;
  return {
    async run() {
      last = (await session.run(inputs))[output];
    },
    result: () => (type === INT64 ? Float64Array.from(last.data, Number) : last.data),
  };
}

const op = (build, type) => (inputs, row) => side(inputs, row, build, type);
const unary = { exp: "Exp", tanh: "Tanh", gelu: "Gelu", sigmoid: "Sigmoid", relu: "Relu" };
const reduce = (name) => op((g, { x }, { dim }) => g.node(name, dim === null ? [x] : [x, g.whole(dim)], { keepdims: 0 }));

const kinds = {
  matmul(inputs, row) {
    const { a, b } = row.args;
    if (!a && !b) return side(inputs, row, (g, { a: x, b: y }) => g.node("MatMul", [x, y]));
    const [m, n] = row.inputs[a ? "a" : "b"].shape;
    const name = a ? "a" : "b";
    const turned = { ...inputs, [name]: new ort.Tensor("float32", transposed(inputs[name].data, m, n), [n, m]) };
    return side(turned, row, (g, { a: x, b: y }) => g.node("Gemm", [x, y], { transA: a ? 1 : 0, transB: b ? 1 : 0 }));
  },
  conv: op((g, { x, weight }, { stride, padding, groups }) =>
    g.node("Conv", [x, weight], { strides: [stride, stride], pads: [padding, padding, padding, padding], group: groups }),
  ),
  multiplyAdd: op((g, { a, b, c }) => g.node("Add", [g.node("Mul", [a, b]), c])),
  unary: op((g, { x }, { fn }) => g.node(unary[fn], [x])),
  sum: reduce("ReduceSum"),
  mean: reduce("ReduceMean"),
  softmax: op((g, { x }) => g.node("Softmax", [x], { axis: 1 })),
  layerNorm: op((g, { x, weight, bias }) => g.node("LayerNormalization", [x, weight, bias])),
  transposeCopy: op((g, { x }) => g.node("Transpose", [x], { perm: [1, 0] })),
  embedding: op((g, { weight, index }) => g.node("Gather", [weight, index])),
  argmax: op((g, { x }) => g.node("ArgMax", [x], { axis: 1, keepdims: 0 }), INT64),
  topk: op((g, { x }, { k }) => g.nodeOf(2, "TopK", [x, g.whole(k)], { axis: 1 })[0]),
  sort: (inputs, row) => side(inputs, row, (g, { x }) => g.nodeOf(2, "TopK", [x, g.whole(row.inputs.x.shape[0])], { largest: 0 })[0]),
  uniform: op((g, _, { n }) => g.node("RandomUniform", [], { shape: [n] })),
  normal: op((g, _, { n }) => g.node("RandomNormal", [], { shape: [n] })),
  add(inputs, row) {
    if (row.args.requiresGrad) throw new Missing("onnxruntime-web has no gradients");
    return side(inputs, row, (g, { x, y }) => g.node("Add", [x, y]));
  },
  infer: (inputs, row) => side(inputs, row, (g, { x }) => network(g, x, row)),
};

export function start() {
  ort.env.wasm.numThreads = 1;
  return {
    prepare(row) {
      const kind = kindOf(kinds, row, "onnxruntime-web");
      const place = (spec) => new ort.Tensor(spec.int ? "int32" : "float32", values(spec), spec.shape);
      return kind(Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, place(spec)])), row);
    },
    about: () => ({ version: ort.env.versions.web ?? ort.env.versions.common, threads: ort.env.wasm.numThreads }),
  };
}
