import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { opTable } from "../src/core/op.js";
import { samplesOf, torchOf } from "./harness/plan.js";
import { declarations, textPatterns } from "./table/declarations.js";
import { opsPage, publicDeclarations } from "./table/page.js";
import { performancePage, thresholds } from "./table/thresholds.js";
import "../src/index.js";

const specs = [...opTable.values()].map((fn) => fn.spec);

describe.each(specs.map((spec) => [spec.name, spec] as const))("%s", (name, spec) => {
  test("is declared in full", () => {
    expect(spec.samples.length, "samples").toBeGreaterThan(0);
    for (const sample of samplesOf(spec)) expect(torchOf(spec, sample), "PyTorch expression").toMatch(/\S/);
    if (name.startsWith("_")) return;
    const found = declarations().filter((declaration) => declaration.name === name);
    expect(found.length, "exported under its own name, with a type that says what it takes").toBeGreaterThan(0);
    expect(
      found.some(({ doc }) => doc.length > 0),
      "doc comment",
    ).toBe(true);
  });

  test("has a gradient, or null, for each input", () => {
    if (spec.kind === "composite" || spec.vjpAll || (spec.define && !spec.vjp)) return;
    const inputs = Math.max(...samplesOf(spec).map((sample) => sample.inputs.length));
    expect(spec.vjp?.length, "entries of vjp").toBe(inputs);
  });
});

test("every public function of src/ops has a doc comment", () => {
  const bare = publicDeclarations().filter(({ doc }) => doc === "");
  expect(bare.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
});

test("docs/ops.md is up to date: node scripts/docs.mjs", () => {
  expect(readFileSync(new URL("../docs/ops.md", import.meta.url), "utf8")).toBe(opsPage());
});

test("every threshold names the row of the bench that set it", () => {
  const all = thresholds();
  expect(all.length).toBeGreaterThan(20);
  for (const { name, doc, row } of all) {
    expect(doc, name).toMatch(/\S/);
    expect(row, `${name}: the row, in brackets at the end of its comment`).toMatch(/\S/);
  }
});

test("the thresholds in docs/performance.md are up to date: node scripts/docs.mjs", () => {
  expect(readFileSync(new URL("../docs/performance.md", import.meta.url), "utf8")).toBe(performancePage());
});

/** Kernels that no op calls, and why they are there. */
const UNUSED: Readonly<Record<string, string>> = {
  isRelaxed: "tells one build from another when something is amiss",
};

test("every kernel is used", () => {
  const types = readFileSync(new URL("../pkg/threads/lanegrad_wasm.d.ts", import.meta.url), "utf8");
  const start = types.indexOf("interface InitOutput");
  const kernels = [...types.slice(start, types.indexOf("}", start)).matchAll(/readonly (\w+): \(/g)]
    .map(([, name]) => name!)
    .filter((name) => !name.startsWith("__"));
  expect(kernels.length).toBeGreaterThan(50);
  const texts = textPatterns();
  const names = new Set(texts);
  // A pattern says something when more than the suffix of a dtype is fixed.
  const patterns = texts
    .filter((text) => text.includes("\\w+") && /[a-z]{3}/.test(text.replaceAll("\\w+", " ").replace(/_nd_/, "")))
    .map((text) => new RegExp(`^${text}$`));
  const used = (kernel: string): boolean => {
    const base = kernel.replace(/(_nd)?_(f32|f64|i32|u8|bool)$/, "");
    return names.has(kernel) || (base !== kernel && names.has(base)) || patterns.some((pattern) => pattern.test(kernel));
  };
  expect(kernels.filter((kernel) => !used(kernel) && !(kernel in UNUSED))).toEqual([]);
});
