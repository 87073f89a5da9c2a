import { readFileSync } from "node:fs";
import {
  ArgumentError,
  ConcatDataset,
  DTypeError,
  DataLoader,
  Dataset,
  Generator,
  IndexError,
  IterableDataset,
  ShapeError,
  Subset,
  type Tensor,
  TensorDataset,
  arange,
  data,
  flushMemory,
  manualSeed,
  memoryStats,
  rand,
  randomSplit,
  tensor,
  transforms,
  zeros,
} from "lanegrad";
import { describe, expect, test, vi } from "vitest";
import { macrotask } from "../src/data/macrotask.js";

interface Golden {
  orders: { seed: number; n: number; batch: number; drop: boolean; length: number; epochs: (number[] | number[][])[] }[];
  withGenerator: { epochs: number[][][]; after: number; untouched: number };
  samplers: Record<string, number[]> & { sequential: number[][]; after: number };
  splits: { n: number; lengths: number[]; parts: number[][] }[];
  collated: { x: number[][]; y: number[]; z: [number[], string[]]; on: boolean[] };
}
const golden = JSON.parse(readFileSync(new URL("golden/data.json", import.meta.url), "utf8")) as Golden;

/** Runs `fn`, which must throw, and sees that no memory stays behind. */
function refuses(fn: () => unknown, type: new (message: string) => Error, message: RegExp): void {
  const before = memoryStats().inUse;
  expect(fn).toThrow(type);
  expect(fn).toThrow(message);
  expect(memoryStats().inUse).toBe(before);
}

/** A dataset that counts, and has no fast way. */
class Squares extends Dataset<[Tensor, number]> {
  seen: number[] = [];
  constructor(readonly length: number) {
    super();
  }
  override get(index: number): [Tensor, number] {
    this.seen.push(index);
    return [tensor([index, index * index]), index];
  }
}

describe("the order is PyTorch's", () => {
  test.each(golden.orders)("seed $seed, $n samples in batches of $batch, three epochs", ({ seed, n, batch, drop, length, epochs }) => {
    const samples = new TensorDataset(arange(n));
    for (const dataset of [
      samples,
      new Subset(samples, [...Array(n).keys()]),
      { length: n, get: (i: number) => [i] as [unknown] as [Tensor] },
    ]) {
      manualSeed(seed);
      const loader = new DataLoader(dataset, { batchSize: batch, shuffle: true, dropLast: drop });
      expect(loader.length).toBe(length);
      for (let epoch = 0; epoch < 3; epoch++) {
        expect(Array.from(loader, ([x]) => x.tolist())).toEqual(epochs[2 * epoch]);
        expect(rand([2]).tolist()).toEqual(epochs[2 * epoch + 1]);
      }
    }
  });

  test("with a generator of its own", () => {
    const { epochs, after, untouched } = golden.withGenerator;
    const generator = new Generator(5);
    const loader = new DataLoader(new TensorDataset(arange(20)), { batchSize: 6, shuffle: true, generator });
    manualSeed(1);
    for (const epoch of epochs) expect(Array.from(loader, ([x]) => x.tolist())).toEqual(epoch);
    expect(rand([1], { generator }).item()).toBe(after);
    expect(rand([1]).item()).toBe(untouched);
  });

  test("of the samplers, drawn from one stream", () => {
    const ten = { length: 10 };
    const generator = new Generator(3);
    const weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6];
    manualSeed(2);
    const { RandomSampler, SubsetRandomSampler, WeightedRandomSampler } = data;
    expect([...new RandomSampler(ten, { replacement: true, numSamples: 70 })]).toEqual(golden.samplers["replacement"]);
    expect([...new RandomSampler(ten, { numSamples: 25 })]).toEqual(golden.samplers["more"]);
    expect([...new RandomSampler(ten, { numSamples: 4 })]).toEqual(golden.samplers["fewer"]);
    const own = [...new RandomSampler(ten, { generator }), ...new RandomSampler(ten, { replacement: true, generator })];
    expect(own).toEqual(golden.samplers["own"]);
    expect([...new SubsetRandomSampler([5, 3, 8, 1], { generator })]).toEqual(golden.samplers["subset"]);
    expect([...new WeightedRandomSampler(weights, 20, { generator })]).toEqual(golden.samplers["weighted"]);
    expect([...new WeightedRandomSampler(weights, 4, { replacement: false, generator })]).toEqual(golden.samplers["weightedOnce"]);
    expect(Array.from(new DataLoader(new TensorDataset(arange(5)), { batchSize: 2 }), ([x]) => x.tolist())).toEqual(
      golden.samplers.sequential,
    );
    expect(rand([1]).item()).toBe(golden.samplers.after);
  });

  test.each(golden.splits)("randomSplit of $n into $lengths", ({ n, lengths, parts }) => {
    const split = randomSplit({ length: n, get: (i) => i }, lengths, { generator: new Generator(42) });
    expect(split.map((part) => Array.from({ length: part.length }, (_, i) => part.get(i)))).toEqual(parts);
  });
});

describe("DataLoader", () => {
  test("a batch by the fast way is the batch of single samples", () => {
    const tensors = [rand([11, 3, 2]), arange(11), rand([11]).gt(0.5)] as const;
    const fast = new TensorDataset(...tensors);
    const slow = { length: 11, get: (i: number) => fast.get(i) };
    const read = (dataset: Dataset<readonly [Tensor, Tensor, Tensor]>): unknown => {
      manualSeed(4);
      return Array.from(new DataLoader(dataset, { batchSize: 4, shuffle: true }), (batch) =>
        batch.map((x) => [x.dtype, x.shape, x.tolist()]),
      );
    };
    expect(read(fast)).toEqual(read(slow));
    expect(read(new Subset(fast, [10, 3, 3, 0]))).toEqual(read(new Subset(slow, [10, 3, 3, 0])));
  });

  test("a subclass that gives other samples is asked for them", () => {
    class Negated extends TensorDataset<[Tensor]> {
      override get(index: number): [Tensor] {
        return [super.get(index)[0].neg()];
      }
    }
    class Twice extends Subset<[Tensor]> {
      override get(index: number): [Tensor] {
        return [super.get(index)[0].mul(2)];
      }
    }
    const negated = new Negated(arange(3));
    expect(Array.from(new DataLoader(negated, { batchSize: 3 }), ([x]) => x.tolist())).toEqual([[0, -1, -2]]);
    expect(Array.from(new DataLoader(new Twice(negated, [2, 1]), { batchSize: 3 }), ([x]) => x.tolist())).toEqual([[-4, -2]]);
  });

  test("samples come only when their batch is asked for", () => {
    const dataset = new Squares(10);
    for (const [x, y] of new DataLoader(dataset, { batchSize: 3 })) {
      expect(x.tolist()).toEqual([[0, 0], [1, 1], [2, 4]]); // prettier-ignore
      expect([y.dtype, y.tolist()]).toEqual(["int32", [0, 1, 2]]);
      break;
    }
    expect(dataset.seen).toEqual([0, 1, 2]);
  });

  test("sampler, batchSampler, collateFn, arrays, dropLast", () => {
    const letters = ["a", "b", "c", "d", "e"];
    expect([...new DataLoader(letters, { sampler: [4, 0, 2], batchSize: 2 })]).toEqual([["e", "a"], ["c"]]);
    expect([...new DataLoader(letters, { batchSampler: [[1], [2, 2]] })]).toEqual([["b"], ["c", "c"]]);
    expect([...new DataLoader(letters, { batchSize: 2, dropLast: true, collateFn: (s) => s.join("") })]).toEqual(["ab", "cd"]);
    expect(new DataLoader(letters, { sampler: [4, 0, 2], batchSize: 2 }).length).toBe(2);
    expect(new DataLoader(letters, { batchSampler: [[1], [2, 2]] }).length).toBe(2);
    expect([...new DataLoader([], { batchSize: 2 })]).toEqual([]);
    expect(() => new DataLoader(letters, { sampler: new Set([1]) }).length).toThrow(/does not say how long it is/);
  });

  test("iterable datasets, whose iterator is closed when the loop is left", () => {
    let closed = 0;
    class Stream extends IterableDataset<number> {
      get length(): number {
        return 7;
      }
      *[Symbol.iterator](): Iterator<number> {
        try {
          for (let i = 0; i < 7; i++) yield i + 0.5;
        } finally {
          closed++;
        }
      }
    }
    const loader = new DataLoader(new Stream(), { batchSize: 3 });
    expect(loader.length).toBe(3);
    expect(Array.from(loader, (x) => x.tolist())).toEqual([[0.5, 1.5, 2.5], [3.5, 4.5, 5.5], [6.5]]);
    expect(Array.from(new DataLoader(new Stream(), { batchSize: 3, dropLast: true }), (x) => x.size(0))).toEqual([3, 3]);
    expect(closed).toBe(2);
    for (const _ of loader) break;
    expect(closed).toBe(3);
    expect(() => new DataLoader(new Set([1])).length).toThrow(ArgumentError);
  });

  test("for await gives the same batches, and lets timers run", async () => {
    manualSeed(0);
    const expected = Array.from(new DataLoader(new TensorDataset(arange(100)), { batchSize: 10, shuffle: true }), ([x]) => x.tolist());
    manualSeed(0);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const got: unknown[] = [];
    for await (const [x] of new DataLoader(new TensorDataset(arange(100)), { batchSize: 10, shuffle: true })) {
      got.push(x.tolist());
      for (const until = performance.now() + 5; performance.now() < until;);
    }
    clearInterval(timer);
    expect(got).toEqual(expected);
    expect(ticks).toBeGreaterThan(1);
  });

  test("without setImmediate, as in browsers, a message makes the pause", async () => {
    vi.stubGlobal("setImmediate", undefined);
    try {
      let ran = false;
      setTimeout(() => (ran = true), 0);
      for (const end = performance.now() + 60_000; !ran && performance.now() < end;) await macrotask();
      expect(ran).toBe(true);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("an error in a sample reaches the loop, and the loader works again", () => {
    let broken = true;
    const dataset = {
      length: 4,
      get(i: number) {
        if (i === 2 && broken) throw new Error("sample 2");
        return zeros([100]);
      },
    };
    const loader = new DataLoader(dataset, { batchSize: 2 });
    expect(() => [...loader]).toThrow("sample 2");
    broken = false;
    expect([...loader].length).toBe(2);
  });

  test("refuses options that contradict each other", () => {
    const d = [1, 2, 3];
    refuses(() => new DataLoader(d, { batchSize: 0 }), ArgumentError, /batchSize must be a whole number from 1 on, got 0/);
    refuses(() => new DataLoader(d, { batchSize: 1.5 }), ArgumentError, /batchSize/);
    refuses(() => new DataLoader(d, { sampler: [1], shuffle: true }), ArgumentError, /shuffle must be left out/);
    refuses(() => new DataLoader(d, { batchSampler: [[1]], batchSize: 2 }), ArgumentError, /leave out batchSize/);
    refuses(() => new DataLoader(d, { batchSampler: [[1]], dropLast: true }), ArgumentError, /leave out batchSize/);
    refuses(() => new DataLoader(new Set([1]), { shuffle: true }), ArgumentError, /iterable dataset/);
    refuses(() => new DataLoader([], { shuffle: true }), ArgumentError, /numSamples must be a whole number from 1 on, got 0/);
    refuses(() => new DataLoader(5 as unknown as number[]), ArgumentError, /must have length and get/);
  });
});

describe("memory of a loader", () => {
  test("a batch is spent once the next is asked for; the dataset is not", () => {
    const x = rand([4, 2]);
    for (const loader of [
      new DataLoader(new TensorDataset(x), { batchSize: 2 }),
      new DataLoader([x.select(0, 0), x.select(0, 1)], { collateFn: ([row]) => [row!] }),
    ]) {
      const iterator = loader[Symbol.iterator]();
      const first = (iterator.next().value as [Tensor])[0];
      expect(first.storage.spent).toBe(false);
      const second = (iterator.next().value as [Tensor])[0];
      expect([first.storage.spent, second.storage.spent]).toEqual([first.storage !== x.storage, false]);
      expect(iterator.next().done).toBe(true);
      expect([second.storage.spent, x.storage.spent]).toEqual([second.storage !== x.storage, false]);
    }
  });

  test("200 epochs of batches that nobody frees stay flat, and kept batches stay readable", () => {
    const x = rand([512, 256]);
    const loaders = [
      new DataLoader(new TensorDataset(x, arange(512)), { batchSize: 64, shuffle: true }),
      new DataLoader({ length: 64, get: (i: number) => x.select(0, i).mul(2) }),
    ];
    for (const loader of loaders) {
      flushMemory();
      let reserved = 0;
      const kept: Tensor[] = [];
      const sums: number[] = [];
      for (let epoch = 0; epoch < 200; epoch++) {
        for (const batch of loader as Iterable<Tensor | Tensor[]>) {
          const first = Array.isArray(batch) ? batch[0]! : batch;
          if (epoch % 50 === 0) {
            kept.push(first);
            sums.push(first.sum().item());
          }
        }
        if (epoch === 20) reserved = memoryStats().reserved;
      }
      expect(memoryStats().reserved).toBe(reserved);
      expect(kept.map((batch) => batch.sum().item())).toEqual(sums);
    }
  });
});

describe("datasets", () => {
  test("refuse what does not fit", () => {
    const d = new TensorDataset(zeros([3, 2]), arange(3));
    expect(d.get(-1)[1].item()).toBe(2);
    refuses(() => d.get(3), IndexError, /index 3 is out of range for 3 sample/);
    refuses(() => d.get(0.5), IndexError, /index 0.5/);
    const two = zeros([2]);
    refuses(() => new TensorDataset(two, d.tensors[0]), ShapeError, /same size along dim 0, got \[2\], \[3, 2\]/);
    refuses(() => new TensorDataset(), ArgumentError, /at least one/);
    refuses(() => new Subset(d, [0, 3]), IndexError, /index 3/);
    refuses(() => new ConcatDataset([]), ArgumentError, /at least one/);
    for (const lengths of [[1, 1], [4], [-1, 4], [1.5, 1.5], [0.5, 0.6]])
      refuses(() => randomSplit(d, lengths), ArgumentError, /must be whole numbers that add up to the dataset's 3/);
    refuses(() => randomSplit(d, [1.5, -0.5]), ArgumentError, /fraction 0 is 1.5/);
  });

  test("ConcatDataset finds its sample", () => {
    const both = new ConcatDataset<number>([{ length: 2, get: (i) => i }, { length: 0, get: (i) => i }, { length: 3, get: (i) => 10 + i }]); // prettier-ignore
    expect(Array.from({ length: both.length }, (_, i) => both.get(i))).toEqual([0, 1, 10, 11, 12]);
    expect(both.get(-1)).toBe(12);
    refuses(() => both.get(5), IndexError, /index 5 is out of range for 5/);
  });
});

describe("defaultCollate", () => {
  test("is PyTorch's", () => {
    const batch = data.defaultCollate([
      { x: tensor([1, 2]), y: 3, z: [0.5, "a"] as [number, string], on: true },
      { x: tensor([3, 4]), y: 4, z: [1.5, "b"] as [number, string], on: false },
    ]);
    const { x, y, z, on } = batch;
    expect({ x: x.tolist(), y: y.tolist(), z: [z[0].tolist(), z[1]], on: on.tolist() }).toEqual(golden.collated);
    expect([x.dtype, y.dtype, z[0].dtype, on.dtype]).toEqual(["float32", "int32", "float32", "bool"]);
    expect(data.defaultCollate([1, 2 ** 31]).dtype).toBe("float32");
    expect(Object.is(data.defaultCollate([-0]).item(), -0)).toBe(true);
  });

  test("refuses what does not go together", () => {
    const [a, b] = [zeros([2]), zeros([3])];
    refuses(() => data.defaultCollate([a, b]), ShapeError, /stack\(\): tensor 1 is \[3\]/);
    refuses(() => data.defaultCollate([]), ArgumentError, /at least one sample/);
    refuses(() => data.defaultCollate([[1, 2], [1]]), ShapeError, /a sample has 2 entries, in sample 1 it has 1/);
    refuses(() => data.defaultCollate([{ x: [1, null] }]), ArgumentError, /entry 1 of "x" of a sample .* got null/);
    refuses(() => data.defaultCollate<unknown>([1, "a"]), ArgumentError, /got number and, in sample 1, string/);
    refuses(() => data.defaultCollate([new Date()]), ArgumentError, /got Date.*collateFn/);
  });
});

describe("transforms", () => {
  const gray = tensor([0, 51, 128, 255, 1, 254], { dtype: "uint8" });
  const { Compose, Lambda, Normalize, ToTensor } = transforms;

  test("ToTensor scales bytes, turns channels, leaves floats", () => {
    const image = new ToTensor().forward(gray.reshape([2, 3]));
    expect([image.shape, image.dtype]).toEqual([[1, 2, 3], "float32"]);
    expect(Array.from(image.toTypedArray())).toEqual([0, 51, 128, 255, 1, 254].map((v) => Math.fround(v / 255)));
    expect(new ToTensor().forward(gray.reshape([1, 2, 3])).shape).toEqual([3, 1, 2]);
    expect(new ToTensor().forward(tensor([[[300.5, 2]]])).tolist()).toEqual([[[300.5]], [[2]]]);
  });

  test("a stack of images gives what each image gives", () => {
    const both = new Compose([
      new ToTensor(),
      new Normalize([0.1307], [0.3081]),
      new Lambda((x) => x.flatten(), { batched: (x) => x.flatten(1) }),
    ]);
    const colors = new Compose([new ToTensor(), new Normalize([0.4, 0.5, 0.6], [0.2, 0.3, 0.4])]);
    for (const [transform, shape] of [
      [both, [5, 4, 3]],
      [both, [2, 7, 5, 1]],
      [colors, [3, 2, 5, 3]],
    ] as const) {
      const images = rand(shape).mul(256).to("uint8");
      const each = Array.from({ length: shape[0] }, (_, i) => transform.forward(images.select(0, i)).tolist());
      expect(transform.batched!(images).tolist()).toEqual(each);
    }
    expect(new Compose([new ToTensor(), (x: Tensor) => x]).batched).toBeUndefined();
    // float32 arithmetic, as in torchvision: (128 / 255 - 0.1307) / 0.3081
    const f = Math.fround;
    expect(new Compose([new ToTensor(), new Normalize([0.1307], [0.3081])]).forward(tensor([[128]], { dtype: "uint8" })).item()).toBe(
      f(f(f(128 / 255) - f(0.1307)) / f(0.3081)),
    );
  });

  test("free what they make on the way, but nothing of a user's", () => {
    const image = gray.reshape([2, 3]);
    const ours = new Compose([new ToTensor(), new Normalize([0.5], [0.5])]);
    ours.forward(image).dispose(); // brings the image in, should it have been moved out
    const before = memoryStats().tensors;
    const out = ours.forward(image);
    expect(memoryStats().tensors).toBe(before + 1);
    out.dispose();
    let cache: Tensor | null = null;
    const theirs = new Compose([new ToTensor(), (x: Tensor) => x.mul((cache ??= zeros([2, 3])))]);
    expect(theirs.forward(image).sum().item()).toBe(theirs.forward(image).sum().item());
  });

  test("refuse what they cannot take", () => {
    const [x, scalar] = [zeros([2, 3, 4]), tensor(1)];
    refuses(() => new ToTensor().forward(gray), ShapeError, /ToTensor\(\): expected an image \[H, W\] or \[H, W, C\], got \[6\]/);
    refuses(() => new ToTensor().batched(gray), ShapeError, /expected images/);
    refuses(() => new Normalize([0], [1]).forward(gray), DTypeError, /expected a float image, got uint8; put ToTensor before/);
    refuses(() => new Normalize([0, 0, 0], [1]).forward(x), ShapeError, /an image \[2, 3, 4\] does not fit mean \[0, 0, 0\]/);
    refuses(() => new Normalize([0], [1]).forward(scalar), ShapeError, /an image \[\]/);
    refuses(() => new Normalize([0], [0]), ArgumentError, /std \[0\] has a 0/);
  });
});
