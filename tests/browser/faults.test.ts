import type { BackendReport } from "lanegrad";
import type { Browser, Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestPage, launch, open } from "./chromium.js";

type Respond = (route: Route) => Promise<void>;

const HTML = "<!doctype html><title>Start page of the app</title>";
const ISOLATION = { "Cross-Origin-Embedder-Policy": "require-corp" };

const notFound: Respond = (route) => route.fulfill({ status: 404, headers: ISOLATION, contentType: "text/html", body: HTML });
const indexPage: Respond = (route) => route.fulfill({ status: 200, headers: ISOLATION, contentType: "text/html", body: HTML });
const withoutHeaders: Respond = (route) => route.fulfill({ status: 200, contentType: "text/javascript", body: "" });

/** What the library itself said; the browser reports failed requests as well. */
const notices = async (page: TestPage): Promise<string[]> => (await page.warnings()).filter((text) => text.startsWith("lanegrad:"));

describe.each([
  { isolated: true, worker: false },
  { isolated: true, worker: true },
  { isolated: false, worker: false },
  { isolated: false, worker: true },
])("isolated: $isolated, in a worker: $worker", (where) => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  const openWith = (file: string, respond: Respond): Promise<TestPage> => open(browser, where, (page: Page) => page.route(file, respond));

  test.each([
    [
      "is the app's start page",
      indexPage,
      /\/[\w-]+\.wasm is not WebAssembly but starts with "<!doctype html>.*pass init\(\{ wasm: url \}\)/,
    ],
    ["is not there", notFound, /\/[\w-]+\.wasm answered 404; serve lanegrad's \.wasm files, or pass init\(\{ wasm: url \}\)/],
    ["cannot be fetched", (route: Route) => route.abort(), /could not fetch http:.*\/[\w-]+\.wasm/],
  ])("where the .wasm %s, init() says so with its URL, and a later init() works", async (_, respond, pattern) => {
    const page = await openWith("**/*.wasm", respond);
    await expect(page.ask("start", {})).rejects.toThrow(pattern);
    expect(await page.ask("beforeInit")).toMatch(/await init\(\)/);
    await page.page.unroute("**/*.wasm");
    await page.ask("start", {});
    expect(await page.ask("sum")).toBeCloseTo(1e6, -1);
    expect(await notices(page)).toEqual([]);
    await page.page.close();
  });

  if (!where.isolated) return;

  const aloneWithNotice = async (page: TestPage, notice: RegExp): Promise<void> => {
    const work = async (): Promise<BackendReport> => {
      expect(await page.ask("sum")).toBeCloseTo(1e6, -1);
      return page.ask("report");
    };
    await expect.poll(work).toMatchObject({ threads: 1 });
    await work();
    expect(await notices(page)).toEqual([expect.stringMatching(notice)]);
    await page.page.close();
  };

  test.each([
    ["is not there", "faulty/nowhere.js", /\(faulty\/nowhere\.js could not be loaded: serve it .*workerUrl/],
    ["is a page", "page.html", /\(page\.html could not be loaded/],
    ["is of another origin", "http://127.0.0.1:9/worker.js", /SecurityError.*127\.0\.0\.1/],
    ["throws", "faulty/throws.js", /broken on purpose/],
  ])("a worker script that %s costs the threads and one notice, not a result", async (_, workerUrl, notice) => {
    const page = await open(browser, where);
    await page.ask("start", { threads: 4, workerUrl }, false);
    await aloneWithNotice(page, notice);
  });

  test("a worker that stops with a part of a job in hand is given up, and its part repeated", async () => {
    const page = await open(browser, where);
    await page.ask("start", { threads: 2, workerUrl: "faulty/stuck.js" });
    await aloneWithNotice(page, /a worker thread is gone \(it stopped in the middle of a job\)/);
  });

  // Playwright does not see what the worker of a worker asks for.
  if (where.worker) return;

  test.each([
    ["is not there", notFound],
    ["is the app's start page", indexPage],
    ["lacks the header Cross-Origin-Embedder-Policy", withoutHeaders],
  ])("a worker script beside the library that %s costs the threads and one notice", async (_, respond) => {
    const page = await openWith("**/thread-worker.browser.js", respond);
    await page.ask("start", { threads: 4 }, false);
    await aloneWithNotice(page, /\(thread-worker\.browser\.js could not be loaded: serve it .*Cross-Origin-Embedder-Policy/);
  });

  test("a worker script that never comes is not waited for", async () => {
    const page = await openWith("**/thread-worker.browser.js", () => Promise.resolve());
    await page.ask("start", { threads: 4 }, false);
    expect(await page.ask("sum")).toBeCloseTo(1e6, -1);
    expect(await notices(page)).toEqual([]);
    await page.page.close();
  });
});
