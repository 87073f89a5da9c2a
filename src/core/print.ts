import { type TypedArray, isFloat } from "./dtype.js";
import type { Tensor } from "./tensor.js";

/** As torch.set_printoptions has them by default. */
const PRECISION = 4;
const THRESHOLD = 1000;
const EDGE = 3;
const LINE_WIDTH = 80;
const PREFIX = "tensor(";

/** A tensor as PyTorch prints it. */
export function format(x: Tensor, flat: TypedArray): string {
  const show = numberFormat(x, flat);
  const body = x.numel === 0 ? "[]" : formatDim(x, flat, show, 0, 0, PREFIX.length);
  const suffixes: string[] = [];
  if (x.numel === 0 && x.ndim !== 1) suffixes.push(`size=(${x.shape.join(", ")}${x.ndim === 1 ? "," : ""})`);
  if (x.dtype !== "float32" && x.dtype !== "bool") suffixes.push(`dtype=torch.${x.dtype}`.replace("torch.", ""));
  if (x.gradFn) suffixes.push(`gradFn=<${x.gradFn.name}>`);
  else if (x.requiresGrad) suffixes.push("requiresGrad=true");
  const lastLine = body.length - body.lastIndexOf("\n") - 1;
  let text = PREFIX + body;
  let width = lastLine + (body.includes("\n") ? 0 : PREFIX.length);
  for (const suffix of suffixes) {
    const breaks = width + suffix.length + 3 > LINE_WIDTH;
    text += breaks ? `,\n${" ".repeat(PREFIX.length)}${suffix}` : `, ${suffix}`;
    width = breaks ? PREFIX.length + suffix.length : width + suffix.length + 2;
  }
  return `${text})`;
}

function formatDim(x: Tensor, flat: TypedArray, show: (value: number) => string, dim: number, start: number, indent: number): string {
  if (dim === x.ndim) return show(flat[start]!);
  const size = x.shape[dim]!;
  const step = x.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
  const summarize = x.numel > THRESHOLD && size > 2 * EDGE;
  const indices = summarize ? [...Array(EDGE).keys(), -1, ...[...Array(EDGE).keys()].map((i) => size - EDGE + i)] : [...Array(size).keys()];
  const parts = indices.map((i) => (i < 0 ? "..." : formatDim(x, flat, show, dim + 1, start + i * step, indent + 1)));
  if (dim < x.ndim - 1) {
    const gap = `,${"\n".repeat(x.ndim - dim - 1)}${" ".repeat(indent + 1)}`;
    return `[${parts.join(gap)}]`;
  }
  return `[${wrap(parts, indent + 1)}]`;
}

/** As many elements on a line as fit in 80 columns. */
function wrap(parts: string[], indent: number): string {
  const width = Math.max(...parts.map((part) => part.length), 1) + 2;
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / width));
  const lines: string[] = [];
  for (let i = 0; i < parts.length; i += perLine) lines.push(parts.slice(i, i + perLine).join(", "));
  return lines.join(`,\n${" ".repeat(indent)}`);
}

/** The values that are shown, as PyTorch looks only at those for its choice of format. */
function shown(x: Tensor, flat: TypedArray): number[] {
  if (x.numel <= THRESHOLD) return Array.from(flat);
  const values: number[] = [];
  const visit = (dim: number, start: number): void => {
    if (dim === x.ndim) {
      values.push(flat[start]!);
      return;
    }
    const size = x.shape[dim]!;
    const step = x.shape.slice(dim + 1).reduce((a, b) => a * b, 1);
    for (let i = 0; i < size; i++) if (size <= 2 * EDGE || i < EDGE || i >= size - EDGE) visit(dim + 1, start + i * step);
  };
  visit(0, 0);
  return values;
}

function numberFormat(x: Tensor, flat: TypedArray): (value: number) => string {
  const values = shown(x, flat);
  const pad = (texts: string[]): number => (x.ndim === 0 ? 0 : Math.max(0, ...texts.map((text) => text.length)));
  if (!isFloat(x.dtype)) {
    const plain = (value: number): string => (x.dtype === "bool" ? (value ? "true" : "false") : String(value));
    const width = pad(values.map(plain));
    return (value) => plain(value).padStart(width);
  }
  const plain = floatFormat(values);
  const width = pad(values.filter(Number.isFinite).map(plain).concat(values.filter((v) => !Number.isFinite(v)).map(special)));
  return (value) => (Number.isFinite(value) ? plain(value) : special(value)).padStart(width);
}

function special(value: number): string {
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/** Whole numbers as `1.`, wide ranges as `1.0000e+05`, the rest with four decimals. */
function floatFormat(values: number[]): (value: number) => string {
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const most = Math.max(0, ...sizes);
  const least = Math.min(Infinity, ...sizes);
  const scientific = (value: number): string => value.toExponential(PRECISION).replace(/e([+-])(\d)$/, "e$10$2");
  if (values.filter(Number.isFinite).every(Number.isInteger)) {
    return most / least > 1000 || most > 1e8 ? (most > 1e8 ? scientific : dotted) : dotted;
  }
  if (most / least > 1000 || most > 1e8 || least < 1e-4) return scientific;
  return (value) => value.toFixed(PRECISION);
}

function dotted(value: number): string {
  return `${Object.is(value, -0) ? "-0" : value}.`;
}
