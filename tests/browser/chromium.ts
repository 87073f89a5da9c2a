import { type Browser, type Page, chromium } from "playwright-core";
import { inject } from "vitest";
import type { Answers } from "./answers.js";
import type { Question, Reply } from "./page.js";

declare module "vitest" {
  interface ProvidedContext {
    /** What scripts/setup/browser.mjs prepared: the program, and the addresses of the two servers. */
    browser: { program: string; isolated: string; plain: string };
  }
}

export function launch(program = inject("browser").program): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--js-flags=--expose-gc",
      "--enable-precise-memory-info",
    ],
  });
}

type Ask = <K extends keyof Answers>(name: K, ...args: Parameters<Answers[K]>) => Promise<Awaited<ReturnType<Answers[K]>>>;

/** A page of the tests. */
export interface TestPage {
  readonly page: Page;
  ask: Ask;
  /** Everything that was warned of on its console until now. */
  warnings(): Promise<string[]>;
}

export interface Where {
  readonly isolated: boolean;
  readonly worker: boolean;
}

/** @param prepare called before the page loads, to change what it gets */
export async function open(browser: Browser, { isolated, worker }: Where, prepare?: (page: Page) => Promise<unknown>): Promise<TestPage> {
  const page = await browser.newPage();
  const warned: string[] = [];
  page.on("console", (message) => {
    if (["warning", "error"].includes(message.type())) warned.push(message.text());
  });
  page.on("pageerror", (error) => warned.push(String(error)));
  await prepare?.(page);
  await page.goto(`${inject("browser")[isolated ? "isolated" : "plain"]}page.html${worker ? "?worker" : ""}`);
  await page.waitForFunction("globalThis.ask");
  const ask: Ask = async <K extends keyof Answers>(name: K, ...args: Parameters<Answers[K]>): Promise<Awaited<ReturnType<Answers[K]>>> => {
    const question = [name, ...args] as unknown as Question;
    const reply = await page.evaluate((q) => (globalThis as unknown as { ask: (q: Question) => Promise<Reply> }).ask(q), question);
    if ("error" in reply) throw new Error(reply.error);
    return reply.value as Awaited<ReturnType<Answers[K]>>;
  };
  return {
    page,
    ask,
    // A worker's answer may overtake what it said before. What it says last comes last.
    async warnings() {
      const last = `the last word, ${Math.random()}`;
      await Promise.all([page.waitForEvent("console", (message) => message.text() === last), ask("say", last)]);
      return warned;
    },
  };
}
