import { type Row, between, floats } from "../row.js";

const subject = "elementwise";
const N = 1_000_000;
const FLOAT = 4;

function unary(fn: string, times?: number): Row {
  const bar = times === undefined ? undefined : { peer: "torch", times };
  return { subject, name: `${fn}, 10^6`, kind: "unary", inputs: { x: between(-5, 5, 1, N) }, args: { fn }, bytes: 2 * FLOAT * N, bar };
}

const [a, b, c] = [floats(1, N), floats(2, N), floats(3, N)];

export const rows: Row[] = [
  {
    subject,
    name: "a·b+c, 10^6",
    kind: "multiplyAdd",
    inputs: { a, b, c },
    args: {},
    bytes: 4 * FLOAT * N,
    bar: { peer: "torch", times: 1.1 },
  },
  unary("exp", 4),
  unary("tanh", 5),
  unary("gelu", 5),
  unary("sigmoid"),
  unary("relu"),
];
