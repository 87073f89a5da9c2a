import { ArgumentError, DTypeError } from "../runtime/errors.js";

/** float32 is the default; float64 is differentiable too; int32, uint8 and bool are not. */
export type DType = "float32" | "float64" | "int32" | "uint8" | "bool";

/** The typed array that a tensor's elements come out as. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** The suffix of a kernel's name. */
export type KernelType = "f32" | "f64" | "i32" | "u8";

interface DTypeInfo {
  readonly bytes: 1 | 4 | 8;
  readonly float: boolean;
  readonly kernel: KernelType;
  /** bool < integers < floats: what promotion compares first. */
  readonly kind: 0 | 1 | 2;
  /** Within a kind, the wider wins. */
  readonly rank: number;
  readonly array: Float32ArrayConstructor | Float64ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor;
}

const TABLE: Record<DType, DTypeInfo> = {
  float32: { bytes: 4, float: true, kernel: "f32", kind: 2, rank: 4, array: Float32Array },
  float64: { bytes: 8, float: true, kernel: "f64", kind: 2, rank: 5, array: Float64Array },
  int32: { bytes: 4, float: false, kernel: "i32", kind: 1, rank: 3, array: Int32Array },
  uint8: { bytes: 1, float: false, kernel: "u8", kind: 1, rank: 2, array: Uint8Array },
  bool: { bytes: 1, float: false, kernel: "u8", kind: 0, rank: 1, array: Uint8Array },
};

export const DTYPES = Object.keys(TABLE) as DType[];

export function dtypeInfo(dtype: DType): DTypeInfo {
  const info = TABLE[dtype] as DTypeInfo | undefined;
  if (!info) throw new DTypeError(`unknown dtype ${JSON.stringify(dtype)}; use one of ${DTYPES.join(", ")}`);
  return info;
}

export function isFloat(dtype: DType): boolean {
  return TABLE[dtype].float;
}

export function bytesOf(dtype: DType): 1 | 4 | 8 {
  return TABLE[dtype].bytes;
}

const BITS = { 1: "8", 4: "32", 8: "64" } as const;

/** The suffix of kernels that move elements as they are, whatever they mean: `gather_32`. */
export function bitsOf(dtype: DType): "8" | "32" | "64" {
  return BITS[bytesOf(dtype)];
}

/** The dtype that holds both, as `torch.promote_types` says within these five. */
export function promoteTypes(a: DType, b: DType): DType {
  return TABLE[a].rank >= TABLE[b].rank ? a : b;
}

/**
 * The dtype of `tensor op number`: the tensor's own, unless the number is of a higher kind
 * (an integer tensor and a fractional number give the default dtype; a bool tensor and a whole number int32).
 */
export function promoteScalar(dtype: DType, value: number | boolean): DType {
  const kind = typeof value === "boolean" ? 0 : Number.isInteger(value) ? 1 : 2;
  if (TABLE[dtype].kind >= kind) return dtype;
  return kind === 2 ? defaultDType : "int32";
}

/** @throws DTypeError when a value is outside the range of an integer dtype; fractions are cut off later */
export function checkRange(name: string, values: ArrayLike<number>, dtype: DType): void {
  dtypeInfo(dtype);
  if (dtype !== "int32" && dtype !== "uint8") return;
  const [low, high] = dtype === "int32" ? [-(2 ** 31), 2 ** 31 - 1] : [0, 255];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= low && value <= high)) throw new DTypeError(`${name}(): ${value} does not fit ${dtype} (${low} to ${high})`);
  }
}

/** A value to fill with, as a number. @throws ArgumentError when it is none, DTypeError when the dtype cannot hold it */
export function checkFill(name: string, value: number | boolean, dtype: DType): number {
  if (typeof value !== "number" && typeof value !== "boolean")
    throw new ArgumentError(`${name}(): expected a number as value, got ${value === null ? "null" : typeof value}`);
  checkRange(name, [Number(value)], dtype);
  return Number(value);
}

let defaultDType: DType = "float32";

/** The dtype of new float tensors when none is given. */
export function getDefaultDType(): DType {
  return defaultDType;
}

/** @throws DTypeError unless float32 or float64 */
export function setDefaultDType(dtype: DType): void {
  if (!dtypeInfo(dtype).float) throw new DTypeError(`setDefaultDType(): ${dtype} is not a floating point type; use float32 or float64`);
  defaultDType = dtype;
}
