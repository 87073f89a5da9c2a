import type { Page } from "playwright-core";

/** Lets the page draw so many frames: observers of sizes have been told by then, and an animation would have moved. */
export const frames = (page: Page, count: number): Promise<void> =>
  page.evaluate(async (left) => {
    while (left-- > 0) await new Promise((resolve) => requestAnimationFrame(resolve));
  }, count);
