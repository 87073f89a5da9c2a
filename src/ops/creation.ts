import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, OutOfMemoryError, ShapeError } from "../runtime/errors.js";
import { observed } from "../runtime/observer.js";
import { constant } from "../core/constant.js";
import { cast, copyInto, fillRaw, upload, writeInto } from "../core/copy.js";
import { type DType, type TypedArray, checkFill, checkRange, dtypeInfo, getDefaultDType, isFloat } from "../core/dtype.js";
import { type PlainTensor, isPlainTensor } from "../core/plain.js";
import { type Shape, checkShape, show, sizeOf } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";

export interface TensorOptions {
  /** Default: float32 (see setDefaultDType) for numbers, bool for booleans, the array's own for typed arrays. */
  dtype?: DType;
  /** Default false. */
  requiresGrad?: boolean;
}

/** Typed arrays that tensors are made from. The clamped one is what a canvas gives. */
export type SourceArray = TypedArray | Uint8ClampedArray;

/** Numbers or booleans, nested as deep as the tensor has dims. */
export type NestedArray = number | boolean | readonly NestedArray[] | SourceArray;

/**
 * A tensor with these values.
 *
 * Nested arrays give the shape; a typed array gives one dim, and its dtype. `torch.tensor([1, 2])` has an
 * integer dtype in PyTorch; JavaScript does not tell 1 from 1.0, so numbers give float32 here: pass a dtype.
 * Integer dtypes cut fractions off. Plain data that was a tensor in another thread has its shape and dtype with it.
 *
 * @throws ShapeError when the rows differ in length
 * @throws ArgumentError when something in it is no number
 * @throws DTypeError when a value does not fit the dtype
 */
export function tensor(data: NestedArray | PlainTensor, options: TensorOptions = {}): Tensor {
  if (isTypedArray(data)) return fromTypedArray(data, [data.length], options);
  if (isPlainTensor(data)) return fromTypedArray(data.data, data.shape, { dtype: data.dtype, ...options });
  const { shape, innermost } = shapeOf(data);
  const flat = numbersFor(shape);
  const into = { flat, at: 0 };
  const booleans = flatten(data, shape, 0, into);
  const natural = isTypedArray(innermost) ? dtypeOfArray(innermost) : booleans ? "bool" : getDefaultDType();
  const dtype = options.dtype ?? natural;
  checkRange("tensor", flat, dtype);
  return finish(observed("tensor", upload, flat, shape, dtype, "tensor"), options);
}

/** The shape as the first element of each array has it. */
function shapeOf(data: NestedArray): { shape: number[]; innermost: NestedArray } {
  const shape: number[] = [];
  let innermost = data;
  while (Array.isArray(innermost) || isTypedArray(innermost)) {
    shape.push(innermost.length);
    checkShape("tensor", shape); // also stops at an array within itself
    if (innermost.length === 0 || isTypedArray(innermost)) break;
    innermost = innermost[0] as NestedArray;
  }
  return { shape, innermost };
}

function numbersFor(shape: Shape): Float64Array {
  try {
    return new Float64Array(sizeOf(shape));
  } catch (error) {
    throw new OutOfMemoryError(`tensor(): out of memory: ${show(shape)} is too large to be read from nested arrays; use fromTypedArray()`, {
      cause: error,
    });
  }
}

function isTypedArray(data: unknown): data is SourceArray {
  return ArrayBuffer.isView(data) && !(data instanceof DataView);
}

/** Puts the numbers in order. True when all are booleans. */
function flatten(data: NestedArray, shape: Shape, depth: number, into: { readonly flat: Float64Array; at: number }): boolean {
  if (typeof data === "number" || typeof data === "boolean") {
    if (depth !== shape.length)
      throw new ShapeError(`tensor(): a number stands where an array of ${shape[depth]} was expected (at depth ${depth})`);
    into.flat[into.at++] = Number(data);
    return typeof data === "boolean";
  }
  if (!Array.isArray(data) && !isTypedArray(data))
    throw new ArgumentError(`tensor(): expected numbers, booleans or arrays of them, got ${whatIs(data)}`);
  if (depth >= shape.length) throw new ShapeError(`tensor(): an array stands where a number was expected (at depth ${depth})`);
  if (data.length !== shape[depth])
    throw new ShapeError(`tensor(): rows differ in length: ${data.length} and ${shape[depth]} at depth ${depth}`);
  if (isTypedArray(data)) {
    if (depth + 1 !== shape.length)
      throw new ShapeError(`tensor(): a number stands where an array of ${shape[depth + 1]} was expected (at depth ${depth + 1})`);
    dtypeOfArray(data); // refuses bigints
    into.flat.set(data, into.at);
    into.at += data.length;
    return false;
  }
  let booleans = data.length > 0;
  for (const item of data as readonly NestedArray[]) booleans = flatten(item, shape, depth + 1, into) && booleans;
  return booleans;
}

function whatIs(data: unknown): string {
  if (data instanceof Tensor) return "a tensor; use clone(), or stack() for several";
  return data === null ? "null" : typeof data;
}

function dtypeOfArray(array: SourceArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Uint8Array || array instanceof Uint8ClampedArray) return "uint8";
  throw new DTypeError(
    `a ${Object.prototype.toString.call(array).slice(8, -1)} has no dtype here; use Float32Array, Float64Array, Int32Array or Uint8Array`,
  );
}

/**
 * A tensor with the elements of a typed array, copied once, in its dtype.
 *
 * @param shape default `[array.length]`
 * @throws ShapeError when the shape has another number of elements
 */
export function fromTypedArray(array: SourceArray, shape: Shape = [array.length], options: TensorOptions = {}): Tensor {
  const natural = dtypeOfArray(array);
  checkShape("fromTypedArray", shape);
  if (sizeOf(shape) !== array.length)
    throw new ShapeError(`fromTypedArray(): ${array.length} elements do not fit the shape ${show(shape)}`);
  const dtype = options.dtype ?? natural;
  if (dtype !== natural) checkRange("fromTypedArray", array, dtype);
  return finish(observed("fromTypedArray", upload, array, shape, dtype, "fromTypedArray"), options);
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

/**
 * All elements `value`. The dtype is bool for a boolean, else float32 unless given.
 * @throws DTypeError when the dtype cannot hold the value
 */
export function full(shape: Shape, value: number | boolean, options: TensorOptions = {}): Tensor {
  return filled("full", shape, value, options);
}

function filled(name: string, shape: Shape, value: number | boolean, options: TensorOptions): Tensor {
  checkShape(name, shape);
  const dtype = options.dtype ?? (typeof value === "boolean" ? "bool" : getDefaultDType());
  const number = checkFill(name, value, dtype);
  return finish(observed(name, filledWith, name, shape, number, dtype), options);
}

function filledWith(name: string, shape: Shape, value: number, dtype: DType): Tensor {
  const out = Tensor.empty(shape, dtype, name);
  fillRaw(out, value);
  return out;
}

/** All 0. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled("zeros", shape, 0, options);
}

/** All 1. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return filled("ones", shape, 1, options);
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
export function fullLike(x: Tensor, value: number | boolean, options: TensorOptions = {}): Tensor {
  return full(x.shape, value, { dtype: x.dtype, ...options });
}

/** Uninitialised, in the shape and dtype of `x`. */
export function emptyLike(x: Tensor, options: TensorOptions = {}): Tensor {
  return empty(x.shape, { dtype: x.dtype, ...options });
}

/**
 * `start`, `start + step`, … up to but not `end`. With one number: 0 up to it. Options may stand last in each form.
 *
 * int32 when all are whole numbers (int64 in PyTorch), else float32.
 * @throws ArgumentError when step is 0 or leads away from end
 * @throws DTypeError when the dtype cannot hold all of them
 */
export function arange(end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, options?: TensorOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: TensorOptions): Tensor;
export function arange(...params: (number | TensorOptions | undefined)[]): Tensor {
  const { numbers, options } = partsOf(params);
  const [from, until, step = 1] = numbers.length === 1 ? [0, numbers[0]!] : (numbers as [number, number, number?]);
  if (![from, until, step].every(Number.isFinite))
    throw new ArgumentError(`arange(): bounds and step must be finite, got ${from}, ${until}, ${step}`);
  if (step === 0 || (until - from) * step < 0) throw new ArgumentError(`arange(): step ${step} does not lead from ${from} to ${until}`);
  const whole = [from, until, step].every(Number.isInteger);
  const dtype = options.dtype ?? (whole ? "int32" : getDefaultDType());
  if (dtype === "bool") throw new DTypeError('arange(): bool counts nothing; make an int32 one and convert it with .to("bool")');
  const count = Math.ceil((until - from) / step);
  checkShape("arange", [count]);
  if (!isFloat(dtype)) {
    if (!whole) throw new ArgumentError(`arange(): ${dtype} needs whole numbers, got ${from}, ${until}, ${step}`);
    if (count > 0) checkRange("arange", [from, from + (count - 1) * step], dtype);
  }
  return finish(observed("arange", ramp, from, step, count, dtype), options);
}

/** The numbers of a call, and the options behind them. */
function partsOf(params: readonly (number | TensorOptions | undefined)[]): { numbers: number[]; options: TensorOptions } {
  const given = params.filter((param) => param !== undefined);
  const last = given.at(-1);
  const options = typeof last === "object" && last !== null ? last : {};
  return { numbers: (options === last ? given.slice(0, -1) : given) as number[], options };
}

function ramp(start: number, step: number, count: number, dtype: DType): Tensor {
  const direct = dtype === "uint8" ? "int32" : dtype;
  const out = Tensor.empty([count], direct, "arange");
  launch(`arange_${dtypeInfo(direct).kernel as "f32" | "f64" | "i32"}`, [out.ptr, start, step], count);
  if (direct === dtype) return out;
  const narrow = cast(out, dtype, "arange");
  out.dispose();
  return narrow;
}

/** `steps` evenly spaced values from `start` to `end`, both included. @throws DTypeError when the dtype cannot hold them */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  checkShape("linspace", [steps]);
  if (![start, end].every((bound) => typeof bound === "number"))
    throw new ArgumentError(`linspace(): expected numbers as bounds, got ${start} and ${end}`);
  const dtype = options.dtype ?? getDefaultDType();
  checkRange("linspace", [start, end], dtype);
  const out = Tensor.empty([steps], dtype, "linspace");
  const exact = dtype === "float32" ? Math.fround : (x: number) => x;
  const step = exact((exact(end) - exact(start)) / Math.max(1, steps - 1));
  // From both ends to the middle, as PyTorch does, so that the last value is `end` itself.
  const half = Math.floor(steps / 2);
  writeInto(out, (i) => (i < half || steps === 1 ? exact(start) + step * i : exact(end) - step * (steps - 1 - i)));
  return finish(out, options);
}

/** The identity matrix of n rows and m (default n) columns. */
export function eye(n: number, options?: TensorOptions): Tensor;
export function eye(n: number, m: number, options?: TensorOptions): Tensor;
export function eye(...params: (number | TensorOptions | undefined)[]): Tensor {
  const { numbers, options } = partsOf(params);
  const [n, m = n] = numbers as [number, number?];
  const out = filled("eye", [n, m], 0, options);
  const diagonal = new Tensor(out.storage, [Math.min(n, m)], [m + 1], 0, out.dtype);
  copyInto(diagonal, constant(1, out.dtype));
  return out;
}

/** Whether the dtype is float32 or float64. */
export function isFloatingPoint(x: Tensor): boolean {
  return isFloat(x.dtype);
}
