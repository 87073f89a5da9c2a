import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** The files of src/ that a file imports to run: types are gone by then. */
function importsOf(name: string): string[] {
  const { statements } = ts.createSourceFile(name, readFileSync(join(src, name), "utf8"), ts.ScriptTarget.Latest);
  return statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const from = statement.moduleSpecifier;
    if (!from || !ts.isStringLiteral(from) || !from.text.startsWith(".") || isOfTypes(statement)) return [];
    const path = join(dirname(name), from.text.replace(/\.js$/, ".ts"));
    return path.startsWith("..") ? [] : path; // what wasm-bindgen made
  });
}

function isOfTypes(statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  const clause = ts.isImportDeclaration(statement) ? statement.importClause : statement;
  if (!clause) return false; // imported for what it does
  if (ts.isImportClause(clause) ? clause.phaseModifier === ts.SyntaxKind.TypeKeyword : clause.isTypeOnly) return true;
  const names = ts.isImportClause(clause) ? clause.namedBindings : clause.exportClause;
  return !!names && (ts.isNamedImports(names) || ts.isNamedExports(names)) && names.elements.every((name) => name.isTypeOnly);
}

test("imports in src/ go one way: no file is imported, by way of others, by what it imports", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (name: string, way: readonly string[]): void => {
    if (way.includes(name)) circles.push([...way.slice(way.indexOf(name)), name].join(" → "));
    if (way.includes(name) || done.has(name)) return;
    for (const next of importsOf(name)) visit(next, [...way, name]);
    done.add(name);
  };
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  for (const name of files) visit(name, []);
  expect(done.size).toBe(files.length);
  expect(circles).toEqual([]);
});
