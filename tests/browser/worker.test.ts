import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, open } from "./chromium.js";
import { longestTask } from "./tasks.js";

/** What only browsers have of lanegrad/worker; tests/stories/worker.ts runs in each of their configurations. */
describe("connect() in a browser", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  const LOADING = /^WorkerError: the worker could not be loaded: see that the URL in new Worker\(.*Content-Security-Policy/;

  test.each([
    ["is not there", "nobody.js", LOADING, {}],
    ["is a page", "page.html", LOADING, {}],
    ["imports what is not there", "faulty/imports.js", LOADING, {}],
    ["is forbidden", "data:text/javascript,0", LOADING, {}],
    ["throws", "faulty/early.js", /^WorkerError: the worker's script failed before it called expose\(\): .*RangeError: too early/, {}],
    ["rejects", "faulty/rejects.js", /^WorkerError: the worker's script failed before it called expose\(\): .*no WebAssembly here/, {}],
    ["never calls expose()", "faulty/silent.js", /^WorkerError: the worker's script has not called expose\(\) in 100 ms/, { timeout: 100 }],
  ])("rejects every call where the script %s", async (_, script, message, options) => {
    const { page, ask } = await open(browser, { isolated: true, worker: false });
    const [first, later] = await ask("connect", script, options);
    expect(first).toMatch(message);
    expect(later).toBe(first);
    await page.close();
  });

  test("no task of the page takes 50 ms while it reads what a worker yields at full speed", async () => {
    const { page, ask, warnings } = await open(browser, { isolated: false, worker: false });
    expect(await longestTask(browser, page, () => ask("readFast", 300_000))).toBeLessThan(50);
    expect(await warnings()).toEqual([]);
    await page.close();
  });
});
