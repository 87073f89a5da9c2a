// What users download, in bytes: entries minified, programs as esbuild bundles them, and the builds of the kernels.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { root, setupDir } from "./setup/paths.mjs";

const accepted = join(root, "docs/sizes.json");
const dist = (name) => readFileSync(join(root, "dist", name));

const SMALL = `import { init, matmul, tensor } from "lanegrad";
  await init();
  console.log(matmul(tensor([[1, 2]]), tensor([[3], [4]])).tolist());`;
const MLP = `import { init, randint, randn } from "lanegrad";
  import * as F from "lanegrad/functional";
  import * as nn from "lanegrad/nn";
  import * as optim from "lanegrad/optim";
  await init();
  const model = new nn.Sequential(new nn.Linear(784, 128), new nn.ReLU(), new nn.Linear(128, 10));
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const loss = F.crossEntropy(model.forward(randn([64, 784])), randint(0, 10, [64]));
  loss.backward();
  optimizer.step();
  console.log(loss.item());`;

/** A program as a user's esbuild makes it: minified, with nothing of the library that it does not use. */
export async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: setupDir },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    logLevel: "error",
    // The package by its own name, as if it lay in node_modules.
    nodePaths: [],
    plugins: [{ name: "self", setup: (b) => b.onResolve({ filter: /^lanegrad/ }, ({ path }) => ({ path: fileOf(path) })) }],
  });
  return outputFiles[0].contents;
}

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const fileOf = (path) => join(root, exports[path.replace("lanegrad", ".")].browser.default);

export async function measure() {
  const rows = {
    "`tensor` and `matmul`": await bundle(SMALL),
    "an MLP with Adam": await bundle(MLP),
    "`lanegrad.min.js`: all of it": dist("lanegrad.min.js"),
    "`lanegrad.inline.min.js`: all, with the kernels": dist("lanegrad.inline.min.js"),
    "`lanegrad/worker`": await bundle(`export * from "lanegrad/worker";`),
    "`thread-worker`": await bundle(
      `import "lanegrad/thread-worker";`.replace("lanegrad/thread-worker", join(root, "dist/thread-worker.browser.js")),
    ),
  };
  for (const name of ["simd", "relaxed-simd", "threads", "relaxed"]) rows[`\`${name}.wasm\``] = dist(`${name}.wasm`);
  const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length;
  return Object.fromEntries(
    Object.entries(rows).map(([name, bytes]) => [
      name,
      { bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotli(bytes) },
    ]),
  );
}

/** Percent that a row may grow. The kernels are as large as this machine's rustc makes them, which is not the same version everywhere. */
const mayGrow = (name) => (/\.wasm|kernels/.test(name) ? 8 : 3);

/** What has grown by more than it may since it was accepted, in words. */
export function growth(sizes) {
  const before = JSON.parse(readFileSync(accepted, "utf8"));
  return Object.entries(sizes)
    .filter(([name, { gzip }]) => gzip > (1 + mayGrow(name) / 100) * (before[name]?.gzip ?? 0))
    .map(
      ([name, { gzip }]) =>
        `${name}: ${before[name]?.gzip ?? "not there"} → ${gzip} bytes, gzipped: more than ${mayGrow(name)} %. Where it is worth it, npm run size -- --write accepts it`,
    );
}

const kilo = (bytes) => `${(bytes / 1000).toFixed(bytes < 10_000 ? 1 : 0)} kB`;

export function table(sizes) {
  const rows = Object.entries(sizes).map(
    ([name, { bytes, gzip, brotli }]) => `| ${name} | ${kilo(bytes)} | ${kilo(gzip)} | ${kilo(brotli)} |`,
  );
  return ["| | minified | gzip | brotli |", "|---|---|---|---|", ...rows].join("\n");
}

const MARKED = /(<!-- sizes: npm run size -- --write -->\n)[^]*?(\n<!-- \/sizes -->)/;

/** The README with the table of these sizes in its place. */
export const inReadme = (text, sizes) => text.replace(MARKED, (_, before, after) => `${before}${table(sizes)}${after}`);

export function write(sizes) {
  writeFileSync(accepted, `${JSON.stringify(sizes, null, 2)}\n`);
  const readme = join(root, "README.md");
  writeFileSync(readme, inReadme(readFileSync(readme, "utf8"), sizes));
}

/** The sizes in the README are those that were accepted. */
export const readmeIsCurrent = () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  return MARKED.test(text) && inReadme(text, JSON.parse(readFileSync(accepted, "utf8"))) === text;
};
