import { LanegradError } from "../../src/runtime/errors.js";
import { type DType, isFloat } from "../../src/core/dtype.js";
import type { ErrorCase } from "../../src/core/spec.js";
import { memoryStats } from "../../src/core/storage.js";
import { expectEqual, expectGolden, named, withStress } from "./checks.js";
import { Tensor } from "../../src/core/tensor.js";
import { type Values, expectSame } from "./compare.js";
import { type AnyOp, evaluate, paramsOf } from "./evaluate.js";
import { type Goldens, goldenOf } from "./golden.js";
import { place, valuesOf } from "./inputs.js";
import { type Planned, planInput, planSize } from "./plan.js";

/**
 * NaN, ±Infinity and ±0: values to the sign of zero; gradients where PyTorch's are finite.
 * Where PyTorch's vectorised float32 differs from its float64 (gelu of Infinity is NaN), ours may be either.
 */
export function checkSpecials(op: AnyOp, plan: Planned, goldens: Goldens, wide: Planned): void {
  const golden = goldenOf(goldens, plan.call);
  const outcome = evaluate(op, plan);
  const exact = goldenOf(goldens, wide.call);
  const out = golden.out.map((values, k) => ({
    ...values,
    data: values.data.map((x, i) => (Number.isNaN(x) && !Number.isNaN(outcome.out[k]!.data[i]) ? exact.out[k]!.data[i]! : x)),
  }));
  expectGolden({ op, plan, golden: { ...golden, out } }, outcome, () => false);
  golden.out.forEach((expected, i) => expectZeroSigns(outcome.out[i]!, expected, plan));
  const ordinary = plan.call.inputs.map((_, i) => valuesOf(plan.call, i).map(Number.isFinite));
  const finite = (i: number, grad: Values): boolean => ordinary.every((input) => input[i]) && Number.isFinite(grad.data[i]);
  golden.grads.forEach((expected, input) => {
    if (!expected) return;
    const keep = (values: Values): Values => ({ ...values, data: values.data.map((x, i) => (finite(i, expected) ? x : 0)) });
    const actual = outcome.grads[input] ?? { ...expected, data: expected.data.map(() => 0) };
    expectSame(`gradient of input ${input} where all is finite`, keep(actual), keep(expected), () => 1e-5);
  });
}

function expectZeroSigns(actual: Values, expected: Values, plan: Planned): void {
  if (!isFloat(expected.dtype)) return;
  expected.data.forEach((b, i) => {
    const a = actual.data[i]!;
    if (b !== 0 || Object.is(a, b) || a !== 0) return;
    const inputs = plan.call.inputs.map((_, k) => valuesOf(plan.call, k)[i]);
    if (inputs.length > 1 && inputs.every((x) => x === 0)) return; // of two equal numbers, either may be the larger
    throw new Error(`of (${inputs.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(", ")}) the zero has the other sign`);
  });
}

/** Sizes 1 to 17: what fills a vector and what is left over come out the same, bit for bit. */
export function checkSizes(op: AnyOp, dtype: DType, special: boolean): void {
  withStress(() => compareSizes(op, dtype, special)); // else what is not written has the right value from the time before
}

function compareSizes(op: AnyOp, dtype: DType, special: boolean): void {
  const whole = evaluate(op, planSize(op.spec, dtype, 17, special)!);
  const cut = (values: Values, size: number): Values => ({ ...values, shape: [size], data: values.data.slice(0, size) });
  for (let size = 1; size < 17; size++) {
    const expected = { out: whole.out.map((x) => cut(x, size)), grads: whole.grads.map((x) => x && cut(x, size)) };
    named(`size ${size}`, () => expectEqual(evaluate(op, planSize(op.spec, dtype, size, special)!), expected));
  }
}

/** Integers, bools and mixtures: PyTorch's dtype and values, or a typed error. */
export function checkDTypes(op: AnyOp, plan: Planned, goldens: Goldens): void {
  const golden = goldenOf(goldens, plan.call);
  let outcome;
  try {
    outcome = evaluate(op, plan);
  } catch (error) {
    if (!(error instanceof LanegradError)) throw error;
    const promised = plan.call.inputs.every((x) => op.spec.dtypes?.includes(x.dtype));
    if (promised) throw new Error("is among its dtypes, but is refused", { cause: error });
    return;
  }
  // PyTorch refuses the values, wants numbers as tensors, or has not got round to it: nothing to compare with.
  if (/ZeroDivision|not implemented for|^TypeError/.test(golden.error ?? "")) return;
  if (golden.error !== null) throw new Error(`is accepted; PyTorch says ${golden.error}`);
  expectGolden({ op, plan, golden }, outcome);
}

/** Refused with the message that is promised, before anything is allocated. */
export function checkErrors(op: AnyOp, { inputs, args = [], throws }: ErrorCase): void {
  const plans = inputs.map((input) => planInput(op.spec, input, "float32"));
  const call = { op: op.spec.name, seed: 0, torch: "", inputs: plans, mayFail: true };
  const tensors = plans.map((plan, i) => place(plan, valuesOf(call, i), "plain"));
  const params = paramsOf(op.spec, tensors, args);
  thrownBy(() => op(...params)); // may fill a cache
  const before = memoryStats();
  const error = thrownBy(() => op(...params));
  const after = memoryStats();
  tensors.forEach((x) => x.dispose());
  if (!(error instanceof LanegradError)) throw new Error(`threw ${String(error)}, which is no LanegradError`, { cause: error });
  if (!throws.test(error.message)) throw new Error(`says "${error.message}", expected ${String(throws)}`, { cause: error });
  if (after.inUse !== before.inUse) throw new Error(`bytes in use: ${before.inUse} before the refused call, ${after.inUse} after`);
}

/** Something that is no tensor where one belongs: a typed error that names the function, and nothing left behind. */
export function checkWrongArguments(op: AnyOp, plan: Planned): void {
  const tensors = plan.call.inputs.map((x, i) => place(x, valuesOf(plan.call, i), "plain"));
  const params = paramsOf(op.spec, tensors, plan.args);
  const before = memoryStats().inUse;
  const problems = params.flatMap((param, at) =>
    param instanceof Tensor
      ? ["text", {}, [1, 2]].flatMap((wrong) =>
          problemOf(
            op,
            params.map((p, i) => (i === at ? wrong : p)),
            `${JSON.stringify(wrong)} as argument ${at}`,
          ),
        )
      : [],
  );
  const after = memoryStats().inUse;
  tensors.forEach((x) => x.dispose());
  if (problems.length > 0) throw new Error(problems.join("; "));
  if (after !== before) throw new Error(`bytes in use: ${before} before the refused calls, ${after} after`);
}

function problemOf(op: AnyOp, params: readonly unknown[], what: string): string[] {
  const error = thrownBy(() => op(...params));
  if (!(error instanceof LanegradError)) return [`${what}: threw ${String(error)}, which is no LanegradError`];
  return /^\w+\(\): ./.test(error.message) ? [] : [`${what}: "${error.message}" does not name the function`];
}

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return "nothing";
}
