import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Browser } from "playwright-core";
import { launch } from "./chromium.js";

interface Title {
  first: number;
  last: number;
  threads: number;
  variant: string;
}

/** tests/browser/app, built by Vite as a user would; the isolated server also sends a strict Content-Security-Policy. */
describe("a page that Vite bundled", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  test.each([
    ["isolated", "relaxed"],
    ["plain", "relaxed-simd"],
  ] as const)("trains on a server that is %s", async (server, variant) => {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    const scripts: string[] = [];
    page.on("worker", (worker) => scripts.push(worker.url()));
    await page.goto(`${inject("browser")[server]}app/index.html`);
    await expect.poll(async () => [await page.title(), ...said]).toEqual([expect.stringMatching(/^\{/)]);
    const title = JSON.parse(await page.title()) as Title;
    expect(title.variant).toBe(variant);
    expect(title.last).toBeLessThan(title.first);
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    expect(title.threads).toBe(server === "isolated" ? Math.min(8, cores) : 1);
    // The browser may tell of a worker after the page has used it.
    await expect.poll(() => scripts).toHaveLength(title.threads - 1);
    for (const url of scripts) expect(url).toMatch(/^http:.*\/thread-worker\.browser-[\w-]+\.js$/);
    await page.close();
  });
});
