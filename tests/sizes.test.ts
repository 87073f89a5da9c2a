import { readFileSync, readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { library } from "../scripts/setup/ts.mjs";
import { type Sizes, bundle, growth, measure, readmeIsCurrent } from "../scripts/sizes.mjs";

/*
 * What users download, and that a bundle holds nothing that its program does not use.
 */

const accepted = JSON.parse(readFileSync(new URL("../docs/sizes.json", import.meta.url), "utf8")) as Sizes;

describe("bytes", () => {
  let sizes: Sizes;
  beforeAll(async () => {
    await library();
    sizes = await measure();
  });

  test("have not grown", () => {
    expect(growth(sizes)).toEqual([]);
  });

  test.each([
    ["`lanegrad.min.js`: all of it", 4, 1],
    ["`simd.wasm`", 7, 0], // another compiler may make as much of the same kernels
    ["`simd.wasm`", 9, 1],
    ["`lanegrad.inline.min.js`: all, with the kernels", 9, 1],
  ])("of %s growth by %d %% is noticed %d times", (name, percent, times) => {
    const row = accepted[name]!;
    const told = growth({ [name]: { ...row, gzip: row.gzip * (1 + percent / 100) } });
    expect(told).toEqual(Array(times).fill(expect.stringMatching(/bytes, gzipped: more than \d %\. .*npm run size -- --write/)));
  });

  test("something new is noticed", () => {
    expect(growth({ new: { bytes: 1, gzip: 1, brotli: 1 } })).toEqual([expect.stringMatching(/^new: not there → 1 bytes, gzipped/)]);
  });

  test("one build is at most 400 kB, gzipped: script and kernels", () => {
    for (const build of ["simd", "relaxed-simd", "threads", "relaxed"]) {
      const parts = ["`lanegrad.min.js`: all of it", "`thread-worker`", `\`${build}.wasm\``].map((name) => sizes[name]!.gzip);
      expect(
        parts.reduce((a, b) => a + b),
        build,
      ).toBeLessThan(400_000);
    }
  });

  test("are those in the README: npm run size -- --write", () => {
    expect(readmeIsCurrent()).toBe(true);
  });
});

describe("what is shipped", () => {
  beforeAll(library);

  const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
  // Of a sample or a call that must fail, and of the same in PyTorch: see OpTests in src/core/spec.ts.
  const MARKS = [/\bsamples:/, /\bthrows:/, /\btorch:/, /\btorch\.[a-z]/, /\bkeepdim=/];

  test("the sources have what tests alone read, so the marks mean something", () => {
    const text = textOf("src/ops/reduce.ts") + textOf("src/ops/softmax.ts");
    for (const mark of MARKS) expect(text).toMatch(mark);
  });

  test("no script of dist/ has it", () => {
    const scripts = readdirSync(new URL("../dist", import.meta.url)).filter((name) => /\.[cm]?js$/.test(name));
    expect(scripts).toEqual(expect.arrayContaining(["index.js", "index.cjs", "index.browser.js", "lanegrad.min.js"]));
    for (const name of scripts) {
      const text = textOf(`dist/${name}`);
      const found = MARKS.filter((mark) => mark.test(text));
      expect(found, name).toEqual([]);
    }
  });
});

describe("a bundle", () => {
  // Words of messages and names, which a minifier leaves as they are.
  const MARKS = {
    "an optimiser": "weightDecay",
    "a layer": "inFeatures",
    "recurrent layers": "nonlinearity",
    attention: "scaledDotProductAttention",
    convolutions: "conv2d",
    safetensors: "safetensors",
    "a loader": "DataLoader",
    MNIST: "train-images",
    gradcheck: "gradcheck",
  };
  const found = async (program: string): Promise<string[]> => {
    const text = new TextDecoder().decode(await bundle(program));
    return Object.entries(MARKS).flatMap(([name, mark]) => (text.includes(mark) ? [name] : []));
  };

  test("of everything holds everything, so the marks mean something", async () => {
    expect(await found(`export * from "lanegrad";`)).toEqual(Object.keys(MARKS));
  });

  test("of tensor and matmul holds neither layers nor optimisers, loaders or files", async () => {
    expect(await found(`import { matmul, tensor } from "lanegrad"; console.log(matmul(tensor([[1]]), tensor([[1]])));`)).toEqual([]);
  });

  test("of one layer and one optimiser holds neither attention nor loaders or files, from the subpaths", async () => {
    const program = `import { Linear } from "lanegrad/nn"; import * as optim from "lanegrad/optim"; import { randn } from "lanegrad";
      console.log(new optim.SGD(new Linear(1, 1).parameters(), { lr: 1 }), randn([1]));`;
    const names = await found(program);
    expect(names).toEqual(expect.arrayContaining(["an optimiser", "a layer"]));
    for (const absent of ["attention", "safetensors", "a loader", "MNIST", "gradcheck"]) expect(names).not.toContain(absent);
  });
});
