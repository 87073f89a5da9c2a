import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RELAXED_FLAGS, runFixtureWith } from "../fixtures/run.js";
import { type TestPage, type Where, launch, open } from "./chromium.js";
import { type SuiteName, suites } from "./suites.js";

/** All tests of one configuration: with or without cross-origin isolation, on the main thread or in a worker. */
export function configuration(where: Where): void {
  const { isolated, worker } = where;
  const place = `${isolated ? "with" : "without"} cross-origin isolation, ${worker ? "in a worker" : "on the main thread"}`;
  describe(place, () => {
    let browser: Browser;
    beforeAll(async () => void (browser = await launch()));
    afterAll(() => browser.close());

    describe("starting", () => startTests(() => browser, where));
    describe("threads", () => (isolated ? threadTests : noThreadTests)(() => browser, where));
    describe("cases", () => caseTests(() => browser, where));
  });
}

function startTests(browser: () => Browser, where: Where): void {
  test("an op before init() says what to do, and init() then works", async () => {
    const { page, ask, warnings } = await open(browser(), where);
    expect(await ask("beforeInit")).toMatch(/BackendError: lanegrad has not started: put `await init\(\)` before the first tensor/);
    await ask("start", {});
    expect(await ask("sum")).toBeCloseTo(1e6, -1);
    expect(await warnings()).toEqual([]);
    await page.close();
  });

  test(where.worker ? "a trace cannot be saved in a worker, and says so" : "a trace is offered as a download", async () => {
    const { page, ask } = await open(browser(), where);
    await ask("start", {});
    if (where.worker) {
      expect(await ask("saveTrace", "trace.json")).toMatch(
        /^FileError: saveChromeTrace\(\): there are no downloads here, so trace.json is lost; take its text/,
      );
    } else {
      const [file, problem] = await Promise.all([page.waitForEvent("download"), ask("saveTrace", "traces/trace.json")]);
      expect([file.suggestedFilename(), problem]).toEqual(["trace.json", ""]);
      const { traceEvents } = JSON.parse(await readFile(await file.path(), "utf8")) as { traceEvents: { name: string }[] };
      expect(traceEvents.map(({ name }) => name)).toContain("exp");
    }
    await page.close();
  });
}

/** The digest of a fresh page that starts with `options`. */
async function digestOf(browser: Browser, where: Where, options: Parameters<TestPage["ask"]>[1] & object) {
  const { page, ask, warnings } = await open(browser, where);
  const report = await ask("start", options);
  const digest = await ask("digest");
  const warned = await warnings();
  await page.close();
  return { report, digest, warned };
}

/** What Node has with a build for one thread. Plain SIMD rounds alike everywhere, relaxed SIMD on one machine. */
const digestOfNode = (variant: "simd" | "relaxed-simd"): string =>
  (JSON.parse(runFixtureWith(RELAXED_FLAGS, "digest", JSON.stringify({ variant })).stdout) as { digest: string }).digest;

function threadTests(browser: () => Browser, where: Where): void {
  test("1, 2, 4 and 8 threads give the same bits, in calls that return at once", async () => {
    const digests = [];
    for (const threads of [1, 2, 4, 8]) {
      const { report, digest, warned } = await digestOf(browser(), where, { threads });
      expect(report).toMatchObject({ threads, variant: "relaxed" });
      expect(warned).toEqual([]);
      digests.push(digest);
    }
    expect(new Set(digests)).toEqual(new Set([digests[0]]));
  });

  test("plain SIMD gives the bits of Node, with shared memory and without", async () => {
    const node = digestOfNode("simd");
    const shared = await digestOf(browser(), where, { threads: 2, deterministic: true });
    expect(shared).toMatchObject({ report: { threads: 2, variant: "threads" }, digest: node });
    const alone = await digestOf(browser(), where, { variant: "simd" });
    expect(alone).toMatchObject({ report: { threads: 1, variant: "simd" }, digest: node });
  });
}

function noThreadTests(browser: () => Browser, where: Where): void {
  test.each([
    ["relaxed-simd", {}],
    ["simd", { deterministic: true }],
  ] as const)("one thread, without a word, gives the bits of Node: %s", async (variant, options) => {
    const { report, digest, warned } = await digestOf(browser(), where, options);
    expect(report).toMatchObject({ threads: 1, variant });
    expect(digest).toBe(digestOfNode(variant));
    expect(warned).toEqual([]);
  });

  test("one thread where more were asked for, with one notice that names the headers", async () => {
    const { report, warned } = await digestOf(browser(), where, { threads: 4 });
    expect(report.threads).toBe(1);
    expect(warned).toEqual([expect.stringMatching(/one thread instead of 4: .*Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/)]);
  });
}

/** The generic test of the ops and the stories, on one page as in one process. */
function caseTests(browser: () => Browser, where: Where): void {
  let page: TestPage;
  beforeAll(async () => {
    page = await open(browser(), where);
    await page.ask("start", where.isolated ? { threads: 2 } : {});
    await page.ask("load");
  });

  for (const [suite, cases] of Object.entries(suites())) {
    for (const { name } of cases) test(`${suite}: ${name}`, () => page.ask("runCase", suite as SuiteName, name));
  }

  test("nothing was warned of on the console", async () => {
    expect(await page.warnings()).toEqual([]);
  });
}
