import { opTable } from "../../src/core/op.js";
import type { DeclaredSpec } from "../../src/core/spec.js";
import * as library from "../../src/index.js";
import * as functional from "../../src/ops/functional.js";
import * as methods from "../../src/ops/tensor-ops.js";
import { samplesOf, torchOf } from "../harness/plan.js";
import { type Declaration, declarations } from "./declarations.js";

/** Functions that users can reach, with where: as methods, as functions, in F. */
export function publicDeclarations(): Declaration[] {
  const reachable = new Set([library, functional, methods].flatMap((module) => Object.keys(module)));
  return declarations().filter(({ name }) => !name.startsWith("_") && reachable.has(name));
}

/** docs/ops.md */
export function opsPage(): string {
  const all = publicDeclarations();
  const files = [...new Set(all.map(({ file }) => file))];
  const sections = files.map((file) => {
    const entries = all.filter((declaration) => declaration.file === file).map(entry);
    return `## ${titleOf(file)}\n\n${entries.join("\n\n")}\n`;
  });
  return `${HEAD}\n${sections.join("\n")}`;
}

const HEAD = `# Ops

Made by \`node scripts/docs.mjs\` from the declarations in \`src/ops\`; a test fails when it is out of date.

Where it says *method*, \`x.name(…)\` is \`name(x, …)\`; *F* functions are in \`F\`. After "PyTorch:" stands the same call there,
with x, y, z for the tensors: the first of those that the tests compare.
`;

/** `ops/families/unary.ts` is "Unary". */
function titleOf(file: string): string {
  const name = file.split("/").at(-1)!.replace(/\.ts$/, "").replace(/-/g, " ");
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function entry({ name, signatures, doc }: Declaration): string {
  const where = [...(name in methods ? ["method"] : []), ...(name in functional && !(name in library) ? ["F"] : [])].join(", ");
  const torch = torchLine(opTable.get(name)?.spec);
  const calls = signatures.map((signature) => `**\`${name}${signature}\`**`);
  calls[0] += where ? ` *${where}*` : "";
  return [...calls, firstLines(doc), torch].filter(Boolean).join("  \n");
}

/** The comment up to its tags, in one paragraph per blank line. */
function firstLines(doc: string): string {
  const text = doc.split(/^\s*@/m)[0]!.replace(/\s@throws.*$/s, "");
  return text
    .replace(/\n(?!\n)/g, " ")
    .replace(/ {2,}/g, " ")
    .trim()
    .split(/\n\s*/)
    .join("  \n");
}

function torchLine(spec: DeclaredSpec | undefined): string {
  const [sample] = spec ? samplesOf(spec) : [];
  return spec && sample ? `PyTorch: \`${torchOf(spec, sample)}\`` : "";
}
