import { upload } from "../../src/core/copy.js";
import { isFloat } from "../../src/core/dtype.js";
import { grad } from "../../src/core/engine.js";
import { manualSeed } from "../../src/core/generator.js";
import { temporary } from "../../src/core/op.js";
import type { DeclaredSpec } from "../../src/core/spec.js";
import { type Storage, collecting, memoryStats } from "../../src/core/storage.js";
import { Tensor } from "../../src/core/tensor.js";
import { toTypedArray } from "../../src/ops/access.js";
import type { Values } from "./compare.js";
import { type Layout, place, valuesOf, weightsOf } from "./inputs.js";
import type { Planned } from "./plan.js";

export type AnyOp = ((...params: unknown[]) => unknown) & { readonly spec: DeclaredSpec };

export interface Variation {
  /** What is called; the op itself unless said. */
  readonly fn?: (...params: unknown[]) => unknown;
  readonly layout?: Layout;
  /** The inputs that have it; all unless said. */
  readonly laidOut?: (input: number) => boolean;
  /** The inputs that require a gradient; those of the plan unless said. */
  readonly wants?: (input: number) => boolean;
  /** Other values than the plan's. */
  readonly values?: (input: number) => readonly number[];
}

export interface Outcome {
  readonly out: readonly Values[];
  /** One for each input; null where none came. */
  readonly grads: readonly (Values | null)[];
}

/**
 * Calls an op and backward, copies everything out, gives all memory back.
 * @throws Error when something is left that neither the caller nor a consumed graph owns
 */
export function evaluate(op: AnyOp, plan: Planned, variation: Variation = {}): Outcome {
  const first = measured(op, plan, variation);
  if (first.kept === 0) return first.outcome;
  const second = measured(op, plan, variation); // the first may have filled a cache
  if (second.kept !== 0) throw new Error(`${second.kept} more bytes in use after each call`);
  return second.outcome;
}

function measured(op: AnyOp, plan: Planned, variation: Variation): { outcome: Outcome; kept: number } {
  const { call } = plan;
  const { wants = (i: number) => call.inputs[i]!.grad, values = (i: number) => valuesOf(call, i) } = variation;
  const before = memoryStats().inUse;
  const left: Storage[] = [];
  const outcome = collecting(
    () => {
      const inputs = call.inputs.map((x, i) => {
        const laidOut = variation.laidOut?.(i) ?? true;
        const tensor = place(x, values(i), laidOut ? (variation.layout ?? "plain") : "plain");
        tensor.requiresGrad = wants(i);
        return tensor;
      });
      return run(op, plan, inputs, variation.fn ?? op);
    },
    (storage) => {
      if (storage.pinned) return;
      if (!storage.spent) left.push(storage);
      storage.free("the test is over");
    },
  );
  if (left.length > 0) throw new Error(`leaves memory behind: ${left.map((s) => `${s.nbytes} bytes of ${s.origin}()`).join(", ")}`);
  return { outcome, kept: memoryStats().inUse - before };
}

function run(op: AnyOp, plan: Planned, inputs: readonly Tensor[], fn: (...params: unknown[]) => unknown): Outcome {
  const { outputs, parts } = invoke(op.spec, plan, inputs, fn);
  const out = outputs.map(read);
  const wanted = inputs.filter((x) => x.requiresGrad);
  const differentiable = outputs.filter((x) => x.requiresGrad && isFloat(x.dtype));
  const grads = new Map<Tensor, Values | null>();
  if (wanted.length > 0 && differentiable.length > 0) {
    const weights = differentiable.map((x) => upload(weightsOf(plan.call, outputs.indexOf(x), x.numel), x.shape, x.dtype, "test weights"));
    const found = grad(differentiable, wanted, { gradOutputs: weights, allowUnused: true });
    found.forEach((g, i) => grads.set(wanted[i]!, g && read(g)));
    [...weights, ...found].forEach((x) => x?.dispose());
  }
  [...inputs, ...outputs, ...parts].forEach((x) => x.dispose());
  return { out, grads: inputs.map((x) => grads.get(x) ?? null) };
}

/** Calls `fn` as the op's samples say. `parts` is its result as a list of tensors, `outputs` what is compared with PyTorch. */
export function invoke(
  spec: DeclaredSpec,
  plan: Planned,
  inputs: readonly Tensor[],
  fn: (...params: unknown[]) => unknown,
): { outputs: Tensor[]; parts: Tensor[] } {
  const { check } = spec;
  if (spec.random) manualSeed(1);
  const params = plan.params ? plan.params(inputs) : paramsOf(spec, inputs, plan.args);
  const parts = tensorsOf(fn(...params));
  return { parts, outputs: check ? [temporary(() => check(parts, plan.args))] : parts };
}

export function paramsOf(spec: DeclaredSpec, inputs: readonly Tensor[], args: readonly unknown[]): unknown[] {
  if (spec.arrange) return spec.arrange(inputs, args);
  return spec.listInput ? [inputs, ...args] : [...inputs, ...args];
}

function tensorsOf(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (result !== null && typeof result === "object") return Object.values(result).flatMap(tensorsOf);
  throw new Error(`returned ${typeof result}, not a tensor`);
}

export function read(x: Tensor): Values {
  return { dtype: x.dtype, shape: x.shape, data: toTypedArray(x) };
}
