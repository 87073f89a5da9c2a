import { readFileSync } from "node:fs";
import { type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launch } from "./chromium.js";
import { frames } from "./frames.js";
import { longestTask } from "./tasks.js";

type ContextOptions = Parameters<Browser["newContext"]>[0];

/** The page that a teacher can copy: served as it is written, with the library's files beside it. */
describe("spiral.html", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  async function visit(options: ContextOptions = {}): Promise<{ page: Page; said: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    await page.goto(`${inject("browser").plain}demo/spiral.html`);
    return { page, said };
  }

  const number = async (page: Page, id: string): Promise<number> => parseFloat(await page.locator(`#${id}`).innerText());
  /** The colours of the regions, as one text. */
  const picture = (page: Page): Promise<string> => page.evaluate(`document.getElementById("regions").toDataURL()`);
  const until = (page: Page, id: string) => expect.poll(() => number(page, id));
  /** The next step that is shown, however short: to be asked for before it comes. */
  async function nextStep(page: Page): Promise<() => Promise<number>> {
    await page.evaluate(`{
      const step = document.getElementById("step");
      globalThis.next = new Promise((resolve) => {
        new MutationObserver(() => resolve(parseFloat(step.textContent))).observe(step, { childList: true });
      });
      undefined; // the promise is not to be waited for yet
    }`);
    return () => page.evaluate<number>("next");
  }

  test("has fewer than 100 lines, and needs nothing but the library", () => {
    const text = readFileSync(new URL("../../demo/spiral.html", import.meta.url), "utf8");
    expect(text.trimEnd().split("\n").length).toBeLessThan(100);
    expect([...text.matchAll(/(?:from|src=|href=|url\() ?"([^"]+)"/g)].map(([, url]) => url)).toEqual([
      "data:,",
      "./lanegrad/lanegrad.min.js",
    ]);
  });

  test("learns the arms before one's eyes, in tasks of less than 50 ms", async () => {
    const { page, said } = await visit();
    const longest = await longestTask(browser, page, async () => {
      await until(page, "step").toBeGreaterThan(0);
      const early = await picture(page);
      await until(page, "loss").toBeLessThan(0.2);
      expect(await picture(page)).not.toBe(early);
    });
    await until(page, "accuracy").toBeGreaterThan(95);
    expect(longest).toBeLessThan(50);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test("is used by keyboard: pause, another seed, start again; a seed is a picture", async () => {
    const { page, said } = await visit();
    await until(page, "step").toBeGreaterThan(5);
    await page.focus("#go");
    await page.keyboard.press("Space");
    expect(await page.locator("#go").innerText()).toBe("Go on");
    const [step, points] = [await number(page, "step"), await page.evaluate<string>(`document.getElementById("points").toDataURL()`)];
    await frames(page, 20);
    expect(await number(page, "step")).toBe(step);
    await page.focus("#seed");
    await page.keyboard.type("7"); // of 1 it makes 17
    const next = await nextStep(page);
    await page.keyboard.press("Enter");
    expect(await next()).toBeLessThan(step);
    expect(await page.locator("#go").innerText()).toBe("Pause");
    expect(await page.evaluate(`document.getElementById("points").toDataURL()`)).not.toBe(points);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test("draws once a second where motion is not wanted, and ends by itself", async () => {
    const { page, said } = await visit({ reducedMotion: "reduce" });
    await page.fill("#speed", "20");
    await until(page, "step").toBe(2000);
    expect(await page.locator("#go").innerText()).toBe("Once more");
    const next = await nextStep(page);
    await page.click("#go");
    expect(await next()).toBeLessThan(2000);
    expect(said).toEqual([]);
    await page.context().close();
  });

  test("fits a phone", async () => {
    const { page } = await visit({ viewport: { width: 360, height: 740 }, isMobile: true, deviceScaleFactor: 2 });
    await until(page, "step").toBeGreaterThan(0);
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBe(360);
    for (const id of ["go", "seed", "speed"]) expect((await page.locator(`#${id}`).boundingBox())!.height).toBeGreaterThanOrEqual(40);
    await page.context().close();
  });

  test("says what is missing", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.route("**/*.wasm", (route) => route.fulfill({ status: 404 }));
    await page.goto(`${inject("browser").plain}demo/spiral.html`);
    await expect.poll(() => page.locator("#about").innerText()).toMatch(/\.wasm answered 404; serve lanegrad's \.wasm files/);
    await context.close();
  });
});
