// lanegrad in Chromium: a page of its own for each side, cross-origin isolated, so that it has threads.
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { build } from "tsup";
import { preview } from "vite";
import { type Running, root } from "./process.js";
import type { Reply, Task } from "./serve.js";

const site = join(root, ".setup/bench");
const isolation = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

let opened: Promise<{ browser: Browser; url: string }> | undefined;

/** The page is bundled as a user's would be, with the library's browser build. */
async function bundle(): Promise<void> {
  mkdirSync(site, { recursive: true });
  await build({
    config: false,
    entry: [join(root, "bench/page.ts")],
    outDir: site,
    format: ["esm"],
    platform: "browser",
    target: "es2022",
    silent: true,
  });
  for (const file of readdirSync(join(root, "dist")).filter((name) => /\.wasm$|^worker\.browser\.js$/.test(name))) {
    copyFileSync(join(root, "dist", file), join(site, file));
  }
  writeFileSync(join(site, "index.html"), `<!doctype html><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>`);
}

async function open(): Promise<{ browser: Browser; url: string }> {
  await bundle();
  const server = await preview({
    configFile: false,
    root: site,
    logLevel: "error",
    build: { outDir: "." },
    preview: { port: 0, headers: isolation },
  });
  const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"], args: flags });
  return { browser, url: server.resolvedUrls!.local[0]! };
}

type Page = { ready: Promise<void>; answer: (task: Task) => Promise<Reply> };

export async function startPage(options: { threads: number }): Promise<Running> {
  const { browser, url } = await (opened ??= open());
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${url}?${JSON.stringify(options)}`);
  await page.waitForFunction("globalThis.bench");
  await page.evaluate(() => (globalThis as unknown as { bench: Page }).bench.ready);
  return {
    async ask(task) {
      try {
        return await page.evaluate((asked) => (globalThis as unknown as { bench: Page }).bench.answer(asked), task);
      } catch (error) {
        return { error: `its process ended: ${(error as Error).message.split("\n")[0]}` };
      }
    },
    stop: () => page.close(),
  };
}
