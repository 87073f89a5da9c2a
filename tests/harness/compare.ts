import type { DType, TypedArray } from "../../src/core/dtype.js";
import { isFloat } from "../../src/core/dtype.js";
import { show } from "../../src/core/shape.js";

/** What a tensor held. */
export interface Values {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

export type Tolerance = (dtype: DType) => number;

/** Not one bit may differ; any NaN is a NaN. */
export const EXACT: Tolerance = () => 0;

/** @throws Error at the first element that is off by more than `tolerance(dtype) * max(1, |expected|)` */
export function expectSame(what: string, actual: Values, expected: Values, tolerance: Tolerance): void {
  if (actual.dtype !== expected.dtype) throw new Error(`${what}: dtype ${actual.dtype}, expected ${expected.dtype}`);
  if (show(actual.shape) !== show(expected.shape))
    throw new Error(`${what}: shape ${show(actual.shape)}, expected ${show(expected.shape)}`);
  const limit = isFloat(expected.dtype) ? tolerance(expected.dtype) : 0;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [actual.data[i]!, expected.data[i]!];
    if (same(a, b, limit)) continue;
    const off = Math.abs(a - b);
    const by = Number.isFinite(off)
      ? `, off by ${off.toExponential(2)} where ${(limit * Math.max(1, Math.abs(b))).toExponential(2)} is allowed`
      : "";
    throw new Error(`${what}: element ${show(position(i, expected.shape))} is ${printed(a)}, expected ${printed(b)}${by}`);
  }
}

function same(a: number, b: number, limit: number): boolean {
  if (Object.is(a, b)) return true;
  if (limit === 0) return false;
  return Math.abs(a - b) <= limit * Math.max(1, Math.abs(b));
}

const printed = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

function position(index: number, shape: readonly number[]): number[] {
  const at: number[] = [];
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    at.unshift(index % shape[dim]!);
    index = Math.floor(index / shape[dim]!);
  }
  return at;
}
