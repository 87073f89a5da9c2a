import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { copyInto, fillRaw, upload } from "../core/copy.js";
import { type DType, type TypedArray, dtypeInfo, getDefaultDType, isFloat } from "../core/dtype.js";
import { type Shape, checkShape, show, sizeOf } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";

export interface TensorOptions {
  /** Default: float32 (see setDefaultDType) for numbers, bool for booleans, the array's own for typed arrays. */
  dtype?: DType;
  /** Default false. */
  requiresGrad?: boolean;
}

/** Numbers or booleans, nested as deep as the tensor has dims. */
export type NestedArray = number | boolean | readonly NestedArray[] | TypedArray;

/**
 * A tensor with these values.
 *
 * Nested arrays give the shape; a typed array gives one dim, and its dtype. `torch.tensor([1, 2])` has an
 * integer dtype in PyTorch; JavaScript does not tell 1 from 1.0, so numbers give float32 here: pass a dtype.
 *
 * @throws ShapeError when the rows differ in length
 * @throws ArgumentError when something in it is no number
 */
export function tensor(data: NestedArray, options: TensorOptions = {}): Tensor {
  const shape: number[] = [];
  const flat: number[] = [];
  let probe: NestedArray = data;
  while (typeof probe === "object" && probe !== null && !ArrayBuffer.isView(probe)) {
    shape.push(probe.length);
    if (probe.length === 0) break;
    probe = probe[0]!;
  }
  if (ArrayBuffer.isView(probe)) shape.push(probe.length);
  const booleans = flatten(data, shape, 0, flat);
  const natural = ArrayBuffer.isView(probe) ? dtypeOfArray(probe) : booleans ? "bool" : getDefaultDType();
  return finish(upload(checkRange("tensor", flat, options.dtype ?? natural), shape, options.dtype ?? natural, "tensor"), options);
}

function flatten(data: NestedArray, shape: readonly number[], depth: number, into: number[]): boolean {
  if (typeof data === "number" || typeof data === "boolean") {
    if (depth !== shape.length) throw new ShapeError(`tensor(): a number stands where an array of ${shape[depth]} was expected (at depth ${depth})`);
    into.push(Number(data));
    return typeof data === "boolean";
  }
  if (data === null || typeof data !== "object" || typeof data.length !== "number") {
    throw new ArgumentError(`tensor(): expected numbers, booleans or arrays of them, got ${data === null ? "null" : typeof data}`);
  }
  if (depth >= shape.length) throw new ShapeError(`tensor(): an array stands where a number was expected (at depth ${depth})`);
  if (data.length !== shape[depth]) throw new ShapeError(`tensor(): rows differ in length: ${data.length} and ${shape[depth]} at depth ${depth}`);
  if (ArrayBuffer.isView(data)) {
    for (const value of data) into.push(value);
    return false;
  }
  let booleans = data.length > 0;
  for (const item of data) booleans = flatten(item, shape, depth + 1, into) && booleans;
  return booleans;
}

function dtypeOfArray(array: TypedArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint8Array) return "uint8";
  throw new DTypeError(`a ${Object.prototype.toString.call(array).slice(8, -1)} has no dtype here; use Float32Array, Float64Array, Int32Array or Uint8Array`);
}

function checkRange<T extends ArrayLike<number>>(name: string, values: T, dtype: DType): T {
  dtypeInfo(dtype);
  if (dtype !== "int32" && dtype !== "uint8") return values;
  const [low, high] = dtype === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 255];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= low && value <= high)) throw new DTypeError(`${name}(): ${value} does not fit ${dtype} (${low} to ${high})`);
  }
  return values;
}

/**
 * A tensor with the elements of a typed array, copied once, in its dtype.
 *
 * @param shape default `[array.length]`
 * @throws ShapeError when the shape has another number of elements
 */
export function fromTypedArray(array: TypedArray, shape: Shape = [array.length], options: { requiresGrad?: boolean; dtype?: DType } = {}): Tensor {
  checkShape("fromTypedArray", shape);
  if (sizeOf(shape) !== array.length) throw new ShapeError(`fromTypedArray(): ${array.length} elements do not fit the shape ${show(shape)}`);
  const natural = dtypeOfArray(array);
  const dtype = options.dtype ?? natural;
  return finish(upload(dtype === natural ? array : checkRange("fromTypedArray", array, dtype), shape, dtype, "fromTypedArray"), options);
}

function finish(x: Tensor, options: TensorOptions): Tensor {
  if (!options.requiresGrad) return x;
  try {
    x.requiresGrad = true;
  } catch (error) {
    x.dispose();
    throw error;
  }
  return x;
}

/** Uninitialised. @throws ShapeError on a bad shape */
export function empty(shape: Shape, options: TensorOptions = {}): Tensor {
  checkShape("empty", shape);
  const dtype = options.dtype ?? getDefaultDType();
  dtypeInfo(dtype);
  return finish(Tensor.empty(shape, dtype), options);
}

/** All elements `value`. The dtype is float32 unless given. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  checkShape("full", shape);
  const dtype = options.dtype ?? getDefaultDType();
  dtypeInfo(dtype);
  const out = Tensor.empty(shape, dtype, "full");
  fillRaw(out, value);
  return finish(out, options);
}

/** All 0. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** All 1. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** All 0, in the shape and dtype of `x`. */
export function zerosLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return full(x.shape, 0, { dtype: x.dtype, ...options });
}

/** All 1, in the shape and dtype of `x`. */
export function onesLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return full(x.shape, 1, { dtype: x.dtype, ...options });
}

/** All `value`, in the shape and dtype of `x`. */
export function fullLike(x: Tensor, value: number, options: TensorOptions = {}): Tensor {
  return full(x.shape, value, { dtype: x.dtype, ...options });
}

/** Uninitialised, in the shape and dtype of `x`. */
export function emptyLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return empty(x.shape, { dtype: x.dtype, ...options });
}

/**
 * `start`, `start + step`, … up to but not `end`. With one number: 0 up to it.
 *
 * int32 when all are whole numbers (int64 in PyTorch), else float32.
 * @throws ArgumentError when step is 0 or leads away from end
 */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, until] = end === undefined ? [0, start] : [start, end];
  if (![from, until, step].every(Number.isFinite)) throw new ArgumentError(`arange(): bounds and step must be finite, got ${from}, ${until}, ${step}`);
  if (step === 0 || (until - from) * step < 0) throw new ArgumentError(`arange(): step ${step} does not lead from ${from} to ${until}`);
  const natural = [from, until, step].every(Number.isInteger) ? "int32" : getDefaultDType();
  const count = Math.ceil((until - from) / step);
  return ramp("arange", from, step, count, options, natural);
}

/** `steps` evenly spaced values from `start` to `end`, both included. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  checkShape("linspace", [steps]);
  const dtype = options.dtype ?? getDefaultDType();
  const exact = dtype === "float32" ? Math.fround : (x: number) => x;
  const step = exact((exact(end) - exact(start)) / Math.max(1, steps - 1));
  // From both ends to the middle, as PyTorch does, so that the last value is `end` itself.
  const half = Math.floor(steps / 2);
  const values = Float64Array.from({ length: steps }, (_, i) => (i < half || steps === 1 ? exact(start) + step * i : exact(end) - step * (steps - 1 - i)));
  return finish(upload(values, [steps], dtype, "linspace"), options);
}

function ramp(name: string, start: number, step: number, count: number, options: TensorOptions, natural: DType): Tensor {
  const dtype = options.dtype ?? natural;
  if (dtype === "uint8" || dtype === "bool") throw new DTypeError(`${name}(): no ${dtype} ramp; make an int32 one and convert it with .to("${dtype}")`);
  const out = Tensor.empty([count], dtype, name);
  launch(`arange_${dtypeInfo(dtype).kernel as "f32" | "f64" | "i32"}`, [out.ptr, start, step], count);
  return finish(out, options);
}

/** The identity matrix of n rows and m (default n) columns. */
export function eye(n: number, m: number = n, options: TensorOptions = {}): Tensor {
  const out = zeros([n, m], options);
  const diagonal = new Tensor(out.storage, [Math.min(n, m)], [m + 1], 0, out.dtype);
  const one = full([], 1, { dtype: out.dtype });
  copyInto(diagonal, one);
  one.dispose();
  return out;
}

/** Whether the dtype is float32 or float64. */
export function isFloatingPoint(x: Tensor): boolean {
  return isFloat(x.dtype);
}
