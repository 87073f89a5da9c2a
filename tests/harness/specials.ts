/** The values that break elementwise kernels, and enough of them to fill vectors and leave a tail. */
export const SPECIALS = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -3, 100, -100, 1e-40, -1e38] as const;

/** Fewer, for the combinations of three inputs. */
const FEW = [NaN, Infinity, -Infinity, 0, -0, 1, -1] as const;

/** Columns of values whose rows are all combinations. */
export function specialInputs(count: number, values: readonly number[]): number[][] {
  const list = count > 2 ? FEW : values;
  const rows = list.length ** count;
  return Array.from({ length: count }, (_, input) =>
    Array.from({ length: rows }, (_, row) => list[Math.floor(row / list.length ** input) % list.length]!),
  );
}
