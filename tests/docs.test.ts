import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

/*
 * The programs of docs/off-thread.md run as they stand: each snippet is the file that its first line names. Node, in which
 * they run here, gets the browsers' Worker from tests/fixtures/web-worker.mjs.
 */

const root = fileURLToPath(new URL("..", import.meta.url));
const page = readFileSync(join(root, "docs/off-thread.md"), "utf8");
// Inside the project, so that `lanegrad` is found.
const folder = mkdtempSync(join(root, "tests", ".docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("docs/off-thread.md: the page trains in the worker, and prints what its comments say", () => {
  const files = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)];
  expect(files.map(([, name]) => name)).toEqual(["trainer.ts", "page.ts"]);
  for (const [, name, code] of files) writeFileSync(join(folder, name!), code!);
  const flags = ["--import", "tsx", "--import", join(root, "tests/fixtures/web-worker.mjs"), "--conditions=lanegrad-source"];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, join(folder, "page.ts")], { cwd: folder, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout.trim().split("\n")).toEqual(["100 true", "200 true", "300 true", "true", "true", "float32 [ 32, 1 ]"]);
});
