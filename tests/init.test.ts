import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type * as Library from "../src/index.js";

/*
 * init() and what it is given. Every test gets a copy of the library of its own, that has not started.
 */

const file = fileURLToPath(new URL("../dist/simd.wasm", import.meta.url));
const folder = new URL("../dist/", import.meta.url);
const bytes = (): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(file));
const html = "<!doctype html><title>Start page</title>";
const answer = (body: BodyInit | null, type: string, status = 200): Response =>
  new Response(body, { status, headers: { "Content-Type": type } });
/** A module that is WebAssembly, but not ours. */
const strange = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

let library: typeof Library;
/** What a program without type checks passes. */
const init = (options: unknown): Promise<void> => library.init(options as Library.InitOptions);

beforeEach(async () => {
  vi.resetModules();
  library = await import("../src/index.js");
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("init({ wasm })", () => {
  test.each<[string, () => unknown]>([
    ["a path", () => file],
    ["a relative path", () => file.replace(process.cwd(), ".")],
    ["a URL", () => pathToFileURL(file)],
    ["a URL as text", () => pathToFileURL(file).href],
    ["a data: URL", () => `data:application/wasm;base64,${Buffer.from(bytes()).toString("base64")}`],
    ["bytes", bytes],
    ["a part of a buffer", () => new Uint8Array([7, ...bytes(), 7]).subarray(1, -1)],
    ["an ArrayBuffer", () => bytes().buffer],
    ["a Response", () => answer(bytes(), "application/wasm")],
    ["a Response of a wrong type", () => answer(bytes(), "text/plain")],
    ["a promise of a Response", () => Promise.resolve(answer(bytes(), "application/wasm"))],
    ["a module", () => new WebAssembly.Module(bytes())],
  ])("takes %s, and finds out which build it is", async (_, wasm) => {
    await init({ wasm: wasm() });
    expect(library.tensor([1, 2]).sum().item()).toBe(3);
    expect(library.backend()).toMatchObject({
      variant: "simd",
      threads: 1,
      why: "what init({ wasm }) gives is a build without shared memory",
    });
  });

  test("takes the best build of a folder", async () => {
    await init({ wasm: folder, threads: 2, deterministic: true });
    expect(library.backend()).toMatchObject({ variant: "threads", threads: 2 });
  });

  test("says why a build without shared memory has one thread", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    await init({ wasm: bytes(), threads: 4 });
    expect(warn.mock.calls).toEqual([["lanegrad: one thread instead of 4: what init({ wasm }) gives is a build without shared memory."]]);
  });

  test.each<[string, () => unknown, RegExp]>([
    ["a missing file", () => "nowhere/simd.wasm", /could not read .*nowhere.simd\.wasm: .*ENOENT/],
    [
      "a page in its place",
      () => answer(html, "text/html"),
      /what wasm gives is not WebAssembly but starts with "<!doctype html>.*index page does this/,
    ],
    [
      "a page that claims to be WebAssembly",
      () => answer(html, "application/wasm"),
      /what wasm gives is not a WebAssembly module that this engine can run/,
    ],
    ["an error of the server", () => answer(html, "text/html", 404), /what wasm gives answered 404; serve lanegrad's \.wasm files/],
    ["nothing", () => new ArrayBuffer(0), /what wasm gives is not WebAssembly but is empty/],
    ["half a file", () => bytes().subarray(0, 5000), /not a WebAssembly module that this engine can run: CompileError/],
    ["another module", () => strange, /is WebAssembly, but none of lanegrad's \.wasm files/],
    ["a number", () => 5, /wasm must be a URL, the file's bytes, a Response or a WebAssembly\.Module \(or a promise of one\), not Number/],
    ["null", () => null, /not Null/],
    ["a promise that fails", () => Promise.reject(new Error("no network")), /no network/],
  ])("refuses %s, and a later init() works", async (_, wasm, message) => {
    await expect(init({ wasm: wasm() })).rejects.toThrow(message);
    await library.init();
    expect(library.tensor([1, 2]).sum().item()).toBe(3);
  });

  test("refuses a Response that was read", async () => {
    const response = answer(bytes(), "application/wasm");
    await response.arrayBuffer();
    await expect(init({ wasm: response })).rejects.toThrow(/the body of the Response .* was read already; fetch it again/);
  });

  test("refuses a build that is not the one asked for", async () => {
    await expect(init({ wasm: bytes(), variant: "relaxed-simd" })).rejects.toThrow(
      "init(): the relaxed-simd build was asked for, but what came is simd",
    );
  });

  test("says what to do where a Content-Security-Policy forbids WebAssembly", async () => {
    const refusal = "Compiling or instantiating WebAssembly module violates the following Content Security policy directive";
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new WebAssembly.CompileError(refusal));
    await expect(init({ wasm: bytes() })).rejects.toThrow(
      /Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src/,
    );
  });
});

describe("init() twice", () => {
  test("is one start with the same options, at once or later, or with none", async () => {
    const wasm = pathToFileURL(file);
    const first = init({ wasm, threads: 1 });
    expect(init({ threads: 1, wasm: new URL(wasm), maximumMemory: undefined })).toBe(first);
    expect(library.init()).toBe(first);
    await first;
    expect(init({ wasm, threads: 1 })).toBe(first);
    expect(library.init()).toBe(first);
  });

  test("is an error with other options, which names both", async () => {
    const mine = bytes();
    const first = init({ wasm: mine });
    expect(init({ wasm: mine })).toBe(first);
    await expect(init({ wasm: bytes() })).rejects.toThrow(
      "init(): already called with { wasm: Uint8Array }, now with { wasm: Uint8Array }; call it once",
    );
    await expect(init({ wasm: mine, threads: 2 })).rejects.toThrow(/now with { wasm: Uint8Array, threads: 2 }/);
    await first;
    await expect(init({ threads: 2 })).rejects.toThrow(/already called with { wasm: Uint8Array }, now with { threads: 2 }/);
  });

  test("is an error when the library started by itself, as Node's does", async () => {
    library.tensor([1]);
    await library.init();
    await expect(init({ threads: 2 })).rejects.toThrow(/options { threads: 2 } come too late, lanegrad already runs; call init\(\) before/);
  });

  test("tries again after a failure", async () => {
    await expect(init({ wasm: "nowhere.wasm" })).rejects.toThrow(/nowhere\.wasm/);
    await init({ wasm: file });
    expect(library.backend().variant).toBe("simd");
  });
});

describe("init() refuses", () => {
  test.each<[unknown, RegExp]>([
    [{ thread: 2 }, /there is no option thread; there are threads, deterministic, variant, wasm, workerUrl, maximumMemory/],
    [{ threads: 0 }, /threads must be a whole number from 1 on, not 0/],
    [{ threads: 1.5 }, /threads must be a whole number from 1 on, not 1\.5/],
    [{ variant: "fast" }, /there is no build fast; there are simd, relaxed-simd, threads and relaxed/],
    [{ maximumMemory: 1000 }, /maximumMemory must be at least \d+ bytes, not 1000/],
  ])("%j", async (options, message) => {
    await expect(init(options)).rejects.toThrow(message);
    await expect(init(options)).rejects.toMatchObject({ name: "BackendError" });
  });
});

describe("an engine without", () => {
  const message =
    /^lanegrad needs WebAssembly with SIMD: Chrome or Edge 91, Firefox 89, Safari 16\.4, Node 20, Deno 1\.9, Bun 1\.0, or newer/;

  test("WebAssembly is told which engines have it", async () => {
    vi.stubGlobal("WebAssembly", undefined);
    await expect(library.init()).rejects.toThrow(message);
    await expect(init({ wasm: new Uint8Array(8) })).rejects.toThrow(message);
    expect(() => library.tensor([1])).toThrow(message);
  });

  test("SIMD is told the same", async () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
    await expect(library.init()).rejects.toThrow(message);
  });
});

test("a tensor of another copy of the library is refused, by functions, methods and modules", async () => {
  vi.resetModules();
  const other = await import("../src/index.js");
  expect(other.Tensor).not.toBe(library.Tensor);
  const message = /this tensor belongs to another copy of lanegrad in the program\. Let there be one: .*npm ls lanegrad/;
  const [mine, foreign] = [library.ones([2, 2]), other.ones([2, 2])];
  expect(() => library.exp(foreign)).toThrow(message);
  expect(() => mine.matmul(foreign)).toThrow(message);
  expect(() => new library.nn.Linear(2, 2).forward(foreign)).toThrow(message);
  expect(() => library.add(foreign, mine)).toThrow(/expected a tensor|another copy/);
});

describe("lanegrad/inline", () => {
  test("is the same library, with plain SIMD within, and says why", async () => {
    const inline = await import("../src/inline/index.js");
    expect(inline.Tensor).toBe(library.Tensor);
    expect(inline.tensor([1, 2]).sum().item()).toBe(3);
    expect(inline.backend()).toMatchObject({ variant: "simd", threads: 1 });
    expect(inline.backend().why).toMatch(/holds only simd\.wasm; import "lanegrad" for all/);
    expect(Object.keys(inline).sort()).toEqual(Object.keys(library).sort());
  });

  test("stays what runs when the other entry comes later", async () => {
    vi.resetModules();
    const inline = await import("../src/inline/index.js");
    await import("../src/index.js");
    expect(inline.backend().why).toMatch(/holds only simd\.wasm/);
  });

  test("refuses another build, but takes one that it is given", async () => {
    const inline = await import("../src/inline/index.js");
    await expect(inline.init({ variant: "threads" })).rejects.toThrow(
      /the threads build is not here: this entry of lanegrad holds only simd\.wasm/,
    );
    await inline.init({ wasm: folder, threads: 1, deterministic: true });
    expect(inline.backend().variant).toBe("threads");
  });
});
