// Vitest's global set-up for the tests in Chromium: their page, made from the sources by tsup as dist/ is, a user's page,
// made by Vite from dist/, the demo, and two servers that differ in the headers which give a page threads.
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build as tsup } from "tsup";
import { build as vite, preview } from "vite";
import { setup as setupAll } from "./all.mjs";
import { chromium } from "./chromium.mjs";
import { isolation, underPolicy } from "./headers.mjs";
import { root, setupDir } from "./paths.mjs";
import { buildSite } from "./site.mjs";
import { describe } from "./steps.mjs";

const site = join(setupDir, "browser");
const tests = join(root, "tests/browser");

export async function setup(project) {
  try {
    const [program] = await Promise.all([chromium(Promise.resolve()), setupAll()]);
    rmSync(site, { recursive: true, force: true });
    mkdirSync(site, { recursive: true });
    await Promise.all([makeTestPage(), makeUsersPage(), buildSite(join(site, "demo"))]);
    const [isolated, plain] = await Promise.all([serve({ ...isolation, ...underPolicy() }), serve({})]);
    project.provide("browser", { program, isolated: isolated.url, plain: plain.url });
    return () => Promise.all([isolated.close(), plain.close()]);
  } catch (error) {
    throw new Error(describe(error), { cause: error });
  }
}

async function makeTestPage() {
  await tsup({
    config: false,
    entry: {
      ...Object.fromEntries(["page", "reply", "in-worker"].map((name) => [name, join(tests, `${name}.ts`)])),
      trainer: join(root, "tests/fixtures/trainer.ts"),
    },
    outDir: site,
    format: ["esm"],
    platform: "browser",
    target: "es2022",
    splitting: true,
    silent: true,
    esbuildOptions: (options) => void (options.conditions = ["lanegrad-source"]),
  });
  copyFileSync(join(tests, "page.html"), join(site, "page.html"));
  for (const file of readdirSync(join(root, "dist")).filter((name) => /\.wasm$|^thread-worker\.browser\.js$/.test(name))) {
    copyFileSync(join(root, "dist", file), join(site, file));
  }
  // As npm would publish it, for pages without a bundler.
  const published = (path) => !/\.map$|dist\/(types|types-cjs|pkg)/.test(path.replaceAll("\\", "/"));
  cpSync(join(root, "dist"), join(site, "dist"), { recursive: true, filter: published });
  cpSync(join(tests, "faulty"), join(site, "faulty"), { recursive: true });
  // A server that sees ".gz" lets the browser unpack it; under another name the library has to.
  const mnist = join(root, "examples/data/mnist");
  cpSync(mnist, join(site, "mnist"), { recursive: true });
  mkdirSync(join(site, "packed"));
  for (const name of readdirSync(mnist)) copyFileSync(join(mnist, name), join(site, "packed", name.replace(/\.gz$/, "")));
  const folder = join(root, "tests/golden/ops");
  const goldens = readdirSync(folder).map((file) => [file.replace(/\.json$/, ""), JSON.parse(readFileSync(join(folder, file), "utf8"))]);
  writeFileSync(join(site, "goldens.json"), JSON.stringify(Object.fromEntries(goldens)));
}

const makeUsersPage = () =>
  vite({
    configFile: false,
    root: join(tests, "app"),
    base: "./",
    logLevel: "error",
    build: { outDir: join(site, "app"), emptyOutDir: true, target: "es2022" },
  });

async function serve(headers) {
  const server = await preview({ configFile: false, root: site, logLevel: "error", build: { outDir: "." }, preview: { port: 0, headers } });
  return { url: server.resolvedUrls.local[0], close: () => server.close() };
}
