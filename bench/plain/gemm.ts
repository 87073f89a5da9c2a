// Matrix products as plain loops: rows as views made once, the inner loop along contiguous memory.
// Of the loop orders and index forms tried, these are the fastest that are still plain.

/** The rows of a matrix, as views. */
function rowsOf(x: Float32Array, count: number, width: number): Float32Array[] {
  return Array.from({ length: count }, (_, i) => x.subarray(i * width, (i + 1) * width));
}

/** out[m, n] = a[m, k] @ b[k, n] */
export function gemm(out: Float32Array, a: Float32Array, b: Float32Array, m: number, k: number, n: number): void {
  const bRows = rowsOf(b, k, n);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * n, (i + 1) * n);
    row.fill(0);
    for (let p = 0; p < k; p++) {
      const factor = a[i * k + p]!;
      const bRow = bRows[p]!;
      for (let j = 0; j < n; j++) row[j]! += factor * bRow[j]!;
    }
  }
}

/** `gemm` with four rows of b at a time: what hand-tuning in JavaScript brings. */
export function gemmUnrolled(out: Float32Array, a: Float32Array, b: Float32Array, m: number, k: number, n: number): void {
  const bRows = rowsOf(b, k, n);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * n, (i + 1) * n);
    row.fill(0);
    let p = 0;
    for (; p + 4 <= k; p += 4) {
      const at = i * k + p;
      const [f0, f1, f2, f3] = [a[at]!, a[at + 1]!, a[at + 2]!, a[at + 3]!];
      const [b0, b1, b2, b3] = [bRows[p]!, bRows[p + 1]!, bRows[p + 2]!, bRows[p + 3]!];
      for (let j = 0; j < n; j++) row[j]! += f0 * b0[j]! + f1 * b1[j]! + f2 * b2[j]! + f3 * b3[j]!;
    }
    for (; p < k; p++) {
      const factor = a[i * k + p]!;
      const bRow = bRows[p]!;
      for (let j = 0; j < n; j++) row[j]! += factor * bRow[j]!;
    }
  }
}

/** out[m, n] = a[m, k] @ b[n, k]ᵀ */
export function gemmTransposedB(out: Float32Array, a: Float32Array, b: Float32Array, m: number, k: number, n: number): void {
  const bRows = rowsOf(b, n, k);
  for (let i = 0; i < m; i++) {
    const aRow = a.subarray(i * k, (i + 1) * k);
    for (let j = 0; j < n; j++) {
      const bRow = bRows[j]!;
      let sum = 0;
      for (let p = 0; p < k; p++) sum += aRow[p]! * bRow[p]!;
      out[i * n + j] = sum;
    }
  }
}

/** out[m, n] = a[k, m]ᵀ @ b[k, n] */
export function gemmTransposedA(out: Float32Array, a: Float32Array, b: Float32Array, m: number, k: number, n: number): void {
  const bRows = rowsOf(b, k, n);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * n, (i + 1) * n);
    row.fill(0);
    for (let p = 0; p < k; p++) {
      const factor = a[p * m + i]!;
      const bRow = bRows[p]!;
      for (let j = 0; j < n; j++) row[j]! += factor * bRow[j]!;
    }
  }
}
