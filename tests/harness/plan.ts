import { DTYPES, type DType, isFloat } from "../../src/core/dtype.js";
import { sizeOf } from "../../src/core/shape.js";
import type { InputSpec, DeclaredSpec, Sample } from "../../src/core/spec.js";
import { digest } from "./hash.js";
import { SPECIALS, specialInputs } from "./specials.js";

/** One input of a call, fully said. Numbers that JSON lacks are strings: "NaN", "Infinity", "-0". */
export interface TensorPlan {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly low: number;
  readonly high: number;
  readonly values: readonly (number | string)[] | null;
  readonly grad: boolean;
}

/** One evaluation that PyTorch and we both make. */
export interface Call {
  readonly op: string;
  /** What the values are drawn with. */
  readonly seed: number;
  readonly torch: string;
  readonly inputs: readonly TensorPlan[];
  /** PyTorch may refuse it: then we must too. */
  readonly mayFail: boolean;
}

/** A call with the arguments beside its inputs, and what tests say of it. */
export interface Planned {
  readonly call: Call;
  readonly args: readonly unknown[];
  readonly title: string;
  /** The parameters, where they are not what the declaration says. */
  readonly params?: (inputs: readonly unknown[]) => unknown[];
  /** Finite differences can judge it. Values that a sample gives exactly stand at ties and kinks on purpose. */
  readonly differentiable: boolean;
}

/** The name under which a golden file holds the result of a call. */
export function keyOf(call: Call): string {
  return digest(JSON.stringify(call));
}

export function samplesOf(spec: DeclaredSpec): Sample[] {
  return spec.samples.map((sample) => (Array.isArray(sample) ? { inputs: sample as readonly InputSpec[] } : (sample as Sample)));
}

/** The float types that an op's samples run in. */
export function floatTypes(spec: DeclaredSpec): DType[] {
  return ["float32", ...(spec.dtypes ?? ["float64" as const]).filter((dtype) => dtype === "float64")];
}

const DOMAIN = [-2, 2] as const;

/** An input as a sample describes it; `dtype` is for those that do not say. */
export function planInput(spec: DeclaredSpec, input: InputSpec, dtype: DType): TensorPlan {
  const said = Array.isArray(input) ? { shape: input as readonly number[] } : (input as Exclude<InputSpec, readonly number[]>);
  const { shape, values, low, high, grad } = { low: undefined, high: undefined, values: undefined, grad: undefined, ...said };
  const type = ("dtype" in said ? said.dtype : undefined) ?? dtype;
  const [from, to] = spec.domain ?? DOMAIN;
  const bounds = isFloat(type) ? [low ?? from, high ?? to] : wholeBounds(type, low ?? from, high ?? Math.floor(to) + 1);
  return {
    shape,
    dtype: type,
    low: bounds[0]!,
    high: bounds[1]!,
    values: values?.map(literal) ?? null,
    grad: isFloat(type) && grad !== false,
  };
}

function wholeBounds(dtype: DType, low: number, high: number): [number, number] {
  if (dtype === "bool") return [0, 2];
  const from = dtype === "uint8" ? Math.max(0, Math.ceil(low)) : Math.ceil(low);
  return [from, Math.max(from + 1, Math.ceil(high))];
}

export function literal(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value);
}

export function torchOf(spec: DeclaredSpec, sample: Sample): string {
  if (sample.torch !== undefined) return sample.torch;
  return typeof spec.torch === "string" ? spec.torch : (spec.torch as (...args: unknown[]) => string)(...(sample.args ?? []));
}

/** Sample `index` of an op with its open inputs in `dtype`. */
export function planSample(spec: DeclaredSpec, index: number, dtype: DType): Planned {
  const sample = samplesOf(spec)[index]!;
  const inputs = sample.inputs.map((input) => planInput(spec, input, dtype));
  return planned(spec, sample, index, inputs, false);
}

function planned(spec: DeclaredSpec, sample: Sample, seed: number, inputs: readonly TensorPlan[], mayFail: boolean): Planned {
  const args = sample.args ?? [];
  const shapes = inputs.map((x) => `${x.dtype}[${x.shape.join(", ")}]`).join(" ");
  const title = `${shapes}${args.length > 0 ? ` ${shown(args)}` : ""}`;
  const differentiable = sample.finiteDifferences !== false && !inputs.some((x) => x.grad && x.values);
  return { call: { op: spec.name, seed, torch: torchOf(spec, sample), inputs, mayFail }, args, title, differentiable };
}

function shown(args: readonly unknown[]): string {
  return args.map((arg) => (typeof arg === "function" ? "function" : (JSON.stringify(arg) ?? "undefined"))).join(", ");
}

/** Whether an input leaves its dtype to the test. */
const isOpen = (input: InputSpec): boolean => Array.isArray(input) || !("dtype" in input && input.dtype !== undefined);

/** Seeds beyond those of samples. */
const [SPECIAL_SEED, DTYPE_SEED, SIZE_SEED] = [900, 910, 920];

/** NaN, ±Infinity, ±0 and extremes through an elementwise op, in all combinations of its inputs. */
export function planSpecials(spec: DeclaredSpec, dtype: DType): Planned | null {
  const sample = samplesOf(spec)[0];
  if (!spec.elementwise || !sample?.inputs.every(isOpen)) return null;
  const columns = specialInputs(sample.inputs.length, SPECIALS);
  const inputs = columns.map((column) => ({ ...planInput(spec, [column.length], dtype), values: column.map(literal) }));
  return planned(spec, sample, SPECIAL_SEED, inputs, false);
}

/** The first `size` of one list of numbers, ordinary or special, through an elementwise op. */
export function planSize(spec: DeclaredSpec, dtype: DType, size: number, special: boolean): Planned | null {
  const sample = samplesOf(spec)[0];
  if (!spec.elementwise || !sample?.inputs.every(isOpen)) return null;
  const inputs = sample.inputs.map((_, input) => {
    const plan = planInput(spec, [size], dtype);
    const values = Array.from({ length: size }, (__, i) => literal(SPECIALS[(i * (input + 1) + input) % SPECIALS.length]!));
    return special ? { ...plan, values } : plan;
  });
  return planned(spec, sample, SIZE_SEED, inputs, false);
}

/** The first sample that has elements, in every dtype that is not a float's; for elementwise ops also mixed. */
export function planDTypes(spec: DeclaredSpec): Planned[] {
  const samples = samplesOf(spec);
  const index = Math.max(
    0,
    samples.findIndex((sample) => sample.inputs.every((input) => sizeOf(shapeOf(input)) > 0)),
  );
  const sample = samples[index];
  // Internal ops get what their callers make sure of.
  if (spec.name.startsWith("_") || !sample?.inputs.some(isOpen)) return [];
  const inDTypes = (dtypes: readonly DType[], inputs = sample.inputs): Planned => {
    const plans = inputs.map((input, i) => ({ ...planInput(spec, input, dtypes[i % dtypes.length]!), grad: false }));
    return planned(spec, sample, DTYPE_SEED + index, plans, true);
  };
  const uniform = DTYPES.filter((dtype) => !isFloat(dtype)).map((dtype) => inDTypes([dtype]));
  if (!spec.elementwise || sample.inputs.length !== 2 || !sample.inputs.every(isOpen)) return uniform;
  const pairs = DTYPES.flatMap((a) => DTYPES.filter((b) => b !== a).map((b) => [a, b]));
  const [first] = sample.inputs as [InputSpec];
  const numbers = DTYPES.flatMap((dtype) => [2, 1.5].flatMap((number) => withNumber(spec, sample, first, dtype, number)));
  return [...numbers, ...uniform, ...pairs.map((pair) => inDTypes(pair)), ...pairs.map((pair) => inDTypes(pair, [first, []]))];
}

/** A number in the place of one of two operands. */
function withNumber(spec: DeclaredSpec, sample: Sample, input: InputSpec, dtype: DType, number: number): Planned[] {
  const inputs = [{ ...planInput(spec, input, dtype), grad: false }];
  const plan = planned(spec, sample, DTYPE_SEED, inputs, true);
  const { torch } = plan.call;
  const right = {
    ...plan,
    call: { ...plan.call, torch: `(lambda y: ${torch})(${number})` },
    params: ([x]: readonly unknown[]) => [x, number, ...plan.args],
  };
  const left = {
    ...plan,
    call: { ...plan.call, torch: `(lambda y, x: ${torch})(x, ${number})` },
    params: ([y]: readonly unknown[]) => [number, y, ...plan.args],
  };
  return [
    { ...right, title: `${plan.title} and ${number}` },
    { ...left, title: `${number} and ${plan.title}` },
  ];
}

function shapeOf(input: InputSpec): readonly number[] {
  return "shape" in input ? input.shape : input;
}

/** Every call of an op whose result a golden file holds. */
export function allCalls(spec: DeclaredSpec): Call[] {
  const floats = floatTypes(spec);
  const plans = [
    ...floats.flatMap((dtype) => spec.samples.map((_, i) => planSample(spec, i, dtype))),
    ...floats.flatMap((dtype) => planSpecials(spec, dtype) ?? []),
    ...planDTypes(spec),
  ];
  return [...new Map(plans.map(({ call }) => [keyOf(call), call])).values()];
}
