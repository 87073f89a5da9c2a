import { ArgumentError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { noGrad } from "../core/grad-mode.js";
import { type Shape, show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { zeros } from "../ops/creation.js";
import type { Module } from "./module.js";

/** The number of elements of all parameters, each counted once. `trainable`: only those that want a gradient. */
export function countParameters(model: Module, options: { trainable?: boolean } = {}): number {
  return sizes(model.parameters(), options.trainable ?? false);
}

function sizes(parameters: readonly Tensor[], trainable: boolean): number {
  return parameters.filter((p) => p.requiresGrad || !trainable).reduce((sum, p) => sum + p.numel, 0);
}

/**
 * A table of the modules in the order they are called, with the shapes they give and their parameters: print it.
 *
 * The model runs once, in evaluation mode and without gradients, on zeros.
 *
 * @param input its shape, with the batch; or several; or the tensors themselves
 * @param options `dtype` of the zeros, default float32; int32 for indices
 */
export function summary(
  model: Module,
  input: Shape | readonly Shape[] | Tensor | readonly Tensor[],
  options: { dtype?: DType } = {},
): string {
  const inputs = toTensors(input, options.dtype);
  const rows: string[][] = [];
  const counted = new Set<Tensor>();
  const modes = model.modules().map((module) => [module, module.training] as const);
  const removers: (() => void)[] = [];
  const depths = new Map(model.namedModules().map(([name, module]) => [module, name === "" ? 0 : name.split(".").length]));
  try {
    for (const [name, module] of model.namedModules()) {
      let row: string[] = [];
      removers.push(
        module.registerForwardPreHook(() => {
          const own = module.namedParameters({ recurse: false }).map(([, p]) => p);
          const fresh = own.filter((p) => !counted.has(p));
          own.forEach((p) => counted.add(p));
          const title = `${"  ".repeat(depths.get(module)!)}${name === "" ? "" : `${name.split(".").at(-1)}: `}${module.constructor.name}`;
          row = [title, "", own.length === 0 ? "" : fresh.length === 0 ? "(again)" : thousands(sizes(fresh, false))];
          rows.push(row);
        }),
        module.registerForwardHook<unknown>((_, __, output) => {
          row[1] = shapeOf(output);
        }),
      );
    }
    model.eval();
    noGrad(() => (model as unknown as { forward(...tensors: Tensor[]): unknown }).forward(...inputs));
  } finally {
    removers.forEach((remove) => remove());
    modes.forEach(([module, training]) => (module.training = training));
  }
  return table(rows, countParameters(model), countParameters(model, { trainable: true }));
}

function toTensors(input: Shape | readonly Shape[] | Tensor | readonly Tensor[], dtype?: DType): Tensor[] {
  if (input instanceof Tensor) return [input];
  if (!Array.isArray(input)) throw new ArgumentError(`summary(): expected a shape, tensors, or a list of them, got ${typeof input}`);
  const list = input as readonly (number | Shape | Tensor)[];
  if (list.every((item) => typeof item === "number")) return [zeros(list, { dtype })];
  return list.map((item) => (item instanceof Tensor ? item : zeros(item as Shape, { dtype })));
}

function shapeOf(output: unknown): string {
  if (output instanceof Tensor) return show(output.shape);
  if (Array.isArray(output)) return output.map(shapeOf).join(", ");
  return typeof output;
}

const thousands = (count: number): string => count.toLocaleString("en-US");

function table(rows: readonly string[][], total: number, trainable: number): string {
  const head = ["Layer", "Output shape", "Parameters"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = ([a, b, c]: readonly string[]): string => `${a!.padEnd(widths[0]!)}  ${b!.padEnd(widths[1]!)}  ${c!.padStart(widths[2]!)}`;
  const rule = "─".repeat(widths.reduce((a, b) => a + b, 4));
  const frozen = total === trainable ? "" : `, ${thousands(trainable)} of them trainable`;
  return [line(head), rule, ...rows.map(line), rule, `${thousands(total)} parameters${frozen}`].join("\n");
}
