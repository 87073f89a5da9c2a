import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ArgumentError, DisposedError, FileError, FormatError, type Tensor, io, memoryStats, tensor, zeros } from "lanegrad";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { files as browserFiles } from "../src/io/files.browser.js";
import { files as nodeFiles } from "../src/io/files.node.js";

interface Golden {
  file: { bytes: string; tensors: Record<string, { shape: number[]; values: string[] }> };
}
const golden = JSON.parse(readFileSync(new URL("golden/data.json", import.meta.url), "utf8")) as Golden;

const folder = mkdtempSync(join(tmpdir(), "lanegrad-io-"));
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** A file from a header and data, however wrong. */
function fileOf(header: string | Uint8Array, data: number | Uint8Array = 0, length?: number): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const tail = typeof data === "number" ? new Uint8Array(data) : data;
  const out = new Uint8Array(8 + text.length + tail.length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length ?? text.length), true);
  out.set(text, 8);
  out.set(tail, 8 + text.length);
  return out;
}

const entry = (dtype: string, shape: unknown, offsets: unknown): string =>
  `{"x":${JSON.stringify({ dtype, shape, data_offsets: offsets })}}`;

/** Runs `fn`, which must throw, and sees that no memory stays behind. */
function refuses(fn: () => unknown, type: new (message: string) => Error, message: RegExp): void {
  const before = memoryStats().inUse;
  expect(fn).toThrow(type);
  expect(fn).toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

async function refusesLater(fn: () => Promise<unknown>, type: new (message: string) => Error, message: RegExp): Promise<void> {
  const before = memoryStats().inUse;
  await expect(fn()).rejects.toThrow(type);
  await expect(fn()).rejects.toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

function sampleTensors(): Record<string, Tensor> {
  return {
    "linear.weight": tensor([[1, 4], [2, 5], [3, 6]]).t(), // prettier-ignore
    pixels: tensor([0, 255, 7], { dtype: "uint8" }),
    big: tensor([0.1, Infinity], { dtype: "float64" }),
    mask: tensor([[true], [false]]),
    labels: tensor([-1, 2 ** 31 - 1], { dtype: "int32" }),
    scalar: tensor(0.5),
    none: zeros([2, 0]),
  };
}

describe("safetensors", () => {
  test("reads what PyTorch wrote, in every dtype", () => {
    const loaded = io.deserialize(Uint8Array.from(atob(golden.file.bytes), (c) => c.charCodeAt(0)));
    const dtypes = {
      b: "bool",
      double: "float64",
      pixels: "uint8",
      steps: "int32",
      short: "int32",
      ushort: "int32",
      uint: "int32",
      byte: "int32",
      int: "int32",
    };
    expect(Object.keys(loaded).sort()).toEqual(Object.keys(golden.file.tensors).sort());
    for (const [name, { shape, values }] of Object.entries(golden.file.tensors)) {
      const x = loaded[name]!;
      expect(x.shape, name).toEqual(shape);
      expect(x.dtype, name).toBe((dtypes as Record<string, string>)[name] ?? "float32");
      expect(Array.from(x.toTypedArray()), name).toEqual(values.map((text) => Number(text.replace("inf", "Infinity"))));
    }
  });

  test("writes, byte for byte, the file that PyTorch has read (golden/data.py)", () => {
    const expected = readFileSync(new URL("golden/lanegrad.safetensors", import.meta.url));
    expect(Buffer.from(io.serialize(sampleTensors(), { metadata: { epoch: "3" } })).equals(expected)).toBe(true);
  });

  test("gives back names, order, metadata, and every bit, NaN payloads too", () => {
    const bits = tensor(new Int32Array([0x7fc00001, 0x7f800001, -1, 1, -0x80000000, 0x80000000 | 0]));
    const floats = zeros([6]);
    new Int32Array(floats.data().buffer, floats.data().byteOffset, 6).set(bits.toTypedArray());
    const names = ["z", "a.b.c", "", "ä/€ \"quoted\"\n", "__proto__", "10"]; // prettier-ignore
    const tensors = Object.fromEntries(names.map((name, i) => [name, i === 0 ? floats : tensor([i])]));
    const bytes = io.serialize(tensors, { metadata: { key: "\u0000ü", format: "np" } });
    const loaded = io.deserialize(bytes);
    expect(Object.keys(loaded)).toEqual(Object.keys(tensors));
    expect(loaded["10"]!.item()).toBe(5);
    expect(new Int32Array(loaded["z"]!.toTypedArray().buffer)).toEqual(bits.toTypedArray());
    expect(io.inspectSafetensors(bytes).metadata).toEqual({ key: "\u0000ü", format: "np" });
    expect(bytes.length % 4).toBe(0);
    expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
  });

  test("an empty dict, an ArrayBuffer, and bytes at an odd place", () => {
    expect(io.deserialize(io.serialize({}))).toEqual({});
    const bytes = io.serialize(sampleTensors());
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    for (const source of [bytes.buffer as ArrayBuffer, shifted.subarray(3)])
      expect(io.deserialize(source)["big"]!.tolist()).toEqual([0.1, Infinity]);
    expect(io.inspectSafetensors(bytes).tensors["labels"]).toEqual({ shape: [2], dtype: "int32", fileDtype: "I32" });
  });

  test("a file cut off anywhere is refused", () => {
    const bytes = io.serialize(sampleTensors());
    const before = memoryStats().inUse;
    for (let length = 0; length < bytes.length; length++)
      expect(() => io.deserialize(bytes.subarray(0, length)), `cut at ${length}`).toThrow(FormatError);
    expect(memoryStats().inUse).toBe(before);
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    refuses(() => io.deserialize(longer), FormatError, /1 byte\(s\) after its data/);
  });

  test("a file with one byte changed gives tensors of its own size, or a FormatError: nothing else", () => {
    const bytes = io.serialize(sampleTensors());
    for (let i = 0; i < 480; i++) {
      const changed = bytes.slice();
      changed[i]! ^= 1 << (i % 8);
      try {
        Object.values(io.deserialize(changed)).forEach((x) => x.dispose());
      } catch (error) {
        expect(error, `byte ${i}`).toBeInstanceOf(FormatError);
      }
    }
  });

  const bad: [string, Uint8Array, RegExp][] = [
    ["header beyond the limit", fileOf("{}", 0, 100_000_001), /header would have 100000001 bytes; at most 100000000/],
    ["header beyond 2^53", fileOf("{}", 0, Number.MAX_SAFE_INTEGER * 2), /header would have/],
    ["header longer than the file", fileOf("{}", 0, 3), /should have 3 bytes, but only 2 follow/],
    ["no header", fileOf(""), /does not begin with \{/],
    ["header an array", fileOf("[1]"), /does not begin with \{/],
    ["a space first", fileOf(" {}"), /does not begin with \{/],
    ["broken JSON", fileOf('{"x":'), /is not JSON/],
    ["two values", fileOf("{}{}"), /is not JSON/],
    ["not UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)), /is not JSON/],
    [
      "a name twice",
      fileOf(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0078":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1),
      /names "x" twice/,
    ],
    ["a field twice", fileOf(`{"x":{"dtype":"U8","dtype":"BOOL","shape":[1],"data_offsets":[0,1]}}`, 1), /names "dtype" twice/],
    ["an entry that is a number", fileOf('{"x":5}'), /tensor "x" is not described by an object/],
    ["an entry that is null", fileOf('{"x":null}'), /tensor "x" is not described by an object/],
    ["unknown dtype", fileOf(entry("F8_E4M3", [1], [0, 1]), 1), /has the dtype "F8_E4M3"/],
    ["a dtype from Object.prototype", fileOf(entry("toString", [1], [0, 1]), 1), /has the dtype "toString"/],
    ["no shape", fileOf('{"x":{"dtype":"U8","data_offsets":[0,1]}}', 1), /has the shape undefined/],
    ["negative size", fileOf(entry("U8", [-1], [0, 1]), 1), /has the shape \[-1\]/],
    ["fractional size", fileOf(entry("U8", [0.5], [0, 1]), 1), /has the shape \[0.5\]/],
    ["size as text", fileOf(entry("U8", ["1"], [0, 1]), 1), /has the shape \["1"\]/],
    ["size 1e400", fileOf('{"x":{"dtype":"U8","shape":[1e400],"data_offsets":[0,1]}}', 1), /has the shape/],
    ["absurd sizes", fileOf(entry("F32", [2 ** 40, 2 ** 40], [0, 4]), 4), /needs .* bytes, but its data_offsets/],
    ["sizes whose product wraps", fileOf(entry("F32", [2 ** 31, 2 ** 31, 4], [0, 0])), /needs .* bytes/],
    ["more than 4 GiB of nothing", fileOf(entry("F32", [2 ** 33, 1], [0, 2 ** 35])), /only 0 are there/],
    ["offsets of the wrong length", fileOf(entry("F32", [1], [0, 3]), 3), /needs 4 bytes, but its data_offsets \[0, 3\] give it 3/],
    ["offsets backwards", fileOf(entry("F32", [1], [4, 0]), 4), /give it -4/],
    ["three offsets", fileOf(entry("U8", [1], [0, 1, 2]), 1), /data_offsets \[0,1,2\]; expected \[begin, end\]/],
    ["negative offsets", fileOf(entry("U8", [1], [-1, 0]), 1), /data_offsets \[-1,0\]/],
    ["a hole before", fileOf(entry("U8", [1], [1, 2]), 2), /1 byte\(s\) before it belong to no tensor/],
    ["beyond the end", fileOf(entry("U8", [2], [0, 2]), 1), /should have 2 bytes, but only 1 are there/],
    [
      "overlap",
      fileOf(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3),
      /"b" begins at byte 1 of the data, inside/,
    ],
    ["metadata a number", fileOf('{"__metadata__":{"epoch":3}}'), /__metadata__ has "epoch": number/],
    ["metadata an array", fileOf('{"__metadata__":[]}'), /__metadata__ is not an object/],
    [
      "I64 beyond int32",
      fileOf(entry("I64", [2], [0, 16]), new Uint8Array(new BigInt64Array([1n, 2n ** 31n]).buffer)),
      /"x" is I64, and its element 1 does not fit int32/,
    ],
    [
      "I64 below int32",
      fileOf(entry("I64", [1], [0, 8]), new Uint8Array(new BigInt64Array([-(2n ** 31n) - 1n]).buffer)),
      /element 0 does not fit/,
    ],
    [
      "U64 beyond int32",
      fileOf(entry("U64", [1], [0, 8]), new Uint8Array(new BigUint64Array([2n ** 32n]).buffer)),
      /is U64, and its element 0/,
    ],
    ["U32 beyond int32", fileOf(entry("U32", [1], [0, 4]), new Uint8Array(new Uint32Array([2 ** 31]).buffer)), /is U32, and its element 0/],
  ];
  test.each(bad)("refuses: %s", (_, bytes, message) => {
    refuses(() => io.deserialize(bytes), FormatError, message);
    refuses(() => io.deserialize(bytes), FormatError, /^deserialize\(\): /);
  });

  test("a very deep header is an error, not a crash", () => {
    refuses(() => io.deserialize(fileOf(`{"x":${"[".repeat(200_000)}`)), FormatError, /is not JSON/);
  });

  test("refuses what is no tensor", () => {
    refuses(() => io.serialize({ x: 5 as unknown as Tensor }), ArgumentError, /"x" is not a Tensor but number/);
    refuses(() => io.serialize({}, { metadata: { epoch: 3 as unknown as string } }), ArgumentError, /"epoch" is number/);
    const gone = zeros([2]);
    gone.dispose();
    refuses(() => io.serialize({ gone }), DisposedError, /dispose/);
    const x = zeros([1]);
    refuses(() => io.serialize({ __metadata__: x }), ArgumentError, /reserved/);
  });
});

describe("files", () => {
  test("save and load, by path, URL, Blob and bytes", async () => {
    const path = at("a ä.safetensors");
    await io.saveSafetensors(path, sampleTensors());
    await io.saveSafetensors(pathToFileURL(path), sampleTensors()); // over it
    const bytes = readFileSync(path);
    for (const source of [path, pathToFileURL(path), new Blob([bytes]), new Uint8Array(bytes)]) {
      expect((await io.loadSafetensors(source))["labels"]!.tolist()).toEqual([-1, 2147483647]);
    }
    expect(readdirSync(folder)).toEqual(["a ä.safetensors"]);
  });

  test("what is saved is what was there at the call", async () => {
    const x = zeros([1000]);
    const saving = io.saveSafetensors(at("snapshot"), { x });
    x.data().fill(1);
    await saving;
    expect((await io.loadSafetensors(at("snapshot")))["x"]!.sum().item()).toBe(0);
  });

  test("a save that fails leaves the old file whole, and nothing beside it", async () => {
    const place = at("atomic");
    mkdirSync(place);
    const path = join(place, "model.safetensors");
    await io.saveSafetensors(path, sampleTensors());
    const old = readFileSync(path);
    function* failing(): Generator_ {
      yield new Uint8Array(100_000);
      throw new Error("disk on fire");
    }
    await expect(nodeFiles.write(path, failing)).rejects.toThrow("disk on fire");
    const gone = zeros([3]);
    gone.dispose();
    await refusesLater(() => io.saveSafetensors(path, { gone }), DisposedError, /dispose/);
    expect(readFileSync(path).equals(old)).toBe(true);
    mkdirSync(join(place, "folder"));
    const x = zeros([2]);
    await refusesLater(() => io.saveSafetensors(join(place, "folder"), { x }), FileError, /^saveSafetensors\(\): cannot write .*folder/);
    await refusesLater(() => io.saveSafetensors(join(place, "no/such/x"), { x }), FileError, /cannot write .*ENOENT/);
    await refusesLater(() => io.saveSafetensors(join(path, "x"), { x }), FileError, /cannot write .*ENOTDIR/);
    expect(readdirSync(place).sort()).toEqual(["folder", "model.safetensors"]);
  });

  test("a file that is not there, a folder, a file that is something else, not a path", async () => {
    await refusesLater(() => io.loadSafetensors(at("nothing")), FileError, /^loadSafetensors\(\): .*nothing does not exist/);
    await refusesLater(() => io.loadSafetensors(folder), FileError, /^loadSafetensors\(\): cannot read .*EISDIR/);
    writeFileSync(at("text"), "hello, this is text");
    await refusesLater(() => io.loadSafetensors(at("text")), FormatError, /^loadSafetensors\(".*text"\): not a safetensors file/);
    await refusesLater(
      () => io.loadSafetensors(5 as unknown as string),
      ArgumentError,
      /expected a path, URL, Blob, ArrayBuffer or Uint8Array, got number/,
    );
  });

  test("in browsers, saving to a path says what to do instead", async () => {
    await expect(browserFiles.write("x", () => [])).rejects.toThrow(/a browser cannot write x; .*serialize\(\)/);
  });
});

type Generator_ = globalThis.Generator<Uint8Array>;
