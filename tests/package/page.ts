import type { Browser, Page, Response } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { isolation, strictPolicy, underPolicy } from "../../scripts/setup/headers.mjs";
import { launch } from "../browser/chromium.js";
import { type Training, expectTrained } from "./project.js";
import { type Headers, type Served } from "./server.js";

export interface Visit {
  page: Page;
  /** What the page shows in the end: a training, or an error. */
  shown: string;
  /** Errors and warnings on its console. */
  said: string[];
  /** The scripts of its workers. */
  workers: string[];
  /** Everything it fetched. */
  responses: Response[];
}

/** A browser for the tests of a file. */
export function useBrowser(): () => Browser {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch(inject("packed").program)));
  afterAll(() => browser.close());
  return () => browser;
}

/** Opens a page and waits for what it shows in its <output>. */
export async function visit(browser: Browser, url: string, prepare?: (page: Page) => Promise<unknown>): Promise<Visit> {
  const page = await browser.newPage();
  const said: string[] = [];
  const workers: string[] = [];
  const responses: Response[] = [];
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) said.push(message.text());
  });
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("worker", (worker) => workers.push(worker.url()));
  page.on("response", (response) => responses.push(response));
  await prepare?.(page);
  await page.goto(url);
  const read = (): Promise<string | null> => page.locator("output").textContent();
  await expect.poll(async () => (await read()) === "…" && { waits: said }).toBe(false); // what was said may tell why
  return { page, shown: (await read())!, said, workers, responses };
}

/** It trained, on as many threads as the page may have, and nothing was said of it. */
export async function expectTraining({ page, shown, said, workers }: Visit, isolated: boolean): Promise<void> {
  expect(said).toEqual([]);
  expect(shown).toMatch(/^\{/);
  const training = JSON.parse(shown) as Training;
  expectTrained(training);
  expect(training.variant).toBe(isolated ? "relaxed" : "relaxed-simd");
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  expect(training.threads).toBe(isolated ? Math.min(8, cores) : 1);
  await expect.poll(() => workers).toHaveLength(training.threads - 1);
  for (const worker of workers) expect(worker).toMatch(/^http:/);
}

/** A worker of the page trained, on as many threads as if the page had. */
export async function expectTrainingInWorker({ page, shown, said, workers }: Visit): Promise<void> {
  expect(said).toEqual([]);
  expect(shown).toMatch(/^\{/);
  const training = JSON.parse(shown) as Training;
  expectTrained(training);
  expect(training.threads).toBe(Math.min(8, await page.evaluate(() => navigator.hardwareConcurrency)));
  await expect.poll(() => workers[0]).toMatch(/^http:/);
}

const HTML = "<!doctype html><title>Start page of the app</title>";

/**
 * The same for every place: what is said when a file is not what it should be.
 *
 * @param site starts a server of the pages, with some headers
 * @param policy the strictest Content-Security-Policy that they can live with
 */
export function faults(browser: () => Browser, site: (headers: Headers) => Promise<Served>, policy = strictPolicy): void {
  const withSite = async (headers: Headers, work: (url: string) => Promise<void>): Promise<void> => {
    const served = await site(headers);
    await work(served.url).finally(() => served.close());
  };

  test.each([
    [
      "is the app's start page",
      200,
      /\.wasm is not WebAssembly but starts with "<!doctype html>.*copy the \.wasm file there, or pass init\(\{ wasm/,
    ],
    ["is not there", 404, /\.wasm answered 404; serve lanegrad's \.wasm files, or pass init\(\{ wasm/],
  ])("a .wasm file that %s: an error that says what to do", async (_, status, pattern) => {
    await withSite({}, async (url) => {
      const respond = (page: Page): Promise<unknown> =>
        page.route("**/*.wasm*", (route) => route.fulfill({ status, contentType: "text/html", body: HTML }));
      const { page, shown } = await visit(browser(), url, respond);
      expect(shown).toMatch(pattern);
      await page.close();
    });
  });

  test("a .wasm file of the wrong MIME type does no harm", async () => {
    await withSite({}, async (url) => {
      const respond = (page: Page): Promise<unknown> =>
        page.route("**/*.wasm*", async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, headers: { ...response.headers(), "content-type": "text/plain" } });
        });
      const visited = await visit(browser(), url, respond);
      await expectTraining(visited, false);
      await visited.page.close();
    });
  });

  test("workers that the page's policy forbids: one thread, and a notice that says what to allow", async () => {
    await withSite({ ...isolation, ...underPolicy(`${policy}; worker-src 'none'`) }, async (url) => {
      const { page, shown, said } = await visit(browser(), url);
      expectTrained(JSON.parse(shown) as Training);
      await expect.poll(() => page.evaluate("threads()")).toBe(1); // the browser may tell of a worker after the training
      const notices = said.filter((text) => text.startsWith("lanegrad:"));
      expect(notices).toEqual([expect.stringMatching(/^lanegrad: a worker thread is gone .*Content-Security-Policy.*worker-src/)]);
      await page.close();
    });
  });

  test("WebAssembly that the page's policy forbids: an error that says what to allow", async () => {
    await withSite(underPolicy(policy.replace(" 'wasm-unsafe-eval'", "")), async (url) => {
      const { page, shown } = await visit(browser(), url);
      expect(shown).toMatch(/^BackendError: init\(\): .*Content-Security-Policy.*'wasm-unsafe-eval'/);
      await page.close();
    });
  });
}
