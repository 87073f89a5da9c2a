import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LanegradError, type Tensor, tensor } from "../src/index.js";

/*
 * Random programs of ops, views and changes in place: what PyTorch makes of them (tests/golden/programs.py), gradients
 * and refusals included.
 */

type Arg = string | number;
type Step = [result: string | null, method: string, target: string, args: Arg[]];

interface Program {
  leaves: { name: string; shape: number[]; values: number[]; grad: boolean }[];
  steps: Step[];
  /** The step that PyTorch refuses, or "backward". */
  error: number | "backward" | null;
  loss: number | null;
  grads: (number[] | null)[] | null;
}

const programs = JSON.parse(readFileSync(new URL("golden/programs.json", import.meta.url), "utf8")) as Program[];

function runStep(variables: Map<string, Tensor>, [result, method, target, args]: Step): void {
  const x = variables.get(target)!;
  const call = (x as unknown as Record<string, (...args: unknown[]) => Tensor>)[method]!;
  const out = call.apply(
    x,
    args.map((arg) => (typeof arg === "string" ? variables.get(arg)! : arg)),
  );
  if (result) variables.set(result, out);
}

/** The program as Python, for the message of a failure. */
function shown({ leaves, steps }: Program): string {
  const made = leaves.map(({ name, shape, grad }) => `${name} = tensor([${shape.join(", ")}]${grad ? ", requires_grad" : ""})`);
  const lines = steps.map(
    ([result, method, target, args], i) => `${i}: ${result ? `${result} = ` : ""}${target}.${method}(${args.join(", ")})`,
  );
  return [...made, ...lines].join("\n");
}

test.each(programs.map((program, i) => [i, program] as const))("program %i", (_, program) => {
  const variables = new Map<string, Tensor>();
  for (const { name, shape, values, grad } of program.leaves) {
    variables.set(name, tensor(values, { dtype: "float64" }).reshape(shape).detach().requiresGrad_(grad));
  }
  program.steps.forEach((step, i) => {
    if (program.error === i) expect(() => runStep(variables, step), shown(program)).toThrow(LanegradError);
    else runStep(variables, step);
  });
  if (typeof program.error === "number") return;
  const terms = [...variables.values()].map((x, i) => x.mul(i + 1).sum());
  const loss = terms.reduce((a, b) => a.add(b));
  expect(loss.item(), shown(program)).toBeCloseTo(program.loss!, 9);
  if (program.error === "backward") {
    expect(() => loss.backward(), shown(program)).toThrow(LanegradError);
    return;
  }
  if (loss.requiresGrad) loss.backward();
  program.leaves.forEach(({ name }, i) => {
    const actual = variables.get(name)!.grad;
    const expected = program.grads![i];
    const size = variables.get(name)!.numel;
    const values = actual ? [...actual.toTypedArray()] : new Array<number>(size).fill(0);
    values.forEach((value, k) => expect(value, `gradient of ${name}\n${shown(program)}`).toBeCloseTo(expected?.[k] ?? 0, 9));
  });
});
