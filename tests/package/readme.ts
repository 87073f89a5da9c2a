import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { expect } from "vitest";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** The lines of the README that begin with a comment which names their file. */
export function linesOf(file: string): string {
  const found = [...readme.matchAll(/```(?:js|html)\n([\s\S]*?)```/g)].filter(([, code]) => code!.split("\n")[0]!.includes(file));
  expect(found, file).toHaveLength(1);
  return found[0]![1]!;
}

/** What they show: a gradient, and how many threads there are. */
export const expected = (threads: number): string => `tensor([2., 4., 6.]) on ${threads} threads`;

/** A page that is not isolated shows that, and its console nothing. */
export async function expectShown(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(url);
  await expect.poll(() => page.locator("#app").textContent()).toBe(expected(1));
  expect(said.filter((text) => !text.startsWith("[vite]"))).toEqual([]);
  await page.close();
}
