import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { afterAll, describe, expect, test } from "vitest";
import { rmSync } from "node:fs";

/*
 * Every TypeScript snippet of the README runs as it stands, and prints what its comments say.
 */

const root = fileURLToPath(new URL("..", import.meta.url));
const snippets = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
// Inside the project, so that `lanegrad` is found.
const folder = mkdtempSync(join(root, "tests", ".readme-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the comments after `console.log` promise. */
function promised(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text!);
}

const plain = (text: string): string => text.replace(/\s+/g, "");

describe("the README's snippet", () => {
  test("is there at all", () => expect(snippets.length).toBeGreaterThanOrEqual(4));

  test.each(snippets.map((code) => [code.split("\n")[0]!, code]))("%s", (_, code) => {
    const file = join(folder, `snippet-${snippets.indexOf(code)}.ts`);
    writeFileSync(file, code);
    const { stdout, stderr, status } = spawnSync(process.execPath, ["--import", "tsx", "--conditions=lanegrad-source", file], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(status, stderr).toBe(0);
    for (const text of promised(code)) expect(plain(stdout)).toContain(plain(text.replace(" parameters", "")));
  });
});
