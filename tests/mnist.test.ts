import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { DataLoader, FileError, FormatError, Subset, data, datasets, manualSeed, memoryStats, profile, transforms } from "lanegrad";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lanegrad-mnist-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const source = fileURLToPath(new URL("../examples/data/mnist", import.meta.url));
const IMAGES = "t10k-images-idx3-ubyte";
const LABELS = "t10k-labels-idx1-ubyte";
const packed = (name: string): Buffer => readFileSync(join(source, `${name}.gz`));

/** A fresh folder with these files. */
let folders = 0;
function folderWith(files: Record<string, Uint8Array>): string {
  const root = join(folder, String(folders++));
  mkdirSync(root);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  return root;
}

const idx = (type: number, sizes: number[], bytes: number[]): Uint8Array => {
  const head = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  head.setUint32(0, (type << 8) | sizes.length);
  sizes.forEach((size, i) => head.setUint32(4 + 4 * i, size));
  return new Uint8Array([...new Uint8Array(head.buffer), ...bytes]);
};

/** Runs `fn`, which must throw, and sees that no memory stays behind. */
function refuses(fn: () => unknown, type: new (message: string) => Error, message: RegExp): void {
  const before = memoryStats().inUse;
  expect(fn).toThrow(type);
  expect(fn).toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

async function rejects(fn: () => Promise<unknown>, type: new (message: string) => Error, message: RegExp): Promise<void> {
  const before = memoryStats().inUse;
  await expect(fn()).rejects.toThrow(type);
  await expect(fn()).rejects.toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

describe("MNIST", () => {
  test("is read as PyTorch reads it", async () => {
    const train = await datasets.MNIST({ root: source });
    const test = await datasets.MNIST({ root: pathToFileURL(source), train: false });
    expect([train.length, train.data.shape, train.data.dtype, train.targets.shape, train.targets.dtype]).toEqual([
      60000,
      [60000, 28, 28],
      "uint8",
      [60000],
      "int32",
    ]);
    expect(Array.from(train.targets.toTypedArray().slice(0, 10))).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect([test.length, test.get(0)[1], test.get(-1)[1]]).toEqual([10000, 7, 6]);
    const { data: pixels } = train;
    const mean = pixels.to("float64").mean().item() / 255;
    expect(mean).toBeCloseTo(0.1306604762738429, 12);
    expect(train.get(0)[0].shape).toEqual([28, 28]);
  });

  test("a batch by the fast way is the batch of single samples, and an epoch of 60,000 is quick: a few ops per batch", async () => {
    const transform = new transforms.Compose([new transforms.ToTensor(), new transforms.Normalize([0.1307], [0.3081])]);
    const fast = await datasets.MNIST({ root: source, train: false, transform });
    const slow = await datasets.MNIST({ root: source, train: false, transform: (x) => transform.forward(x) });
    const twice = await datasets.MNIST({ root: source, train: false, transform, targetTransform: (label) => [label, label > 4] as const });
    const read = (dataset: data.Dataset<[unknown, unknown]>): unknown => {
      manualSeed(1);
      const [x, y] = new DataLoader(dataset as typeof fast, { batchSize: 50, shuffle: true })[Symbol.iterator]().next().value as [
        never,
        never,
      ];
      return JSON.stringify([x, y], (_, value: unknown) =>
        value && typeof value === "object" && "tolist" in value ? (value as { tolist(): unknown }).tolist() : value,
      );
    };
    expect(read(fast)).toBe(read(slow));
    expect(read(twice)).toContain("true");
    const train = await datasets.MNIST({ root: source, transform });
    const epoch = (): number => {
      let seen = 0;
      for (const [x, y] of new DataLoader(new Subset(train, [...Array(60000).keys()]), { batchSize: 64, shuffle: true }))
        seen += x.size(0) * y.ndim;
      return seen;
    };
    const { result, ops } = profile(epoch, { maxEvents: 0 });
    expect(result).toBe(60000);
    const calls = ops.reduce((sum, op) => sum + op.calls, 0);
    expect(calls / 938, "ops per batch").toBeLessThan(12);
  });

  test("lies in root or in root/MNIST/raw, packed or not", async () => {
    const raw = folderWith({});
    mkdirSync(join(raw, "MNIST/raw"), { recursive: true });
    writeFileSync(join(raw, "MNIST/raw", IMAGES), gunzipSync(packed(IMAGES)));
    writeFileSync(join(raw, "MNIST/raw", `${LABELS}.gz`), packed(LABELS));
    expect((await datasets.MNIST({ root: `${raw}/`, train: false })).length).toBe(10000);
  });

  test("says which files are missing or damaged", async () => {
    await rejects(
      () => datasets.MNIST({ root: folderWith({}), train: false }),
      FileError,
      /found none of .*t10k-images.*\{ download: true \}/,
    );
    const images = { [`${IMAGES}.gz`]: packed(IMAGES) };
    await rejects(() => datasets.MNIST({ root: folderWith(images), train: false }), FileError, /t10k-labels/);
    const labels = gunzipSync(packed(LABELS));
    labels[100]! ^= 1;
    await rejects(
      () => datasets.MNIST({ root: folderWith({ ...images, [LABELS]: labels }), train: false }),
      FormatError,
      /t10k-labels-idx1-ubyte: this is not MNIST's .* its SHA-256 is/,
    );
    await rejects(
      () => datasets.MNIST({ root: folderWith({ ...images, [LABELS]: labels.subarray(1) }), train: false }),
      FormatError,
      /expected 10008 bytes, got 10007/,
    );
    await rejects(
      () => datasets.MNIST({ root: folderWith({ ...images, [`${LABELS}.gz`]: packed(LABELS).subarray(0, 4000) }), train: false }),
      FormatError,
      /t10k-labels.*corrupt or cut off/,
    );
    await rejects(
      () => datasets.MNIST({ root: folderWith({ ...images, [`${LABELS}.gz`]: gzipSync(new Uint8Array(1e7)) }), train: false }),
      FormatError,
      /more than the 10008 bytes/,
    );
  });

  test("takes other data in the same format when asked to", async () => {
    const [images, labels] = [idx(8, [2, 1, 3], [1, 2, 3, 4, 5, 6]), idx(8, [2], [7, 9])];
    const other = await datasets.MNIST({
      root: folderWith({ [IMAGES]: images, [`${LABELS}.gz`]: gzipSync(labels) }),
      train: false,
      verify: false,
    });
    expect([other.get(1)[0].tolist(), other.get(1)[1]]).toEqual([[[4, 5, 6]], 9]);
    await rejects(
      () => datasets.MNIST({ root: folderWith({ [IMAGES]: images, [LABELS]: idx(8, [3], [1, 2, 3]) }), train: false, verify: false }),
      FormatError,
      /do not belong together/,
    );
  });
});

describe("download", () => {
  let server: Server;
  let base: string;
  /** What the server answers, by path. */
  let answers: Record<string, Uint8Array | "cut" | 404 | 500>;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const answer = answers[request.url ?? ""] ?? 404;
      if (typeof answer === "number") response.writeHead(answer).end();
      else if (answer === "cut") {
        response.writeHead(200, { "content-length": "1000" });
        response.write("half", () => response.destroy());
      } else response.writeHead(200, { "content-type": "application/octet-stream" }).end(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());
  beforeEach(() => (answers = {}));

  const filesIn = (root: string): string[] => readdirSync(root, { recursive: true }).map(String).sort();
  const get = (root: string, mirrors: string[]): Promise<unknown> => datasets.MNIST({ root, train: false, download: true, mirrors });

  test("keeps what it got, from the first mirror that has it sound", async () => {
    const damaged = gunzipSync(packed(LABELS));
    damaged[5000]! ^= 1;
    answers = {
      [`/b/${IMAGES}.gz`]: packed(IMAGES),
      [`/a/${LABELS}.gz`]: gzipSync(damaged),
      [`/b/${LABELS}.gz`]: packed(LABELS),
    };
    const root = join(folderWith({}), "new");
    expect(await get(root, [`${base}/a/`, `${base}/b`])).toHaveLength(10000);
    expect(filesIn(root)).toEqual(["MNIST", "MNIST/raw", `MNIST/raw/${IMAGES}.gz`, `MNIST/raw/${LABELS}.gz`].map((path) => join(path)));
    answers = {};
    expect(await get(root, [])).toHaveLength(10000); // nothing to fetch any more
  });

  test("keeps nothing when no mirror has it sound", async () => {
    const root = folderWith({});
    const fails = (answer: (typeof answers)[string], message: RegExp): Promise<void> => {
      answers = { [`/${IMAGES}.gz`]: answer };
      return rejects(() => get(root, [base]), FileError, message);
    };
    await fails(404, /could not download t10k-images-idx3-ubyte.gz:\n- .*does not exist/);
    await fails(500, /the server answered 500/);
    await fails("cut", /the connection was cut/);
    await fails(packed(IMAGES).subarray(0, 1_000_000), /corrupt or cut off/);
    await fails(gzipSync(new Uint8Array(7840016)), /this is not MNIST's t10k-images/);
    await fails(new TextEncoder().encode("<html>"), /expected 7840016 bytes, got 6/);
    await rejects(() => get(root, ["http://127.0.0.1:1/"]), FileError, /could not fetch http:\/\/127.0.0.1:1/);
    expect(filesIn(root)).toEqual([]);
  });

  test("a root that is a URL of a server", async () => {
    answers = { [`/mnist/${IMAGES}.gz`]: gunzipSync(packed(IMAGES)), [`/mnist/${LABELS}.gz`]: packed(LABELS) }; // some servers unpack
    expect(await datasets.MNIST({ root: `${base}/mnist`, train: false })).toHaveLength(10000);
    expect(await datasets.MNIST({ root: new URL(`${base}/mnist`), train: false })).toHaveLength(10000);
  });
});

describe("IDX", () => {
  test("every type", () => {
    const cases: [number, number[], string, number[]][] = [
      [0x08, [0, 200], "uint8", [0, 200]],
      [0x09, [0xff, 0x7f], "int32", [-1, 127]],
      [0x0b, [0x80, 0, 0, 5], "int32", [-32768, 5]],
      [0x0c, [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], "int32", [2147483647, -2]],
      [0x0d, [0x3f, 0xc0, 0, 0, 0xff, 0x80, 0, 0], "float32", [1.5, -Infinity]],
      [0x0e, [0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, 0, 0, 0, 0, 0, 0, 0, 1], "float64", [0.1, 5e-324]],
    ];
    for (const [type, bytes, dtype, values] of cases) {
      const x = data.decodeIdx(idx(type, [1, 2], bytes));
      expect([x.dtype, x.shape, x.tolist()]).toEqual([dtype, [1, 2], [values]]);
    }
    expect(data.decodeIdx(idx(8, [], [7])).tolist()).toBe(7);
    expect(data.decodeIdx(idx(8, [0, 28, 28], []).buffer as ArrayBuffer).shape).toEqual([0, 28, 28]);
  });

  test("cut off anywhere, too long, or absurd", () => {
    const good = idx(0x0b, [2, 3], Array<number>(12).fill(1));
    for (let length = 0; length < good.length; length++)
      refuses(() => data.decodeIdx(good.subarray(0, length)), FormatError, /not an IDX file/);
    refuses(() => data.decodeIdx(new Uint8Array([...good, 0])), FormatError, /\[2, 3\] needs 12 bytes of data, 13 are there/);
    refuses(() => data.decodeIdx(idx(0x0a, [1], [0])), FormatError, /begins with 00 00 0a 01/);
    refuses(() => data.decodeIdx(new Uint8Array([1, 0, 8, 0, 0])), FormatError, /not an IDX file/);
    const most = 2 ** 32 - 1;
    refuses(() => data.decodeIdx(idx(8, [most, most], [0])), FormatError, /bytes of data, 1 are there/);
    refuses(() => data.decodeIdx(idx(8, Array<number>(255).fill(most), [0])), FormatError, /needs Infinity bytes/);
    refuses(() => data.decodeIdx(idx(8, [...Array<number>(200).fill(most), 0], [])), FormatError, /needs NaN bytes/);
  });
});
