import { type DType, isFloat } from "../../src/core/dtype.js";
import { temporary } from "../../src/core/op.js";
import { sizeOf } from "../../src/core/shape.js";
import type { DeclaredSpec } from "../../src/core/spec.js";
import { stressMemory } from "../../src/core/storage.js";
import type { Tensor } from "../../src/core/tensor.js";
import { setThreadWorth } from "../../src/runtime/backend.js";
import { EXACT, type Tolerance, type Values, expectSame } from "./compare.js";
import { type AnyOp, type Outcome, evaluate } from "./evaluate.js";
import { type Golden, MissingGolden } from "./golden.js";
import { layoutsOf, valuesOf } from "./inputs.js";
import { checkNumerically } from "./numerical.js";
import type { Planned } from "./plan.js";

/** What a check of one call sees. */
export interface Subject {
  readonly op: AnyOp;
  readonly plan: Planned;
  readonly golden: Golden;
}

const DEFAULT_TOLERANCE = { float32: 2e-6, float64: 1e-12 };

export function toleranceOf(spec: DeclaredSpec): Tolerance {
  return (dtype) =>
    isFloat(dtype) ? (spec.tolerance?.[dtype as "float32" | "float64"] ?? DEFAULT_TOLERANCE[dtype as "float32" | "float64"]) : 0;
}

/** Gradients add and multiply a few roundings more. */
const forGradients =
  (tolerance: Tolerance): Tolerance =>
  (dtype: DType) =>
    4 * tolerance(dtype);

/** @throws Error unless the outcome is PyTorch's */
export function expectGolden({ op, golden }: Subject, outcome: Outcome, asked: (input: number) => boolean = () => true): void {
  const tolerance = toleranceOf(op.spec);
  if (outcome.out.length !== golden.out.length) throw new Error(`gives ${outcome.out.length} results, PyTorch ${golden.out.length}`);
  if (op.spec.random) {
    outcome.out.forEach((values, i) => expectSame(`result ${i}`, { ...values, data: golden.out[i]!.data }, golden.out[i]!, tolerance));
    return;
  }
  outcome.out.forEach((values, i) => expectSame(outcome.out.length > 1 ? `result ${i}` : "result", values, golden.out[i]!, tolerance));
  outcome.grads.forEach((grad, i) => asked(i) && expectGrad(`gradient of input ${i}`, grad, golden.grads[i]!, forGradients(tolerance)));
}

/** No gradient is as good as one of zeros. */
function expectGrad(what: string, actual: Values | null, expected: Values | null, tolerance: Tolerance): void {
  const some = actual ?? expected;
  if (!some) return;
  const zeros = { ...some, data: some.data.map(() => 0) };
  expectSame(what, actual ?? zeros, expected ?? zeros, tolerance);
}

/** Two outcomes of ours. */
export function expectEqual(actual: Outcome, expected: Outcome, tolerance: Tolerance = EXACT): void {
  actual.out.forEach((values, i) => expectSame(`result ${i}`, values, expected.out[i]!, tolerance));
  actual.grads.forEach((grad, i) => expectGrad(`gradient of input ${i}`, grad, expected.grads[i]!, tolerance));
}

type Check = (subject: Subject) => void;

const values: Check = (s) => expectGolden(s, evaluate(s.op, s.plan));

const withoutGradients: Check = (s) => expectGolden(s, evaluate(s.op, s.plan, { wants: () => false }), () => false);

/** Shows a formula that reads what only another one asked to keep. */
const oneGradientAtATime: Check = (s) => {
  const inputs = s.plan.call.inputs.flatMap((x, i) => (x.grad ? [i] : []));
  if (inputs.length < 2) return;
  for (const only of inputs) expectGolden(s, evaluate(s.op, s.plan, { wants: (i) => i === only }), (i) => i === only);
};

const layouts: Check = (s) => {
  if (s.op.spec.plainInputs) return;
  const { inputs } = s.plan.call;
  for (const layout of ["transposed", "strided", "offset"] as const) {
    const able = inputs.map((x) => layoutsOf(x).includes(layout));
    const each = able.flatMap((can, i) => (can ? [(input: number) => input === i] : []));
    const together = each.length > 1 ? [...each, (input: number) => able[input]!] : each;
    for (const laidOut of together) {
      const which = inputs.flatMap((_, i) => (laidOut(i) ? [i] : [])).join(", ");
      named(`input ${which} ${layout}`, () => expectGolden(s, evaluate(s.op, s.plan, { layout, laidOut })));
    }
  }
};

/** An input that is one row seen many times gives what a copy of that would. */
const expanded: Check = ({ op, plan }) => {
  if (op.spec.plainInputs) return;
  const { call } = plan;
  call.inputs.forEach((x, input) => {
    if (x.shape.includes(0)) return;
    x.shape.forEach((size, dim) => {
      if (size < 2) return;
      const inner = sizeOf(x.shape.slice(dim + 1));
      const repeated = valuesOf(call, input).map((_, i, all) => all[i - (Math.floor(i / inner) % size) * inner]!);
      const values = (i: number): readonly number[] => (i === input ? repeated : valuesOf(call, i));
      const laidOut = (i: number): boolean => i === input;
      named(`input ${input} expanded along dim ${dim}`, () =>
        expectEqual(
          evaluate(op, plan, { values, layout: dim, laidOut }),
          evaluate(op, plan, { values }),
          forGradients(toleranceOf(op.spec)),
        ),
      );
    });
  });
};

const threads: Check = ({ op, plan }) => {
  try {
    setThreadWorth(Infinity);
    const one = evaluate(op, plan);
    setThreadWorth(0);
    expectEqual(evaluate(op, plan), one);
  } finally {
    setThreadWorth();
  }
};

/** Everything idle leaves memory at each allocation: a stale address reads something else. */
const stress: Check = (s) =>
  withStress(() => {
    expectGolden(s, evaluate(s.op, s.plan));
    if (s.op.spec.plainInputs) return;
    const laidOut = (i: number): boolean => layoutsOf(s.plan.call.inputs[i]!).includes("strided");
    named("strided", () => expectGolden(s, evaluate(s.op, s.plan, { layout: "strided", laidOut })));
    checkNumerically(s);
  });

export function withStress(fn: () => void): void {
  try {
    stressMemory(true);
    fn();
  } finally {
    stressMemory(false);
  }
}

const definition: Check = ({ op, plan }) => {
  const { define, prepare } = op.spec;
  if (!define) return;
  const fn = (...params: unknown[]): unknown => {
    const { inputs, args } = prepare ? prepare(...params) : { inputs: params as Tensor[], args: undefined };
    return temporary(() => define(inputs, args));
  };
  expectEqual(evaluate(op, plan, { fn }), evaluate(op, plan), forGradients(toleranceOf(op.spec)));
};

/** Runs `fn`; its errors say where. */
export function named(where: string, fn: () => void): void {
  try {
    fn();
  } catch (error) {
    if (error instanceof MissingGolden) throw error;
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What is checked of each sample. */
export const CHECKS: Readonly<Record<string, Check>> = {
  "PyTorch's values": values,
  "without gradients": withoutGradients,
  "one gradient at a time": oneGradientAtATime,
  "memory layout": layouts,
  "expanded input": expanded,
  "one thread and several": threads,
  "idle tensors moved away": stress,
  "fused as defined": definition,
};
