import { type GradcheckOptions, gradcheck, gradgradcheck } from "../../src/core/gradcheck.js";
import { freeing } from "./freeing.js";
import type { Tensor } from "../../src/core/tensor.js";
import type { Subject } from "./checks.js";
import { type AnyOp, invoke } from "./evaluate.js";
import { place, valuesOf } from "./inputs.js";
import type { Planned } from "./plan.js";

const CLOSE: GradcheckOptions = { fastMode: true, atol: 1e-6, rtol: 1e-5 };

/** First and second derivatives against finite differences, in float64. */
export function checkNumerically({ op, plan }: Subject): void {
  const { inputs: plans } = plan.call;
  if (!plan.differentiable) return;
  const floats = plans.filter((x) => x.grad);
  if (floats.length === 0 || floats.some((x) => x.dtype !== "float64")) return;
  freeing(() => {
    const inputs = plans.map((x, i) => {
      const tensor = place(x, valuesOf(plan.call, i), "plain");
      tensor.requiresGrad = x.grad;
      return tensor;
    });
    const fn = differentiablePart(op, plan);
    if (!fn(...inputs).some((out) => out.requiresGrad)) return; // floor() and the like: no gradient anywhere
    gradcheck(fn, inputs, CLOSE);
    gradgradcheck(fn, inputs, CLOSE);
  });
}

/** The op as a function of its tensors that gives its float64 results. */
function differentiablePart(op: AnyOp, plan: Planned): (...inputs: Tensor[]) => Tensor[] {
  return (...inputs) => invoke(op.spec, plan, inputs, op).outputs.filter((out) => out.dtype === "float64");
}
