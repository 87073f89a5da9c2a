import { type Bar, type Row, floats } from "../row.js";

const subject = "gemm";
const FLOAT = 4;
const near: Row["bar"] = { plain: { limit: 0.85 }, relaxed: { limit: 0.8 } };

function product(name: string, m: number, k: number, n: number, extra: Partial<Row> = {}): Row {
  return { subject, name, kind: "matmul", inputs: { a: floats(1, m, k), b: floats(2, k, n) }, args: {}, flops: 2 * m * k * n, ...extra };
}

/** One operand is stored the other way round: the product is the same. */
function transposed(which: "a" | "b", n: number): Row {
  const inputs = { a: floats(1, n, n), b: floats(2, n, n) };
  const bar: Bar = { row: `gemm ${n}`, times: 1.05 };
  return { subject, name: `${n}, ${which} transposed`, kind: "matmul", inputs, args: { [which]: true }, flops: 2 * n ** 3, bar };
}

const [batch, m, k, n] = [64, 64, 32, 64];

export const rows: Row[] = [
  ...[64, 128, 256, 512, 1024, 2048].map((size) =>
    product(`${size}`, size, size, size, { ...(size >= 256 && { bar: near }), threaded: size >= 512 }),
  ),
  transposed("a", 512),
  transposed("b", 512),
  product("64x784 · 784x256", 64, 784, 256, { bar: { limit: 0.6 } }),
  product("1x1024 · 1024x1024", 1, 1024, 1024, { bytes: FLOAT * 1024 * 1026, bar: { copy: 0.7 } }),
  {
    subject,
    name: `batched ${batch}x(${m}x${k} · ${k}x${n})`,
    kind: "matmul",
    inputs: { a: floats(1, batch, m, k), b: floats(2, batch, k, n) },
    args: {},
    flops: 2 * batch * m * k * n,
    bar: { limit: 0.6 },
  },
];
