import type { Module } from "./module.js";

/** The tree of modules in PyTorch's layout: `Linear(in_features=2, out_features=3, bias=True)`. */
export function describe(module: Module): string {
  const children = module.reprChildren();
  const name = module.constructor.name;
  const extra = module.extraRepr();
  if (children.length === 0) return `${name}(${extra})`;
  const lines = [...(extra ? extra.split("\n") : []), ...children.map(([key, text]) => `(${key}): ${text.replaceAll("\n", "\n  ")}`)];
  return `${name}(\n${lines.map((line) => `  ${line}\n`).join("")})`;
}

/** Arguments as Python writes them: `True`, `None`, `(3, 3)`. */
export function py(value: boolean | number | string | null | readonly (number | null)[]): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "object") return `(${value.map(py).join(", ")}${value.length === 1 ? "," : ""})`;
  if (typeof value === "string") return value;
  return String(value);
}

/** A number that is a float in PyTorch: `1.0`, `1e-05`. */
export function pyFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return `${value}.0`;
  if (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e16) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}
