import { type Tensor, fromTypedArray } from "lanegrad";
import { forward, leaving } from "./lane.js";
import { type Row, type Side, uniform } from "./row.js";

const N = 1_000_000;
const FLOAT = 4;
const [a, b, c] = [uniform(1, N), uniform(2, N), uniform(3, N)];

function plain(fn: (out: Float32Array) => void): () => Side {
  return () => {
    const out = new Float32Array(N);
    return { run: () => fn(out), result: () => out };
  };
}

const multiplyAdd = plain((out) => {
  for (let i = 0; i < N; i++) out[i] = a[i]! * b[i]! + c[i]!;
});

function ternary(fn: (x: Tensor, y: Tensor, z: Tensor) => Side): () => Side {
  return () => fn(fromTypedArray(a), fromTypedArray(b), fromTypedArray(c));
}

const wide = a.map((value) => 5 * value);
const unary = (name: string, loop: (out: Float32Array) => void, fn: (x: Tensor) => Tensor): Row => ({
  name,
  bytes: 2 * FLOAT * N,
  baseline: plain(loop),
  lanegrad() {
    const x = fromTypedArray(wide);
    return forward(() => fn(x));
  },
});

export const rows: Row[] = [
  {
    name: "a*b+c, 10^6, addcmul",
    bytes: 4 * FLOAT * N,
    baseline: multiplyAdd,
    lanegrad: ternary((x, y, z) => forward(() => z.addcmul(x, y))),
  },
  {
    // Shows what memory that nobody thinks about costs: nothing tells the library when a result is garbage.
    name: "a*b+c, 10^6, mul then add, never disposed",
    bytes: 4 * FLOAT * N,
    baseline: multiplyAdd,
    lanegrad: ternary((x, y, z) => leaving(() => x.mul(y).add(z))),
  },
  unary(
    "exp, 10^6",
    (out) => {
      for (let i = 0; i < N; i++) out[i] = Math.exp(wide[i]!);
    },
    (x) => x.exp(),
  ),
  unary(
    "tanh, 10^6",
    (out) => {
      for (let i = 0; i < N; i++) out[i] = Math.tanh(wide[i]!);
    },
    (x) => x.tanh(),
  ),
  unary(
    "relu, 10^6",
    (out) => {
      for (let i = 0; i < N; i++) out[i] = wide[i]! > 0 ? wide[i]! : 0;
    },
    (x) => x.relu(),
  ),
  {
    name: "sum, 10^6",
    bytes: FLOAT * N,
    baseline() {
      const positive = uniform(4, N, 0, 1);
      let sum = 0;
      return {
        run() {
          sum = 0;
          for (let i = 0; i < N; i++) sum += positive[i]!;
        },
        result: () => [sum],
      };
    },
    lanegrad() {
      const x = fromTypedArray(uniform(4, N, 0, 1));
      return forward(() => x.sum());
    },
  },
];
