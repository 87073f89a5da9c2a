import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArgumentError, DisposedError, FileError, FormatError, type Tensor, io, memoryStats, rand, tensor, zeros } from "lanegrad";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Golden {
  npy: { bytes: string; dtype: string; shape: number[]; values: string[] }[];
}
const golden = JSON.parse(readFileSync(new URL("golden/data.json", import.meta.url), "utf8")) as Golden;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

const folder = mkdtempSync(join(tmpdir(), "lanegrad-npy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function refuses(fn: () => unknown, type: new (message: string) => Error, message: RegExp): void {
  const before = memoryStats().inUse;
  expect(fn).toThrow(type);
  expect(fn).toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

// The library takes its scratch memory at the first strided copy.
beforeAll(() => rand([2, 3, 4]).permute([2, 0, 1]).contiguous().dispose());

test.each(golden.npy)("reads NumPy's $dtype of shape $shape", ({ bytes, dtype, shape, values }) => {
  const before = memoryStats().tensors;
  const x = io.decodeNpy(bytesOf(bytes));
  expect(memoryStats().tensors).toBe(before + 1);
  const ours: Record<string, string> = { "<f8": "float64", "<f4": "float32", "<f2": "float32", "|b1": "bool", "|u1": "uint8" };
  expect([x.dtype, x.shape, x.isContiguous]).toEqual([ours[dtype] ?? "int32", shape, true]);
  expect(Array.from(x.toTypedArray())).toEqual(values.map((text) => Number(text.replace("inf", "Infinity"))));
});

test("writes the very bytes that NumPy writes", () => {
  const native = ["<f4", "<f8", "|b1", "|u1", "<i4"];
  const same = golden.npy.filter(({ dtype, shape, bytes }) => native.includes(dtype) && shape.length < 3 && bytesOf(bytes)[6] === 1);
  expect(same.length).toBe(7);
  for (const { bytes } of same) expect(Array.from(io.encodeNpy(io.decodeNpy(bytesOf(bytes))))).toEqual(Array.from(bytesOf(bytes)));
});

test("files: a round trip, strided, and errors", async () => {
  const x = rand([5, 7]).t();
  const path = join(folder, "x.npy");
  await io.saveNpy(path, x);
  expect((await io.loadNpy(path)).tolist()).toEqual(x.tolist());
  await expect(io.saveNpy(join(folder, "no/x.npy"), x)).rejects.toThrow(FileError);
  await expect(io.loadNpy(join(folder, "no.npy"))).rejects.toThrow(/loadNpy\(\): .* does not exist/);
  expect(readdirSync(folder)).toEqual(["x.npy"]);
});

test("refuses files cut off anywhere, and what is no plain array", () => {
  const good = io.encodeNpy(tensor([1, 2, 3]));
  for (let length = 0; length < good.length; length++)
    refuses(() => io.decodeNpy(good.subarray(0, length)), FormatError, /not a \.npy file/);
  refuses(() => io.decodeNpy(new Uint8Array([...good, 0])), FormatError, /needs 12 bytes of data, 13 are there/);
  const changed = (from: string, to: string): Uint8Array =>
    new Uint8Array(Buffer.from(Buffer.from(good).toString("latin1").replace(from, to), "latin1"));
  refuses(() => io.decodeNpy(changed("<f4", ">f4")), FormatError, /its dtype is ">f4"; this reader knows/);
  refuses(() => io.decodeNpy(changed("'<f4'", "['a']")), FormatError, /structured/);
  refuses(() => io.decodeNpy(changed("(3,)", "(-3)")), FormatError, /its header is/);
  refuses(() => io.decodeNpy(changed("(3,)", "(9, 9e9)".slice(0, 4))), FormatError, /its header is/);
  refuses(() => io.decodeNpy(changed("(3,), }     ", "(3, 9999999999999999999), }".padEnd(12))), FormatError, /\.npy/);
  refuses(() => io.decodeNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 4, 0, 0, 0, 0, 0)), FormatError, /version 4/);
  refuses(() => io.decodeNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255)), FormatError, /at most 65536/);
  const gone = zeros([1]);
  gone.dispose();
  refuses(() => io.encodeNpy(gone), DisposedError, /dispose/);
  refuses(() => io.encodeNpy([1] as unknown as Tensor), ArgumentError, /not a Tensor/);
});
