import { fromTypedArray } from "lanegrad";
import { forward } from "./lane.js";
import { gemm, gemmUnrolled } from "./plain/gemm.js";
import { type Row, uniform } from "./row.js";

function row(n: number, plain: typeof gemm, extra: Partial<Row>): Row {
  const [a, b] = [uniform(1, n * n), uniform(2, n * n)];
  return {
    name: `${n}`,
    flops: 2 * n ** 3,
    baseline() {
      const out = new Float32Array(n * n);
      return { run: () => plain(out, a, b, n, n, n), result: () => out };
    },
    lanegrad() {
      const [x, y] = [fromTypedArray(a, [n, n]), fromTypedArray(b, [n, n])];
      return forward(() => x.matmul(y));
    },
    ...extra,
  };
}

export const rows: Row[] = [
  row(128, gemm, {}),
  row(256, gemm, {}),
  row(512, gemm, { bar: 20 }),
  row(1024, gemm, {}),
  row(512, gemmUnrolled, { name: "512, plain JS unrolled by four" }),
];
