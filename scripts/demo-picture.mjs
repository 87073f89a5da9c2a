// node scripts/demo-picture.mjs: remakes docs/images/demo.png, the page as it is after some seconds of training.
import { mkdirSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { setup } from "./setup/all.mjs";
import { chromium } from "./setup/chromium.mjs";
import { root } from "./setup/paths.mjs";
import { main, step } from "./setup/steps.mjs";

const file = join(root, "docs/images/demo.png");
const DIGITS = 45_000;

await main(async () => {
  await setup();
  const program = await chromium(Promise.resolve());
  const { chromium: playwright } = await import("playwright-core"); // packages are there only now
  const { buildSite, serveSite } = await import("./setup/site.mjs");
  await step("page", buildSite);
  const site = await serveSite(undefined, { port: 0 });
  const browser = await playwright.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1385 } });
    await page.goto(site.url);
    await step("training", () => train(page));
    await draw(page);
    mkdirSync(dirname(file), { recursive: true });
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
    await site.close();
  }
  console.log(`${relative(root, file)}: ${Math.round(statSync(file).size / 1000)} kB`);
});

async function train(page) {
  await page.click("#go:enabled");
  const seen = async () => Number((await page.locator("#seen").innerText()).replaceAll(",", "").split(" ")[0]);
  while ((await seen()) < DIGITS) await page.waitForTimeout(200);
}

/** A 3, as a hand draws it: two arcs. */
async function draw(page) {
  await page.click("#clear");
  const { x, y, width } = await page.locator("#pad").boundingBox();
  const arc = (middle, radius, from, to) =>
    Array.from({ length: 24 }, (_, i) => {
      const angle = ((from + ((to - from) * i) / 23) * Math.PI) / 180;
      return [0.48 + radius * Math.cos(angle), middle + 0.9 * radius * Math.sin(angle)];
    });
  const points = [...arc(0.34, 0.16, -155, 80), ...arc(0.65, 0.19, -85, 150)];
  for (const [i, [across, down]] of points.entries()) {
    await page.mouse.move(x + across * width, y + down * width);
    if (i === 0) await page.mouse.down();
  }
  await page.mouse.up();
  await page.mouse.move(5, 5);
  await page.waitForTimeout(1500);
}
