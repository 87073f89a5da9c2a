// Lets bundlers drop what a program does not use.
import ts from "typescript";

/**
 * A constant at the top of a file is made for its value, so where nobody uses that, it need not be made. No bundler may
 * conclude this from `op({ … })` by itself, so it is said here, in the words that all of them know: a function that is
 * called in place and marked as pure, whatever it does inside. Sources stay free of such marks.
 */
export function markPure(text, fileName) {
  const file = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const edits = [];
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { initializer } of statement.declarationList.declarations) {
      if (initializer && runs(initializer)) edits.push([initializer.getStart(file), initializer.getEnd()]);
    }
  }
  // From the end, so that places before stay valid; on the same lines, so that source maps do.
  return edits
    .reverse()
    .reduce((out, [start, end]) => `${out.slice(0, start)}/* @__PURE__ */ (() => (${out.slice(start, end)}))()${out.slice(end)}`, text);
}

/** Whether evaluating it runs code: functions and what is inside do not count. */
function runs(node) {
  if (ts.isFunctionLike(node)) return false;
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isSpreadElement(node) || ts.isPropertyAccessExpression(node)) return true;
  return ts.forEachChild(node, (child) => !ts.isTypeNode(child) && runs(child)) ?? false;
}
