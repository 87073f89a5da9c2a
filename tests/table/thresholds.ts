import { readFileSync } from "node:fs";

/*
 * The thresholds of the two tuning files, as docs/performance.md shows them.
 */

export interface Threshold {
  readonly name: string;
  readonly value: string;
  /** What it decides, and why it is so. */
  readonly doc: string;
  /** The row of the bench that set it. */
  readonly row: string;
  readonly file: string;
}

const SOURCES = [
  { file: "src/runtime/tuning.ts", constant: /^export const (\w+) = (.+);$/ },
  { file: "crates/kernels/src/tuning.rs", constant: /^pub(?:\(crate\))? const (\w+): .+ = (.+);$/ },
];

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

export function thresholds(): Threshold[] {
  return SOURCES.flatMap(({ file, constant }) => {
    const found: Threshold[] = [];
    let comment: string[] = [];
    let fresh = true;
    for (const line of read(file).split("\n")) {
      const text = /^(?:\/\/\/|\/\*\*| \*(?!\/))\s?(.*?)\s*(?:\*\/)?$/.exec(line)?.[1];
      const [, name, value] = constant.exec(line) ?? [];
      if (text !== undefined) {
        comment = fresh ? [text] : [...comment, text];
        fresh = false;
      } else if (name !== undefined) {
        // What follows without a comment of its own shares the last one.
        const [, doc = "", row = ""] = /^(.*) \(([^()]+)\)$/.exec(comment.join(" ").trim()) ?? [];
        found.push({ name, value: value!, doc, row, file });
        fresh = true;
      } else if (line === "") comment = [];
    }
    return found;
  });
}

const START = "<!-- thresholds -->\n";
const END = "\n<!-- end of thresholds -->";

/** docs/performance.md, with the table as the files have it now. */
export function performancePage(): string {
  const page = read("docs/performance.md");
  const [start, end] = [page.indexOf(START), page.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`docs/performance.md has lost its marks ${START.trim()} and ${END.trim()}`);
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const lines = thresholds().map(({ name, value, doc, row }) => `| \`${name}\` | ${cell(value)} | ${cell(doc)} | ${cell(row)} |`);
  const table = ["| | value | what it decides | set by |", "|---|---|---|---|", ...lines].join("\n");
  return page.slice(0, start + START.length) + table + page.slice(end);
}
