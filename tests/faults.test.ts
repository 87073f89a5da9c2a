import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { runFixture } from "./fixtures/run.js";

interface Outcome {
  sum: number;
  errors: string[];
  p: number;
  threads: number;
}

function withWorker(mode: string, skip = 0, ...more: string[]): Outcome & { stderr: string } {
  const { stdout, stderr, status } = runFixture("faulty", mode, String(skip), ...more);
  expect(status, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as Outcome), stderr };
}

const EXPECTED = 20e6; // a million times 1 + 19

describe("a worker that", () => {
  test.each([
    ["exit", "at once"],
    ["throw", "at once"],
    ["between", "between jobs"],
    ["during", "with a part of a job in hand"],
  ])("fails (%s, %s) costs a thread, not a result", (mode) => {
    const { sum, errors, threads, p, stderr } = withWorker(mode);
    expect(sum).toBe(EXPECTED);
    expect(errors).toEqual([]);
    expect(p).toBe(500_000);
    expect(threads).toBe(1);
    expect(stderr.match(/a worker thread is gone/g)).toHaveLength(1);
  });

  test("dies while it changes a tensor in place gives an error that says so, and the library goes on", () => {
    const { sum, errors, threads } = withWorker("during", 2, "in place");
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/sgd_f32: a worker thread died while it changed a tensor in place, so that tensor's contents are lost/);
    expect(sum).toBe(EXPECTED);
    expect(threads).toBe(1);
  });

  test("traps gives an error that names the kernel, and the library goes on without it", () => {
    const { sum, errors, threads } = withWorker("trap", 3);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/a kernel failed on a worker thread: exp_f32/);
    expect(sum).toBe(EXPECTED);
    expect(threads).toBe(1);
  });
});

describe("starting", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanegrad-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const page = join(folder, "page.wasm");
  writeFileSync(page, "<!doctype html><title>Not found</title>");

  test.each([
    ["a missing file", pathToFileURL(join(folder, "nowhere.wasm")).href, /nowhere\.wasm/],
    ["a page in place of WebAssembly", pathToFileURL(page).href, /page\.wasm is not WebAssembly but starts with "<!doctype html>/],
  ])("with %s says so, and a later start works", (_, url, pattern) => {
    const { stdout, status, stderr } = runFixture("start", url);
    expect(status, stderr).toBe(0);
    const { message, sum } = JSON.parse(stdout) as { message: string; sum: number };
    expect(message).toMatch(pattern);
    expect(sum).toBe(3);
  });
});

describe("memory growth refused", () => {
  test("at the k-th time, for each k: training ends in an OutOfMemoryError or not at all, and goes on afterwards", () => {
    const { stdout, status, stderr } = runFixture("growth");
    expect(status, stderr).toBe(0);
    for (const run of JSON.parse(stdout) as { k: number; error: string; after: number; leaked: number }[]) {
      if (run.error) expect(run.error).toMatch(/out of memory: [\d.]+ MiB asked for, [\d.]+ MiB in use by \d+ tensors/);
      expect(run.after).toBe(6);
      expect(run.leaked).toBe(0);
    }
  });
});
