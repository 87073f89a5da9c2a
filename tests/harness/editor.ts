import { readFileSync } from "node:fs";
import ts from "typescript";

/** What an editor shows in a file: TypeScript's own service, which editors ask. */
export interface Editor {
  /** The signature and doc comment that pop up over the last word of `text` (which must occur once). */
  over(text: string): string;
  /** The names that are offered after `text`. */
  after(text: string): string[];
}

export function openEditor(file: string, options: ts.CompilerOptions): Editor {
  const source = readFileSync(file, "utf8");
  const service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => (ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(readFileSync(name, "utf8")) : undefined),
    getCurrentDirectory: () => file.replace(/[^/\\]*$/, ""),
    getCompilationSettings: () => options,
    getDefaultLibFileName: (settings) => ts.getDefaultLibFilePath(settings),
    fileExists: (name) => ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
    directoryExists: (name) => ts.sys.directoryExists(name),
    getDirectories: (name) => ts.sys.getDirectories(name),
  });
  const endOf = (text: string): number => {
    const at = source.indexOf(text);
    if (at < 0 || source.indexOf(text, at + 1) >= 0) throw new Error(`${text} does not occur once in ${file}`);
    return at + text.length;
  };
  return {
    over(text) {
      const info = service.getQuickInfoAtPosition(file, endOf(text) - 1);
      return info ? `${ts.displayPartsToString(info.displayParts)}\n---\n${ts.displayPartsToString(info.documentation)}` : "";
    },
    after: (text) => service.getCompletionsAtPosition(file, endOf(text), undefined)?.entries.map(({ name }) => name) ?? [],
  };
}
