// Puts doc comments into the types where editors look for them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "./paths.mjs";

/** @param folder of the .d.ts files, made by tsc */
export function addDocs(folder) {
  const program = ts.createProgram([join(root, folder, "index.d.ts")], { skipLibCheck: true, types: [] });
  const checker = program.getTypeChecker(); // from here on nodes know their parents, and so their comments
  for (const file of program.getSourceFiles()) {
    if (file.fileName.includes(`/${folder}/`)) edit(file, constructorDocs(file));
  }
  const methods = program.getSourceFile(join(root, folder, "ops/methods.d.ts"));
  const list = methodDocs(checker, program.getSourceFile(join(root, folder, "ops/tensor-ops.d.ts")));
  const text = readFileSync(methods.fileName, "utf8");
  const [before, after] = text.split(/(?<=interface Tensor extends Methods<typeof ops> \{)/);
  if (after === undefined) throw new Error("the methods of Tensor are not where they were: see src/ops/methods.ts");
  writeFileSync(methods.fileName, `${before}\n${list}${after}`);
}

const nodeOfDoc = (node) => ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc);
const docOf = (node) => nodeOfDoc(node)?.getText();

/** Over `new nn.Linear` an editor shows what is said of the constructor: there, what is said of the class comes first. */
function constructorDocs(file) {
  return file.statements.filter(ts.isClassDeclaration).flatMap((made) => {
    const [doc, first] = [docOf(made), made.members.find(ts.isConstructorDeclaration)];
    const own = first && nodeOfDoc(first);
    if (!doc || !first || own?.comment) return [];
    if (!own) return [[first.getStart(file), first.getStart(file), `${doc}\n    `]];
    const inner = (text) => text.slice(3, -2).replace(/\s+$/, "");
    return [[own.getStart(file), own.getEnd(), `/**${inner(doc)}\n     *\n     *${inner(own.getText())}\n     */`]];
  });
}

/**
 * What a mapped type makes of functions has lost their comments: each method once more by name, with its own. One that is
 * not overloaded gets its one signature, as an editor shows no comment over a call of several.
 */
function methodDocs(checker, file) {
  const functions = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
  const lines = functions.map((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const doc = target.declarations?.map(docOf).find(Boolean);
    if (!doc || !(target.flags & (ts.SymbolFlags.Variable | ts.SymbolFlags.Function))) return "";
    const { name } = symbol;
    const one = checker.getTypeOfSymbol(target).getCallSignatures().length === 1;
    const single = `(typeof ops)["${name}"] extends (x: infer _A, ...rest: infer R) => infer O ? (...rest: R) => O : never`;
    return `${doc}\n${name}: ${one ? single : `Methods<typeof ops>["${name}"]`};\n`;
  });
  return lines.join("");
}

function edit(file, changes) {
  if (changes.length === 0) return;
  const text = changes.reverse().reduce((all, [start, end, more]) => all.slice(0, start) + more + all.slice(end), file.text);
  writeFileSync(file.fileName, text);
}
