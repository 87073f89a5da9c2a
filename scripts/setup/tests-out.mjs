// Takes out of the sources, while dist/ is built, what op declarations say to tests and docs only.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./paths.mjs";

const spec = join(root, "src/core/spec.ts");
const ops = join(root, "src/ops/");

const parse = (text, fileName) => ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);

/** The members of the interface OpTests. What runs cannot read them: its type of a declaration has none of them. */
function namesOf(file) {
  const found = file.statements.find((statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === "OpTests");
  return new Set(found.members.map((member) => member.name.getText(file)));
}

const names = namesOf(parse(readFileSync(spec, "utf8"), spec));

/**
 * An op is declared in one place, with its samples, the calls that must fail and the same in PyTorch: a tenth of the
 * library, which no program of a user reads. Constants and functions that were there for them alone, bundlers drop.
 */
export function withoutTests(text, fileName) {
  if (!fileName.startsWith(ops)) return text;
  const file = parse(text, fileName);
  const edits = [];
  const visit = (node) => {
    if (isTests(node, file)) edits.push([node.getStart(file), endOf(node, text)]);
    else ts.forEachChild(node, visit);
  };
  visit(file);
  // From the end, so that places before stay valid; leaving line breaks, so that source maps do.
  return edits
    .reverse()
    .reduce((out, [start, end]) => `${out.slice(0, start)}${out.slice(start, end).replace(/[^\n]+/g, "")}${out.slice(end)}`, text);
}

/** A property of that name, in an object that is given to a function or is the value of a constant. */
function isTests(node, file) {
  if (!ts.isObjectLiteralElementLike(node) || !node.name || !names.has(node.name.getText(file))) return false;
  const { parent } = node.parent;
  return ts.isCallExpression(parent) || ts.isVariableDeclaration(parent);
}

/** With the comma after it. */
const endOf = (node, text) => node.getEnd() + /^\s*,?/.exec(text.slice(node.getEnd()))[0].length;
