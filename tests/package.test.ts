import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEditor } from "./harness/editor.js";

/*
 * The package as npm would publish it, in the node_modules of a user's project: what it holds, how it is
 * imported and required, and what TypeScript makes of it.
 */

interface Manifest {
  main: string;
  module: string;
  types: string;
  exports: Record<string, unknown>;
  scripts: Record<string, string>;
  dependencies?: unknown;
  optionalDependencies?: unknown;
  peerDependencies?: unknown;
}

const root = fileURLToPath(new URL("..", import.meta.url));
// In the tree of the repository, so that the user's project finds the repository's TypeScript.
mkdirSync(join(root, ".setup"), { recursive: true });
const project = mkdtempSync(join(root, ".setup/project-"));
const installed = join(project, "node_modules/lanegrad");
let manifest: Manifest;
let files: string[];

function run(command: string, args: string[], cwd = project): string {
  // Conditions of the test runner's Node are none of the user's.
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });
  expect(status, `${command} ${args.join(" ")}\n${stdout}\n${stderr}\n${String(error ?? "")}`).toBe(0);
  return stdout;
}

function runFile(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return run(process.execPath, [name]).trim();
}

/** npm itself, which on Windows is no program. */
const npm = (...args: string[]): string => {
  const { npm_execpath: script } = process.env;
  return script?.endsWith(".js") ? run(process.execPath, [script, ...args], root) : run("npm", args, root);
};

beforeAll(() => {
  npm("pack", "--silent", "--pack-destination", project);
  const archive = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
  run("tar", ["-xzf", archive]);
  mkdirSync(dirname(installed));
  renameSync(join(project, "package"), installed);
  writeFileSync(join(project, "package.json"), `{ "type": "module" }`);
  manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  files = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll("\\", "/"),
    );
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe("the package", () => {
  test("holds the built library, and nothing of the workshop", () => {
    const expected = [
      ...["index.js", "index.cjs", "index.browser.js", "thread-worker.node.mjs", "thread-worker.browser.js"],
      ...["inline.js", "inline.cjs", "inline.browser.js", "lanegrad.min.js", "lanegrad.inline.min.js"],
      ...["simd.wasm", "relaxed-simd.wasm", "threads.wasm", "relaxed.wasm", "types/index.d.ts", "types-cjs/index.d.ts"],
    ].map((name) => `dist/${name}`);
    expect(files).toEqual(expect.arrayContaining(["package.json", "LICENSE", "THIRD-PARTY.md", ...expected]));
    const strange = files.filter(
      (name) => !/^(package\.json|LICENSE|THIRD-PARTY\.md|README\.md|dist\/.*\.(js|cjs|mjs|map|wasm|d\.ts|json))$/.test(name),
    );
    expect(strange).toEqual([]);
  });

  // Four builds of the kernels, one of them twice more for lanegrad/inline; half of the rest are source maps.
  test("is small: 4.5 MB packed", () => {
    const archive = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
    expect(readFileSync(join(project, archive)).length).toBeLessThan(4.5e6);
  });

  test("depends on nothing and runs nothing when it is installed", () => {
    expect(manifest).not.toHaveProperty("dependencies");
    expect(manifest).not.toHaveProperty("optionalDependencies");
    expect(manifest).not.toHaveProperty("peerDependencies");
    for (const script of ["preinstall", "install", "postinstall", "prepare"]) expect(manifest.scripts).not.toHaveProperty(script);
    expect(files).not.toContain("binding.gyp");
  });

  test("has the licences of the crates in its WebAssembly", () => {
    run(process.execPath, ["scripts/licences.mjs", "--check"], root);
    expect(readFileSync(join(installed, "THIRD-PARTY.md"), "utf8")).toMatch(/^## wasm-bindgen \d[^]*Permission is hereby granted/m);
  });

  test("has every file that its manifest names", () => {
    const named = (value: unknown): string[] =>
      typeof value === "string"
        ? [value]
        : Object.entries(value as object).flatMap(([key, inner]) => (key === "lanegrad-source" ? [] : named(inner)));
    for (const file of [manifest.main, manifest.module, manifest.types, ...named(manifest.exports)]) {
      if (!file.includes("*")) expect(existsSync(join(installed, file)), file).toBe(true);
    }
    expect(existsSync(join(installed, "dist/simd.wasm"))).toBe(true);
  });

  test("has source maps that carry their sources", () => {
    const scripts = files.filter(
      (file) => /\.(js|cjs|mjs)$/.test(file) && readFileSync(join(installed, file)).length > 1000 && !file.includes("packed"),
    );
    expect(scripts.length).toBeGreaterThan(20);
    for (const file of scripts) {
      expect(readFileSync(join(installed, file), "utf8").trimEnd().split("\n").at(-1)).toBe(
        `//# sourceMappingURL=${file.replace("dist/", "")}.map`,
      );
      const map = JSON.parse(readFileSync(join(installed, `${file}.map`), "utf8")) as { sources: string[]; sourcesContent: string[] };
      expect(map.sourcesContent, file).toHaveLength(map.sources.length);
      expect(
        map.sources.every((name) => !name.includes("/") || name.startsWith("../")),
        file,
      ).toBe(true);
    }
  });
});

const COMPUTE = `
  const x = lanegrad.tensor([[1, 2], [3, 4]], { requiresGrad: true });
  const big = lanegrad.ones([700, 700]);
  x.matmul(x).sum().backward();
  console.log(JSON.stringify([x.grad.tolist(), big.matmul(big).sum().item(), lanegrad.backend().threads > 0]));`;
const COMPUTED = JSON.stringify([
  [
    [7, 11],
    [9, 13],
  ],
  700 ** 3,
  true,
]);

describe("in Node", () => {
  test("it is imported", () => {
    expect(runFile("esm.mjs", `import * as lanegrad from "lanegrad";${COMPUTE}`)).toBe(COMPUTED);
  });

  test("it is required", () => {
    expect(runFile("cjs.cjs", `const lanegrad = require("lanegrad");${COMPUTE}`)).toBe(COMPUTED);
  });

  test("it is required where ES modules cannot be, as in the first Node 20 and by test runners", () => {
    writeFileSync(join(project, "old.cjs"), `const lanegrad = require("lanegrad"); require("lanegrad/nn").Linear.name;${COMPUTE}`);
    expect(run(process.execPath, ["--no-experimental-require-module", "old.cjs"]).trim()).toBe(COMPUTED);
  });

  test("it needs no file beside the script, as lanegrad/inline", () => {
    const started = `console.log(JSON.stringify([lanegrad.tensor([1, 2]).sum().item(), lanegrad.backend().variant]));`;
    expect(runFile("inline.mjs", `import * as lanegrad from "lanegrad/inline"; ${started}`)).toBe(`[3,"simd"]`);
    writeFileSync(join(project, "inline.cjs"), `const lanegrad = require("lanegrad/inline"); ${started}`);
    expect(run(process.execPath, ["--no-experimental-require-module", "inline.cjs"]).trim()).toBe(`[3,"simd"]`);
  });

  // Tensors of one copy mean nothing to another: their memories differ.
  test("it is one library however it comes in", () => {
    const text = `
      const required = require("lanegrad");
      Promise.all([import("lanegrad"), import("lanegrad/nn")]).then(([imported, nn]) => {
        const same = [require("lanegrad/inline").Tensor, imported.Tensor, imported.nn.Linear, nn.Linear, require("lanegrad/nn").Linear, require("lanegrad/functional").relu];
        const expected = [required.Tensor, required.Tensor, required.nn.Linear, required.nn.Linear, required.nn.Linear, required.F.relu];
        console.log(same.every((value, i) => value !== undefined && value === expected[i]));
      });`;
    expect(runFile("both.cjs", text)).toBe("true");
  });

  test("it trains in a worker, imported and required, and the worker's errors are its own", () => {
    const trainer = `expose({ *train() { yield ones([2]); return 3; }, fail: () => ones([2, 3]).matmul(ones([2, 3])) });`;
    const follow = (script: string, url: string): string => `
      const trainer = connect(new Worker(${url}));
      const seen = [];
      const run = trainer.train();
      for await (const { shape, data } of run) seen.push(shape, [...data]);
      const error = await trainer.fail().catch((error) => error);
      console.log(JSON.stringify([...seen, await run, error instanceof ShapeError, error.stack.includes("${script}")]));`;
    writeFileSync(join(project, "trainer.mjs"), `import { ones } from "lanegrad"; import { expose } from "lanegrad/worker"; ${trainer}`);
    writeFileSync(
      join(project, "trainer.cjs"),
      `const { ones } = require("lanegrad"), { expose } = require("lanegrad/worker"); ${trainer}`,
    );
    const imported = `import { Worker } from "node:worker_threads"; import { ShapeError } from "lanegrad"; import { connect } from "lanegrad/worker";`;
    const required = `const { Worker } = require("node:worker_threads"), { ShapeError } = require("lanegrad"), { connect } = require("lanegrad/worker");`;
    const expected = JSON.stringify([[2], [1, 1], 3, true, true]);
    expect(runFile("follow.mjs", `${imported} ${follow("trainer.mjs", `new URL("trainer.mjs", import.meta.url)`)}`)).toBe(expected);
    expect(runFile("follow.cjs", `${required} (async () => { ${follow("trainer.cjs", `require.resolve("./trainer.cjs")`)} })();`)).toBe(
      expected,
    );
  });

  test("it is required from a folder whose name needs escapes", () => {
    const odd = mkdtempSync(join(tmpdir(), "a b#100%é-"));
    try {
      mkdirSync(join(odd, "node_modules"));
      writeFileSync(join(odd, "cjs.cjs"), `const lanegrad = require("lanegrad");${COMPUTE}`);
      run(process.execPath, ["-e", `fs.cpSync(${JSON.stringify(installed)}, "node_modules/lanegrad", { recursive: true })`], odd);
      expect(run(process.execPath, ["cjs.cjs"], odd).trim()).toBe(COMPUTED);
    } finally {
      rmSync(odd, { recursive: true, force: true });
    }
  });

  // A page rendered on a server imports whichever build its bundler chose, and must not start anything by that.
  const files = [
    "index.js",
    "index.browser.js",
    "lanegrad.min.js",
    "index.cjs",
    "inline.js",
    "inline.browser.js",
    "lanegrad.inline.min.js",
    "inline.cjs",
    "worker.js",
    "worker.browser.js",
  ];
  test.each(files)("importing %s touches no global of a browser and starts nothing", (file) => {
    const load = file.endsWith("cjs")
      ? `require("./node_modules/lanegrad/dist/${file}")`
      : `await import("./node_modules/lanegrad/dist/${file}")`;
    const name = file.endsWith("cjs") ? "ssr.cjs" : "ssr.mjs";
    const text = `
      for (const name of ["navigator", "document", "window", "self", "location", "fetch", "Worker", "WebAssembly", "crypto"]) {
        Object.defineProperty(globalThis, name, { configurable: true, get() { throw new Error("import reads " + name); } });
      }
      const lanegrad = ${load};
      console.log(typeof (lanegrad.tensor ?? lanegrad.connect), process.getActiveResourcesInfo().filter((name) => /Worker|Timeout|MessagePort/.test(name)).length);`;
    expect(runFile(name, text)).toBe("function 0");
  });

  test("the browser's build asks for init() where it cannot start by itself", () => {
    const text = `
      const { tensor } = await import("./node_modules/lanegrad/dist/index.browser.js");
      try { tensor([1]); } catch (error) { console.log(error.name, error.message); }`;
    expect(runFile("before.mjs", text)).toMatch(/^BackendError lanegrad has not started: put `await init\(\)`/);
  });
});

describe("TypeScript", () => {
  // The last line is wrong on purpose: were the types not found, everything would pass as any.
  const program = `
    import { type Tensor, F, nn, tensor } from "lanegrad";
    import { Linear } from "lanegrad/nn";
    export const model: nn.Module = new Linear(2, 3);
    export const out: Tensor = F.relu(tensor([[1, 2]]).matmul(tensor([[1], [2]]))).sum(1, { keepdim: true });
    export const wrong: Tensor = 3;`;

  test.each([
    ["an ES module", "node16", "use.mts"],
    ["a CommonJS module", "node16", "use.cts"],
    ["a module for a bundler", "bundler", "use.ts"],
  ])("finds the types from %s", (_, moduleResolution, file) => {
    const module = moduleResolution === "bundler" ? "esnext" : moduleResolution;
    const compilerOptions = {
      noEmit: true,
      strict: true,
      target: "es2022",
      lib: ["es2022", "esnext.disposable", "dom"],
      types: [],
      module,
      moduleResolution,
    };
    writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
    writeFileSync(join(project, file), program);
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", project], { encoding: "utf8" });
    const errors = stdout.split("\n").filter((line) => line.includes("error TS"));
    expect(errors, stdout).toEqual([
      expect.stringMatching(/use\.\w+\(6,18\): error TS2322: Type 'number' is not assignable to type 'Tensor'/),
    ]);
  });
});

describe("an editor", () => {
  const text = `
    import { F, nn, tensor, Tensor } from "lanegrad";
    import * as layers from "lanegrad/nn";
    const x: Tensor = tensor([1]);
    const y = F.conv2d(x, x);
    const layer = new nn.Linear(2, 3), other = new layers.LSTM(2, 3);
    const product = x.matmul(y), all = x.sum(0, { keepdim: true });
    layer.forward(product);
  `;

  test.each([
    ["an ES module", "editor.mts"],
    ["a CommonJS module", "editor.cts"],
  ])("shows signatures and doc comments in %s", (_, name) => {
    const file = join(project, name);
    writeFileSync(file, text);
    const { module, moduleResolution, target } = {
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
      target: ts.ScriptTarget.ES2022,
    };
    const editor = openEditor(file, {
      module,
      moduleResolution,
      target,
      lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts", "lib.dom.d.ts"],
      types: [],
    });
    expect(editor.over("= tensor")).toMatch(/tensor\(data: [^]*\): Tensor\n[^]*---\nA tensor with these values/);
    expect(editor.over("F.conv2d")).toMatch(/conv2d\(x: Tensor, weight: Tensor[^]*---\nTwo-dimensional convolution/);
    expect(editor.over("new nn.Linear")).toMatch(/new Linear\(inFeatures: number, outFeatures: number[^]*---\n.*bias/);
    expect(editor.over("layers.LSTM")).toMatch(/new LSTM\(inputSize: number, hiddenSize: number[^]*---\nLong short-term memory/);
    expect(editor.over("x.matmul")).toMatch(/matmul: \(y: Tensor\) => Tensor[^]*---\nMatrix product/);
    expect(editor.over("x.sum")).toMatch(/sum: \(dim\?: [^]*---\n.*sum/i);
    expect(editor.over("keepdim")).toMatch(/---\nLeave the reduced dims/);
    expect(editor.after("layer.")).toEqual(expect.arrayContaining(["forward", "parameters", "stateDict"]));
    expect(editor.after("const product = x.")).toEqual(expect.arrayContaining(["add", "matmul", "backward", "toTypedArray", "shape"]));
    expect(editor.after("const y = F.")).toEqual(expect.arrayContaining(["conv2d", "relu", "crossEntropy"]));
  });
});

describe("what checks packages says of it:", () => {
  const archive = (): string =>
    join(
      project,
      readdirSync(project).find((name) => name.endsWith(".tgz"))!,
    );

  test("publint", async () => {
    const { messages } = await publint({ pack: { tarball: Uint8Array.from(readFileSync(archive())).buffer } });
    expect(messages).toEqual([]);
  });

  // Subpaths need a resolution that knows "exports"; nobody imports the script of a thread.
  test("are the types wrong?", () => {
    const script = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const args = [
      archive(),
      "--profile",
      "node16",
      "--exclude-entrypoints",
      "thread-worker",
      "--format",
      "ascii",
      "--no-color",
      "--no-emoji",
    ];
    expect(run(process.execPath, [script, ...args])).toMatch(/"lanegrad\/worker"\s+node16 \(from CJS\): OK \(CJS\)/);
  });
});
