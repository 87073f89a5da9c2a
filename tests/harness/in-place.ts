import { ShapeError } from "../../src/runtime/errors.js";
import { isFloat } from "../../src/core/dtype.js";
import { sameShape } from "../../src/core/shape.js";
import { Tensor } from "../../src/core/tensor.js";
import { type Subject, expectGolden } from "./checks.js";
import { evaluate } from "./evaluate.js";
import { layoutsOf } from "./inputs.js";

/** `x.name_(…)` does to a copy of x what `name(x, …)` gives, gradients included, wherever it lies in memory. */
export function checkInPlace(subject: Subject): void {
  const { op, plan, golden } = subject;
  const method = (Tensor.prototype as unknown as Record<string, unknown>)[`${op.spec.name}_`];
  if (typeof method !== "function" || op.spec.listInput) return;
  const change = method as (this: Tensor, ...rest: unknown[]) => Tensor;
  const fn = (x: unknown, ...rest: unknown[]): unknown => {
    const copy = (x as Tensor).clone();
    if (change.call(copy, ...rest) !== copy) throw new Error("does not return the tensor itself");
    return copy;
  };
  const [x] = plan.call.inputs;
  const [expected] = golden.out;
  if (!x || !expected || !isFloat(expected.dtype)) return;
  if (!sameShape(x.shape, expected.shape)) {
    refuses(() => evaluate(op, plan, { fn }));
    return;
  }
  expectGolden(subject, evaluate(op, plan, { fn }));
  if (layoutsOf(x).includes("strided")) expectGolden(subject, evaluate(op, plan, { fn: strided }));

  /** Changes every second column of a larger tensor. */
  function strided(input: unknown, ...rest: unknown[]): unknown {
    const wide = (input as Tensor)
      .unsqueeze(-1)
      .expand([...x!.shape, 2])
      .clone();
    const view = wide.select(-1, 1);
    change.call(view, ...rest);
    return view;
  }
}

function refuses(fn: () => unknown): void {
  try {
    fn();
  } catch (error) {
    if (error instanceof ShapeError) return;
    throw error;
  }
  throw new Error("grows a tensor in place");
}
