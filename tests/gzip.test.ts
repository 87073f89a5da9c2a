import { gunzipSync, gzipSync } from "node:zlib";
import { ArgumentError, FormatError, io, memoryStats } from "lanegrad";
import { describe, expect, test } from "vitest";
import { files as browserFiles } from "../src/io/files.browser.js";
import { files as nodeFiles } from "../src/io/files.node.js";

describe.each([
  ["Node", nodeFiles],
  ["browsers", browserFiles],
])("gunzip in %s", (_, files) => {
  const gunzip = (bytes: Uint8Array, maxBytes: number): Promise<Uint8Array | null> => files.gunzip(bytes, maxBytes);
  const content = new TextEncoder().encode("hello, gzip! ".repeat(50));
  const packed = new Uint8Array(gzipSync(content));

  test("unpacks, up to the limit", async () => {
    expect(new Uint8Array((await gunzip(packed, 650))!)).toEqual(content);
    expect(await gunzip(packed, 649)).toBeNull();
    expect(await gunzip(new Uint8Array(gzipSync("")), 0)).toEqual(new Uint8Array(0));
  });

  test("rejects what is cut off anywhere, has garbage behind, or a wrong checksum", async () => {
    for (let length = 0; length < packed.length; length++)
      await expect(gunzip(packed.subarray(0, length), 1e6), `cut at ${length}`).rejects.toThrow();
    await expect(gunzip(new Uint8Array([...packed, 65, 66, 67]), 1e6)).rejects.toThrow();
    for (const back of [1, 2, 5, 8]) {
      const changed = packed.slice();
      changed[changed.length - back]! ^= 1;
      await expect(gunzip(changed, 1e6), `${back} from the end`).rejects.toThrow();
    }
  });

  test("stops a bomb long before it is unpacked", async () => {
    const bomb = new Uint8Array(gzipSync(new Uint8Array(2 ** 28)));
    const memory = process.memoryUsage().arrayBuffers;
    expect(await gunzip(bomb, 1000)).toBeNull();
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(2 ** 26);
  });
});

async function refuses(fn: () => Promise<unknown>, type: new (message: string) => Error, message: RegExp): Promise<void> {
  const before = memoryStats().inUse;
  await expect(fn()).rejects.toThrow(type);
  await expect(fn()).rejects.toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

test("gunzip() says what is wrong", async () => {
  const packed = new Uint8Array(gzipSync("hello"));
  expect(await io.gunzip(packed)).toEqual(new Uint8Array(gunzipSync(packed)));
  await refuses(
    () => io.gunzip(packed.subarray(0, 20)),
    FormatError,
    /^gunzip\(\): the gzip data is corrupt or cut off: unexpected end of file/,
  );
  await refuses(() => io.gunzip(packed, { maxBytes: 4 }), FormatError, /unpacks to more than the 4 bytes expected/);
  await refuses(() => io.gunzip(new Uint8Array([1, 2])), FormatError, /not gzip data: it begins with 01 02/);
  await refuses(() => io.gunzip(packed, { maxBytes: -1 }), ArgumentError, /maxBytes must be a whole number/);
});
