import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { io, loadSafetensors, nn } from "lanegrad";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeModel } from "../../examples/mnist/model.js";
import { launch } from "./chromium.js";
import { DemoPage, eventually, one, zero } from "./demo-page.js";
import { frames } from "./frames.js";
import { longestTask } from "./tasks.js";

describe("the demo", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(() => browser.close());

  test.each([
    ["isolated", /^WebAssembly relaxed SIMD, \d threads$/],
    ["plain", /^WebAssembly relaxed SIMD, one thread: this page is not cross-origin isolated$/],
  ] as const)("learns to read what is drawn, on a server that is %s", async (server, backend) => {
    const demo = await DemoPage.open(browser, server);
    const { page } = demo;
    await demo.ready();
    expect(await demo.text("backend")).toMatch(backend);
    expect(await demo.number("accuracy")).toBeLessThan(40);
    await eventually(() => page.locator("#gallery button").count()).toBeGreaterThan(0);

    const longest = await longestTask(browser, page, async () => {
      await demo.trainTo(90);
      await demo.draw(one);
      await eventually(() => demo.text("said")).toBe("1");
      await demo.draw(zero);
      await eventually(() => demo.text("said")).toBe("0");
    });
    expect(longest).toBeLessThan(50);
    await eventually(() => demo.number("loss-train")).toBeLessThan(0.6);
    await eventually(() => demo.number("loss-test")).toBeLessThan(0.6);
    expect(await demo.number("rate")).toBeGreaterThan(0);

    await page.click("#go");
    expect(await demo.text("go")).toBe("Go on");
    await demo.kept();
    expect(await demo.text("kept")).toMatch(/^Kept in this browser/);
    await demo.examined();
    const seen = await demo.number("seen");
    const bars = await demo.text("bars");
    await demo.draw(one); // it answers while it is paused
    await eventually(() => demo.text("bars")).not.toBe(bars);
    expect(await demo.number("seen")).toBe(seen);
    await page.click("#go");
    await eventually(() => demo.number("seen")).toBeGreaterThan(seen);
    expect(await demo.text("notices")).toBe("");
    expect(demo.said).toEqual([]);
    await demo.close();
  });

  test("keeps what it has learnt: over a reload, in a file, and when another file does not fit", async () => {
    const demo = await DemoPage.open(browser, "plain");
    const { page } = demo;
    await demo.ready();
    await demo.trainTo(80);
    await page.click("#go"); // pauses
    await demo.examined();
    await demo.kept();
    expect(await demo.text("kept")).toMatch(/^Kept in this browser at \d\d:\d\d:\d\d\.$/);
    const [seen, accuracy] = [await demo.number("seen"), await demo.number("accuracy")];
    await eventually(async () => (await demo.losses())?.seen).toBe(seen);
    const losses = await demo.losses();

    await page.reload();
    await eventually(() => demo.text("go")).toBe("Go on");
    await eventually(() => demo.number("seen")).toBe(seen);
    await eventually(() => demo.number("accuracy")).toBe(accuracy);
    await eventually(() => demo.losses()).toEqual(losses);

    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    expect(download.suggestedFilename()).toBe("lanegrad-mnist.safetensors");
    const file = await download.path();
    makeModel().loadStateDict(await loadSafetensors(await readFile(file)));

    await page.click("#reset");
    await eventually(() => demo.number("accuracy")).toBeLessThan(40);
    expect([await demo.text("go"), await demo.number("seen")]).toEqual(["Start training", 0]);
    await page.getByRole("button", { name: "Undo" }).click();
    await eventually(() => demo.number("accuracy")).toBe(accuracy);
    expect([await demo.text("go"), await demo.number("seen")]).toEqual(["Go on", seen]);

    await page.click("#reset");
    await eventually(() => demo.number("accuracy")).toBeLessThan(40);
    await page.setInputFiles("#file", file);
    await eventually(() => demo.number("accuracy")).toBe(accuracy);
    await eventually(() => demo.text("status")).toMatch(/^The weights of .* are in place\.$/);

    const other = Buffer.from(io.serialize(new nn.Linear(3, 2).stateDict()));
    await page.setInputFiles("#file", { name: "other.safetensors", mimeType: "", buffer: other });
    await eventually(() => demo.text("notices")).toMatch(/other\.safetensors has the weights of another net.*The net is as it was\./);
    await page.setInputFiles("#file", { name: "noise.safetensors", mimeType: "", buffer: Buffer.from("noise") });
    await eventually(() => demo.text("notices")).toMatch(/noise\.safetensors is not a sound safetensors file\. The net is as it was\./);
    await eventually(() => demo.number("accuracy")).toBe(accuracy);
    expect(demo.said).toEqual([]);
    await demo.close();
  });

  test("says that the browser keeps nothing, and goes on", async () => {
    const demo = await DemoPage.open(browser, "plain", {
      prepare: (page) =>
        page.addInitScript(() => {
          IDBObjectStore.prototype.put = () => {
            throw new DOMException("no room", "QuotaExceededError");
          };
        }),
    });
    await demo.ready();
    await demo.start();
    await demo.page.click("#go");
    await eventually(() => demo.text("notices")).toMatch(/does not keep the weights \(its storage is full\)\. Training is not affected/);
    const [download] = await Promise.all([
      demo.page.waitForEvent("download"),
      demo.page.locator("#notices").getByRole("button", { name: "Save weights" }).click(),
    ]);
    expect((await readFile(await download.path())).length).toBeGreaterThan(4 * 80_202);
    expect(demo.said).toEqual([]);
    await demo.close();
  });

  test("says what is missing: digits of either set, and SIMD", async () => {
    const labels = await readFile(new URL("../../examples/data/mnist/t10k-labels-idx1-ubyte.gz", import.meta.url));
    let broken = "**";
    const demo = await DemoPage.open(browser, "plain", {
      prepare: async (page) => {
        await page.route("**/train-images*", (route) => (broken ? route.fulfill({ status: 404 }) : route.continue()));
        // As a server answers that has the browser unpack it.
        await page.route("**/t10k-labels*", (route) =>
          broken === "**" ? route.abort() : route.fulfill({ body: gunzipSync(labels), contentType: "application/octet-stream" }),
        );
      },
    });
    const { page } = demo;
    const again = page.locator("#notices").getByRole("button", { name: "Try again" });
    await eventually(() => demo.text("notices")).toMatch(/The test digits could not be loaded/);
    await demo.draw(zero);
    await eventually(() => demo.text("said")).toMatch(/\d/);
    broken = "train";
    await again.click();
    await demo.ready();
    await eventually(() => demo.text("notices")).toMatch(/^The digits to train on could not be loaded/);
    await page.click("#go");
    await eventually(() => demo.text("go")).toBe("Start training"); // in vain
    broken = "";
    await again.click();
    await demo.start();
    expect(await demo.text("notices")).toBe("");
    expect(await demo.text("sure")).not.toBe("nothing drawn yet"); // what was drawn is still there
    await demo.close();

    const old = await DemoPage.open(browser, "plain", {
      prepare: (page) =>
        page.route("**/service-*.js", async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, body: `WebAssembly.validate = () => false;\n${await response.text()}` });
        }),
    });
    await eventually(() => old.text("notices")).toMatch(
      /lanegrad needs WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16\.4/,
    );
    expect(old.said).toEqual([]);
    await old.close();
  });

  test("can be used by keyboard alone", async () => {
    const demo = await DemoPage.open(browser, "plain", { reducedMotion: "reduce" });
    const { page } = demo;
    await demo.ready();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // the link that skips
    const before = await page.locator("#bars").innerText();
    await page.locator("#pad").focus();
    await page.keyboard.press("4");
    await eventually(() => page.locator("#bars").innerText()).not.toBe(before);
    await eventually(() => demo.text("spoken")).toMatch(/^The net says \d, /);
    await page.keyboard.press("Delete");
    await eventually(() => demo.text("sure")).toBe("nothing drawn yet");

    await page.locator("#go").focus();
    await page.keyboard.press("Enter");
    await eventually(() => demo.number("accuracy")).toBeGreaterThan(60);
    await page.keyboard.press("Enter");
    expect(await demo.text("go")).toBe("Go on");
    await demo.examined();
    await page.locator("#lr").focus();
    await page.keyboard.press("ArrowRight");
    expect(await demo.text("lr-value")).toBe("0.002");

    await page.locator("#matrix button[tabindex='0']").focus();
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
    await eventually(() => demo.text("chosen-title")).toBe("2, and read as 2");
    await page.locator("#gallery button").first().press("Enter");
    await eventually(() => demo.text("said")).toBe("2");
    for (const control of await page.locator("button, input, a, [tabindex]").all())
      expect(
        await control.evaluate(
          (node) => (node.ariaLabel ?? "") + (node.textContent ?? "") + ((node as HTMLInputElement).labels?.length ?? ""),
        ),
      ).not.toBe("");
    expect(demo.said).toEqual([]);
    await demo.close();
  });

  test("fits screens of all sizes, dark ones too", async () => {
    const demo = await DemoPage.open(browser, "plain", { hasTouch: true, colorScheme: "dark" });
    await demo.ready();
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [768, 1024],
      [1280, 800],
    ] as const) {
      await demo.page.setViewportSize({ width, height });
      await eventually(() => demo.page.evaluate(() => innerWidth)).toBe(width);
      await frames(demo.page, 2);
      expect(await demo.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    }
    expect(demo.said).toEqual([]);
    await demo.close();
  });
});
