import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { projects, versions } from "./package/versions.js";

/*
 * What the README and docs/bundlers.md say of the places where the package works is what tests/package tries.
 */

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** The rows of a table under a heading: the first cell, and the versions in the second. */
function versionsInReadme(): Record<string, string[]> {
  const section = /\n## Where it runs\n(.*?)\n## /s.exec(read("README.md"))![1]!;
  const rows = [...section.matchAll(/^\| (\w[\w.]*) \| ([^|]*) \|/gm)];
  return Object.fromEntries(rows.map(([, name, cell]) => [name!.toLowerCase().replace(".js", ""), cell!.split(", ")]));
}

test("the README's table has the versions that are tested, of every tool", () => {
  const tested: Record<string, string[]> = {};
  for (const project of projects()) {
    const tool = project.replace(/\d+$/, ""); // vite7 is Vite too
    const found = Object.entries(versions(project)).filter(([name]) => name.replace(/\d+$/, "") === tool);
    if (found.length > 0) tested[tool] = [...(tested[tool] ?? []), ...found.map(([, version]) => version)];
  }
  expect(versionsInReadme()).toEqual(tested);
});

test.each([
  ["vite/isolated.config.js", (text: string) => text],
  ["vite7/isolated.config.js", (text: string) => text],
  ["next/next.config.mjs", (text: string) => text],
  ["rollup/rollup.config.js", (text: string) => text],
  ["parcel/package.json", (text: string) => /"@parcel\/resolver-default": \{[^}]*\}/.exec(text)![0].replaceAll(/\s+/g, " ")],
  ["esbuild/package.json", (text: string) => /"build": ".*"/.exec(text)![0]],
])("docs/bundlers.md has the lines of %s", (file, part) => {
  expect(read("docs/bundlers.md")).toContain(part(read(`tests/package/fixtures/${file}`)));
});

test("docs/bundlers.md has the targets for Parcel", () => {
  const lines = /browserslistrc"\), "(.*?)"\)/.exec(read("tests/package/parcel.test.ts"))![1]!.split("\\n").filter(Boolean);
  for (const line of lines) expect(read("docs/bundlers.md")).toContain(line);
});
