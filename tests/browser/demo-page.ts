import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect, inject } from "vitest";

/** What a page comes to show. */
export const eventually = <T>(read: () => Promise<T>) => expect.poll(read);

type ContextOptions = Parameters<Browser["newContext"]>[0];

/** The page of demo/, and how a test uses it. */
export class DemoPage {
  readonly said: string[] = [];

  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
  ) {
    page.on("console", (message) => this.said.push(message.text()));
    page.on("pageerror", (error) => this.said.push(String(error)));
  }

  /** @param prepare called before the page loads */
  static async open(
    browser: Browser,
    server: "isolated" | "plain",
    { prepare, ...options }: ContextOptions & { prepare?: (page: Page) => Promise<unknown> } = {},
  ): Promise<DemoPage> {
    const context = await browser.newContext(options);
    const demo = new DemoPage(await context.newPage(), context);
    await prepare?.(demo.page);
    await demo.page.goto(`${inject("browser")[server]}demo/index.html`);
    return demo;
  }

  text(id: string): Promise<string> {
    return this.page.locator(`#${id}`).innerText();
  }

  /** A number of the page: 97.5 of "97.50 %", 12345 of "12,345 of 60,000 digits". */
  async number(id: string): Promise<number> {
    return parseFloat((await this.text(id)).replaceAll(",", ""));
  }

  /** What the plot of the losses says in words: where its curves end. */
  async losses(): Promise<{ seen: number; train: string; test: string } | null> {
    const text = (await this.page.locator("#loss-plot").getAttribute("aria-label")) ?? "";
    const [, seen, train, test] = /after ([\d,]+) digits: training (.*), test (.*)/.exec(text) ?? [];
    return seen === undefined ? null : { seen: Number(seen.replaceAll(",", "")), train: train!, test: test! };
  }

  /** Until the untrained net has been examined. */
  async ready(): Promise<void> {
    await eventually(() => this.number("accuracy")).toBeGreaterThan(0);
  }

  /** Until the net that is not being trained has been examined. */
  async examined(): Promise<void> {
    await eventually(() => this.page.locator("#matrix").getAttribute("aria-busy")).toBe("false");
  }

  /** Until the browser has kept, or refused to keep, the net as it is. */
  async kept(): Promise<void> {
    await eventually(() => this.page.locator("#kept").getAttribute("aria-busy")).toBe("false");
  }

  /** Presses start, and waits until it has seen digits. */
  async start(): Promise<void> {
    await this.page.click("#go");
    await eventually(() => this.number("seen")).toBeGreaterThan(500);
  }

  /** Presses start (or goes on), and waits until so many percent of the test digits are right. */
  async trainTo(percent: number): Promise<void> {
    await this.page.click("#go");
    await eventually(() => this.number("accuracy")).toBeGreaterThan(percent);
  }

  /** Draws by mouse, points as shares of the pad. */
  async draw(points: readonly (readonly [number, number])[]): Promise<void> {
    await this.page.click("#clear");
    await this.page.locator("#pad").scrollIntoViewIfNeeded();
    const box = (await this.page.locator("#pad").boundingBox())!;
    const [first, ...rest] = points.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
    await this.page.mouse.move(...first!);
    await this.page.mouse.down();
    for (const point of rest) await this.page.mouse.move(...point, { steps: 2 });
    await this.page.mouse.up();
  }

  close(): Promise<void> {
    return this.context.close();
  }
}

/** Small and in a corner, as the page is to centre and scale it. */
export const one = Array.from({ length: 8 }, (_, i) => [0.22, 0.1 + 0.05 * i] as const);
export const zero = Array.from({ length: 25 }, (_, i) => {
  const angle = (2 * Math.PI * i) / 24;
  return [0.5 + 0.22 * Math.sin(angle), 0.5 - 0.33 * Math.cos(angle)] as const;
});
