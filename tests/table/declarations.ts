import { readFileSync, readdirSync } from "node:fs";
import ts from "typescript";

/** An exported function (or op) of the sources. */
export interface Declaration {
  readonly name: string;
  /** Below src/. */
  readonly file: string;
  /** The doc comment without its markers; empty when there is none. */
  readonly doc: string;
  /** `(x: Tensor, dim?: number): Tensor`, one for each overload. */
  readonly signatures: readonly string[];
}

const src = new URL("../../src/", import.meta.url);

export function sourceFiles(folder = ""): ts.SourceFile[] {
  const files = readdirSync(new URL(folder, src), { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.sort().map((file) => {
    const path = `${folder}${file}`;
    return ts.createSourceFile(path, readFileSync(new URL(path, src), "utf8"), ts.ScriptTarget.Latest, true);
  });
}

/** What the names of types stand for. */
type Aliases = ReadonlyMap<string, ts.TypeNode | ts.InterfaceDeclaration>;

let cache: Declaration[] | null = null;

/** The exported functions of src/ops: function declarations, and constants that are ops. */
export function declarations(): Declaration[] {
  return (cache ??= find());
}

function find(): Declaration[] {
  const files = sourceFiles("ops/");
  const statements = files.flatMap((file) => [...file.statements]);
  const aliases = new Map<string, ts.TypeNode | ts.InterfaceDeclaration>([
    ...statements.filter(ts.isTypeAliasDeclaration).map((alias) => [alias.name.text, alias.type] as const),
    ...statements.filter(ts.isInterfaceDeclaration).map((type) => [type.name.text, type] as const),
  ]);
  return files.flatMap((file) => {
    const renamed = renamings(file);
    const found = file.statements.flatMap((statement) => exported(statement, file.fileName, aliases, renamed));
    // Overloads stand one below the other, the doc comment over the first; the last, with the body, is not callable.
    return [...new Set(found.map(({ name }) => name))].map((name) => {
      const all = found.filter((declaration) => declaration.name === name);
      const callable = all.length > 1 ? all.slice(0, -1) : all;
      return {
        ...all[0]!,
        doc: all.find(({ doc }) => doc !== "")?.doc ?? "",
        signatures: callable.flatMap(({ signatures }) => signatures),
      };
    });
  });
}

/** `export { variance as var }`: the public name by the local one. */
function renamings(file: ts.SourceFile): Map<string, string> {
  const clauses = file.statements
    .filter(ts.isExportDeclaration)
    .flatMap(({ exportClause }) => (exportClause && ts.isNamedExports(exportClause) ? [...exportClause.elements] : []));
  return new Map(clauses.map((element) => [(element.propertyName ?? element.name).text, element.name.text]));
}

function exported(statement: ts.Statement, file: string, aliases: Aliases, renamed: ReadonlyMap<string, string>): Declaration[] {
  const isExported =
    ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
  const nameOf = (name: string): string | undefined => renamed.get(name) ?? (isExported ? name : undefined);
  const doc = docOf(statement);
  if (ts.isFunctionDeclaration(statement) && statement.name) {
    const name = nameOf(statement.name.text);
    return name === undefined ? [] : [{ name, file, doc, signatures: [signatureOf(statement)] }];
  }
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap((declaration) => {
    const name = nameOf(declaration.name.getText());
    const types = functionTypes(declaration.type, aliases);
    return name === undefined || types.length === 0 ? [] : [{ name, file, doc, signatures: types.map(signatureOf) }];
  });
}

/** The functions that a type annotation stands for: `Op<F>`, an alias of it, F itself, or an object type's call signatures. */
function functionTypes(type: ts.TypeNode | ts.InterfaceDeclaration | undefined, aliases: Aliases): ts.SignatureDeclaration[] {
  if (!type) return [];
  if (ts.isFunctionTypeNode(type)) return [type];
  if (ts.isTypeLiteralNode(type) || ts.isInterfaceDeclaration(type)) return type.members.filter(ts.isCallSignatureDeclaration);
  if (ts.isIntersectionTypeNode(type)) return type.types.flatMap((part) => functionTypes(part, aliases));
  if (!ts.isTypeReferenceNode(type)) return [];
  const name = type.typeName.getText();
  return functionTypes(name === "Op" ? type.typeArguments?.[0] : aliases.get(name), aliases);
}

function signatureOf({ parameters, type }: ts.SignatureDeclaration): string {
  return oneLine(`(${parameters.map(parameterText).join(", ")}): ${type?.getText() ?? "void"}`);
}

function parameterText(parameter: ts.ParameterDeclaration): string {
  const name = ts.isObjectBindingPattern(parameter.name) ? "options" : parameter.name.getText();
  const optional = (parameter.questionToken ?? parameter.initializer) ? "?" : "";
  const type = parameter.type?.getText() ?? guess(parameter.initializer);
  return `${parameter.dotDotDotToken ? "..." : ""}${name}${optional}: ${type}`;
}

function guess(initializer: ts.Expression | undefined): string {
  if (!initializer) return "unknown";
  if (initializer.kind === ts.SyntaxKind.TrueKeyword || initializer.kind === ts.SyntaxKind.FalseKeyword) return "boolean";
  return ts.isStringLiteral(initializer) ? "string" : "number";
}

function docOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  return comment
    ? comment
        .getText()
        .replace(/^\/\*\*|\*\/$/g, "")
        .replace(/^[ \t]*\* ?/gm, "")
        .trim()
    : "";
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ");

/** Every piece of text in the sources that could name a kernel, as patterns: `cast_${from}_${to}` is `cast_\w+_\w+`. */
export function textPatterns(): string[] {
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) found.add(node.text);
    if (ts.isPropertyAccessExpression(node)) found.add(node.name.text);
    if (ts.isTemplateExpression(node)) found.add(node.head.text + node.templateSpans.map((span) => `\\w+${span.literal.text}`).join(""));
    ts.forEachChild(node, visit);
  };
  sourceFiles().forEach(visit);
  return [...found].filter((text) => /^[\w\\+]+$/.test(text));
}
