import { ArgumentError, IndexError, ShapeError } from "../runtime/errors.js";

export type Shape = readonly number[];

/** The number of elements. 1 for a scalar's `[]`. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Row-major strides, in elements. */
export function contiguousStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= Math.max(1, shape[i]!);
  }
  return strides;
}

/** Whether the elements lie in row-major order without gaps. Sizes 1 and empty tensors do not care. */
export function isContiguous(shape: Shape, strides: Shape): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!;
    if (size === 0) return true;
    if (size !== 1) {
      if (strides[i] !== step) return false;
      step *= size;
    }
  }
  return true;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]`, as messages show it. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Bytes are addressed by 32 bits, so no tensor can have more elements than that. */
const MOST = 2 ** 32;
/** As in PyTorch. */
const MOST_DIMS = 64;

/** @throws ShapeError unless it is a list of at most 64 entries */
export function checkDims(name: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw new ShapeError(`${name}(): expected a list such as [2, 3], got ${String(shape)}`);
  if (shape.length > MOST_DIMS) throw new ShapeError(`${name}(): a tensor has at most ${MOST_DIMS} dims, ${shape.length} were asked for`);
}

/** @throws ShapeError unless every size is a whole number from 0 on and the tensor is addressable */
export function checkShape(name: string, shape: Shape): void {
  checkDims(name, shape);
  let most = 1; // a size of 0 hides no other
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) throw new ShapeError(`${name}(): sizes must be whole numbers from 0 on, got ${show(shape)}`);
    most *= Math.max(1, size);
  }
  if (most > MOST) throw new ShapeError(`${name}(): ${show(shape)} has more elements than 4 GiB of memory can hold`);
}

/** `dim` counted from 0. @throws IndexError when it is outside `-ndim..ndim - 1` */
export function normalizeDim(name: string, dim: number, ndim: number): number {
  const n = Math.max(1, ndim); // a scalar has dim 0 and -1, as in PyTorch
  if (!Number.isInteger(dim) || dim < -n || dim >= n) {
    throw new IndexError(`${name}(): dim ${dim} is out of range for a tensor of ${ndim} dim(s); expected ${-n} to ${n - 1}`);
  }
  return dim < 0 ? dim + n : dim;
}

/** Several dims, sorted, without repeats; all of them for `null` and `[]`. */
export function normalizeDims(name: string, dims: number | readonly number[] | null | undefined, ndim: number): number[] {
  if (dims === null || dims === undefined || (typeof dims === "object" && dims.length === 0)) {
    const all: number[] = [];
    for (let dim = 0; dim < ndim; dim++) all.push(dim);
    return all;
  }
  if (typeof dims === "number") {
    const dim = normalizeDim(name, dims, ndim);
    return ndim === 0 ? [] : [dim];
  }
  if (typeof dims !== "object") throw new ArgumentError(`${name}(): dim must be a whole number or a list of them, got ${String(dims)}`);
  const normal = dims.map((dim) => normalizeDim(name, dim, ndim)).sort((a, b) => a - b);
  if (new Set(normal).size !== normal.length) throw new ArgumentError(`${name}(): a dim appears twice in ${show(dims)}`);
  return ndim === 0 ? [] : normal;
}

/** The common shape under broadcasting. @throws ShapeError naming the first dim that differs */
export function broadcastShapes(name: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const out = new Array<number>(ndim);
  for (let i = 1; i <= ndim; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new ShapeError(
        `${name}(): shapes ${show(a)} and ${show(b)} do not broadcast: sizes ${x} and ${y} at dim ${-i} differ and neither is 1`,
      );
    }
    out[ndim - i] = x === 1 ? y : x;
  }
  return out;
}

/** The strides that make a tensor of `shape` look like `target`: 0 along what is repeated. */
export function broadcastStrides(shape: Shape, strides: Shape, target: Shape): number[] {
  const shift = target.length - shape.length;
  return target.map((size, i) => {
    const own = i - shift;
    return own < 0 || (shape[own] === 1 && size !== 1) ? 0 : strides[own]!;
  });
}
