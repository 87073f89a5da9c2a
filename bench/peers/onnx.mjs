// Writes ONNX models: as much of protocol buffers, and of ONNX's messages, as the bench needs.

const utf8 = new TextEncoder();

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

function concat(chunks) {
  const out = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

const int = (field, value) => Uint8Array.from([...varint(field << 3), ...varint(value)]);
const float = (field, value) => concat([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
const bytes = (field, data) => concat([varint((field << 3) | 2), varint(data.length), data]);
const text = (field, value) => bytes(field, utf8.encode(value));
const message = (field, ...parts) => bytes(field, concat(parts));

const FLOAT = 1;
const types = new Map([
  [Float32Array, FLOAT],
  [Int32Array, 6],
  [BigInt64Array, 7],
]);

/** Whole numbers are ints; { f: 1 } is a float; strings and lists of whole numbers as they are. */
function attribute(name, value) {
  if (Array.isArray(value)) return message(5, text(1, name), ...value.map((v) => int(8, v)), int(20, 7));
  if (typeof value === "string") return message(5, text(1, name), text(4, value), int(20, 3));
  if (typeof value === "object") return message(5, text(1, name), float(2, value.f), int(20, 1));
  return message(5, text(1, name), int(3, value), int(20, 2));
}

/** A graph that grows node by node; names stand for its values. */
export class Graph {
  nodes = [];
  constants = [];
  inputs = [];
  count = 0;

  fresh() {
    return `v${this.count++}`;
  }

  input(name, type = FLOAT, shape = []) {
    const dims = shape.map((size) => message(1, int(1, size)));
    this.inputs.push(message(11, text(1, name), message(2, message(1, int(1, type), message(2, ...dims)))));
    return name;
  }

  constant(data, shape = [data.length]) {
    const name = this.fresh();
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const dims = shape.map((size) => int(1, size));
    this.constants.push(message(5, ...dims, int(2, types.get(data.constructor)), text(8, name), bytes(9, raw)));
    return name;
  }

  /** int64, as shapes and axes are. */
  whole(...numbers) {
    return this.constant(BigInt64Array.from(numbers, BigInt));
  }

  /** The names of a node's results. */
  nodeOf(count, op, inputs, attributes = {}) {
    const outputs = Array.from({ length: count }, () => this.fresh());
    const fields = [
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(4, op),
      ...Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    ];
    this.nodes.push(message(1, ...fields));
    return outputs;
  }

  node(op, inputs, attributes) {
    return this.nodeOf(1, op, inputs, attributes)[0];
  }

  /** The bytes of a model that gives `output`. */
  model(output, type = FLOAT) {
    const result = message(12, text(1, output), message(2, message(1, int(1, type))));
    const graph = message(7, ...this.nodes, text(2, "bench"), ...this.constants, ...this.inputs, result);
    return concat([int(1, 9), graph, message(8, text(1, ""), int(2, 20))]);
  }
}
