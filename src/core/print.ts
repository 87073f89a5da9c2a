import { type TypedArray, getDefaultDType, isFloat } from "./dtype.js";
import { sizeOf } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** As torch.set_printoptions has them by default. */
const PRECISION = 4;
const THRESHOLD = 1000;
const EDGE = 3;
const LINE_WIDTH = 80;
const PREFIX = "tensor(";

/**
 * A tensor as PyTorch prints it, but for JavaScript's spellings: `true`, `dtype=float64`, `requiresGrad=true`,
 * `gradFn=<MulBackward>`. int32 stands where int64 stands there, so it is not named either.
 */
export function format(x: Tensor, flat: TypedArray): string {
  const number = numberFormat(x, flat);
  const text = PREFIX + (x.numel === 0 ? "[]" : formatDim(x, flat, number, 0, 0, PREFIX.length));
  return addSuffixes(text, suffixesOf(x));
}

function suffixesOf(x: Tensor): string[] {
  const suffixes: string[] = [];
  const empty = x.numel === 0;
  if (empty && x.ndim !== 1) suffixes.push(`size=(${x.shape.join(", ")})`);
  // No dtype that the elements give away by themselves.
  const plain = x.dtype === getDefaultDType() || (!empty && (x.dtype === "int32" || x.dtype === "bool"));
  if (!plain) suffixes.push(`dtype=${x.dtype}`);
  if (x.gradFn) suffixes.push(`gradFn=<${x.gradFn.name}>`);
  else if (x.requiresGrad) suffixes.push("requiresGrad=true");
  return suffixes;
}

function addSuffixes(body: string, suffixes: readonly string[]): string {
  let text = body;
  let width = body.length - body.lastIndexOf("\n") + 1;
  for (const suffix of suffixes) {
    const breaks = width + suffix.length + 2 > LINE_WIDTH;
    text += breaks ? `,\n${" ".repeat(PREFIX.length)}${suffix}` : `, ${suffix}`;
    width = breaks ? PREFIX.length + suffix.length : width + suffix.length + 2;
  }
  return `${text})`;
}

interface NumberFormat {
  readonly width: number;
  readonly show: (value: number) => string;
}

/** The positions along a dim that are shown; -1 for the dots between. */
function positions(x: Tensor, dim: number): number[] {
  const size = x.shape[dim]!;
  const ends = [...Array(EDGE).keys()];
  if (x.numel <= THRESHOLD || size <= 2 * EDGE) return [...Array(size).keys()];
  return [...ends, -1, ...ends.map((i) => size - EDGE + i)];
}

function formatDim(x: Tensor, flat: TypedArray, number: NumberFormat, dim: number, start: number, indent: number): string {
  if (dim === x.ndim) return number.show(flat[start]!).padStart(number.width);
  const step = sizeOf(x.shape.slice(dim + 1));
  const inner = dim < x.ndim - 1;
  const parts = positions(x, dim).map((i) => {
    if (i < 0) return inner ? "..." : " ...";
    return formatDim(x, flat, number, dim + 1, start + i * step, indent + 1);
  });
  const margin = " ".repeat(indent + 1);
  if (inner) return `[${parts.join(`,${"\n".repeat(x.ndim - dim - 1)}${margin}`)}]`;
  return `[${lines(parts, Math.max(1, Math.floor((LINE_WIDTH - indent) / (number.width + 2)))).join(`,\n${margin}`)}]`;
}

function lines(parts: readonly string[], perLine: number): string[] {
  const count = Math.ceil(parts.length / perLine);
  return Array.from({ length: count }, (_, i) => parts.slice(i * perLine, (i + 1) * perLine).join(", "));
}

/** The values that are shown: only those count for the choice of format. */
function shown(x: Tensor, flat: TypedArray, dim = 0, start = 0): number[] {
  if (dim === x.ndim) return [flat[start]!];
  const step = sizeOf(x.shape.slice(dim + 1));
  return positions(x, dim).flatMap((i) => (i < 0 ? [] : shown(x, flat, dim + 1, start + i * step)));
}

function numberFormat(x: Tensor, flat: TypedArray): NumberFormat {
  if (x.numel === 0) return { width: 1, show: String };
  const values = shown(x, flat);
  if (!isFloat(x.dtype)) {
    const plain = (value: number): string => (x.dtype === "bool" ? String(value !== 0) : String(value));
    return widthOf(values, plain);
  }
  const counted = values.filter((value) => Number.isFinite(value) && value !== 0);
  const finite = floatFormat(counted);
  // PyTorch does not count the width of zeros, nan and inf.
  return widthOf(counted, (value) => (Number.isFinite(value) ? finite(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"));
}

function widthOf(values: readonly number[], plain: (value: number) => string): NumberFormat {
  return { width: Math.max(1, ...values.map((value) => plain(value).length)), show: plain };
}

/** Whole numbers as `1.`, wide ranges as `1.0000e+05`, the rest with four decimals. */
function floatFormat(values: readonly number[]): (value: number) => string {
  const sizes = values.map(Math.abs);
  const most = Math.max(...sizes);
  const least = Math.min(...sizes);
  if (values.length > 0 && (most / least > 1000 || most > 1e8 || least < 1e-4)) return scientific;
  return values.every(Number.isInteger) ? (value) => `${Object.is(value, -0) ? "-0" : value}.` : fixed;
}

function fixed(value: number): string {
  return (Object.is(value, -0) ? "-" : "") + tiesToEven(value.toFixed(PRECISION), value.toFixed(MANY));
}

function scientific(value: number): string {
  const text = tiesToEven(value.toExponential(PRECISION), value.toExponential(MANY));
  return (Object.is(value, -0) ? "-" : "") + text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Enough digits to see that a number lies exactly between two of fewer digits. */
const MANY = 60;

/** JavaScript rounds a tie away from zero, Python to the even digit. */
function tiesToEven(rounded: string, long: string): string {
  const cut = long.indexOf(".") + 1 + PRECISION;
  const [, digits, exponent] = /^(\d+)(e.*)?$/.exec(long.slice(cut))!;
  const tie = /^50*$/.test(digits!);
  const even = Number(long[cut - 1]) % 2 === 0;
  return tie && even ? long.slice(0, cut) + (exponent ?? "") : rounded;
}
