import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { ones, profile } from "lanegrad";
import { observer } from "../src/runtime/observer.js";
import { profilerCases } from "./stories/profiler.js";

const folder = mkdtempSync(join(tmpdir(), "lanegrad-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(profilerCases)("$name", async ({ run }) => {
  await run();
  expect(observer).toBeNull();
});

test("the trace is saved to a file", async () => {
  const p = profile(() => ones([3]).exp());
  const path = join(folder, "trace.json");
  await p.saveChromeTrace(path);
  expect(readFileSync(path, "utf8")).toBe(p.toChromeTrace());
  await expect(p.saveChromeTrace(join(folder, "none/trace.json"))).rejects.toThrow(
    /FileError: saveChromeTrace\(\): cannot write|saveChromeTrace\(\): cannot write/,
  );
  await expect(p.saveChromeTrace(3 as unknown as string)).rejects.toThrow("saveChromeTrace(): expected a path, got number");
});

test("console.log prints the tables", () => {
  const p = profile(() => ones([3]).exp());
  expect(inspect(p)).toBe(String(p));
});
