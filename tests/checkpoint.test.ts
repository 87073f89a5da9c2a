import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ArgumentError,
  DataLoader,
  F,
  FormatError,
  Generator,
  type Tensor,
  TensorDataset,
  defaultGenerator,
  io,
  manualSeed,
  memoryStats,
  nn,
  optim,
  rand,
  tensor,
  zeros,
} from "lanegrad";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "lanegrad-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

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

describe("checkpoints", () => {
  test("come back bit for bit: state dicts, numbers, generator states", async () => {
    manualSeed(3);
    const state = {
      model: { "0.weight": tensor([[0.1, 0.2]]), "0.bias": tensor([NaN]) },
      optimizer: {
        state: { 0: { step: 7, exp_avg: tensor([1e-30], { dtype: "float64" }) } },
        param_groups: [{ lr: 0.1, betas: [0.9, 0.999], params: [0, 1] }],
      },
      rng: defaultGenerator(),
      numbers: [0.1 + 0.2, 5e-324, -0, NaN, Infinity, -Infinity, 2 ** 53],
      arrays: { f: new Float32Array([1.5]), d: new Float64Array([0.1]), i: new Int32Array([-5]), empty: new Uint8Array(0) },
      text: 'a "ü"', // prettier-ignore
      flag: true,
      nothing: null,
      left: undefined,
      $tensor: "mine",
      $$: { $array: 1 },
      "model.0.weight": tensor([9]),
    };
    const rng = defaultGenerator().getState();
    const before = memoryStats().inUse;
    await io.saveCheckpoint(at("checkpoint"), state);
    expect(memoryStats().inUse).toBe(before);
    const loaded = await io.loadCheckpoint<Omit<typeof state, "rng"> & { rng: Uint8Array }>(at("checkpoint"));
    expect(loaded.model["0.weight"].toTypedArray()).toEqual(new Float32Array([0.1, 0.2]));
    expect(loaded.model["0.bias"].item()).toBeNaN();
    expect(loaded["model.0.weight"].item()).toBe(9);
    expect(loaded.optimizer.state[0].exp_avg.item()).toBe(1e-30);
    expect({ ...loaded.optimizer.state[0], exp_avg: 0 }).toEqual({ step: 7, exp_avg: 0 });
    expect(loaded.optimizer.param_groups).toEqual(state.optimizer.param_groups);
    expect(loaded.rng).toEqual(rng);
    expect(loaded.numbers).toEqual(state.numbers);
    expect(loaded.arrays).toEqual(state.arrays);
    expect(loaded).toMatchObject({ text: state.text, flag: true, nothing: null, $tensor: "mine", $$: { $array: 1 } });
    expect("left" in loaded).toBe(false);
    expect(Object.keys(io.inspectSafetensors(readFileSync(at("checkpoint"))).tensors)).toContain("model.0.bias");
  });

  test("take modules and optimisers by their stateDict(), and keep one tensor one", async () => {
    const x = tensor([1, 2]);
    const bytes = io.serializeCheckpoint({ model: { stateDict: () => ({ w: x }) }, again: [x] });
    const { model, again } = await io.loadCheckpoint<{ model: { w: Tensor }; again: Tensor[] }>(bytes);
    expect(model.w.tolist()).toEqual([1, 2]);
    expect(again[0]).toBe(model.w);
  });

  test("a training that is resumed goes on bit for bit: Adam, dropout, the order of the batches", async () => {
    manualSeed(11);
    const dataset = new TensorDataset(rand([48, 4]), rand([48, 1]));
    const start = (): { model: nn.Sequential; optimizer: optim.Adam } => {
      const model = new nn.Sequential(
        new nn.Linear(4, 16),
        new nn.BatchNorm1d(16),
        new nn.ReLU(),
        new nn.Dropout(0.5),
        new nn.Linear(16, 1),
      );
      return { model, optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }) };
    };
    const epoch = ({ model, optimizer }: ReturnType<typeof start>): number[] =>
      Array.from(new DataLoader(dataset, { batchSize: 16, shuffle: true }), ([x, y]) => {
        optimizer.zeroGrad();
        const loss = F.mseLoss(model.forward(x), y);
        loss.backward();
        optimizer.step();
        return loss.item();
      });
    const first = start();
    epoch(first);
    await io.saveCheckpoint(at("resume"), { ...first, rng: defaultGenerator() });
    const expected = epoch(first);
    manualSeed(99);
    const second = start();
    const saved = await io.loadCheckpoint<{ model: io.TensorDict; optimizer: optim.OptimizerStateDict; rng: Uint8Array }>(at("resume"));
    second.model.loadStateDict(saved.model);
    second.optimizer.loadStateDict(saved.optimizer);
    defaultGenerator().setState(saved.rng);
    expect(epoch(second)).toEqual(expected);
  });

  test("a generator goes on where it was", async () => {
    const generator = new Generator(9);
    generator.random64();
    const { rng } = await io.loadCheckpoint<{ rng: Uint8Array }>(io.serializeCheckpoint({ rng: generator }));
    const expected = generator.random64();
    expect(generator.setState(rng).random64()).toBe(expected);
  });

  test("refuse what cannot be saved, and leak nothing", () => {
    const loop: Record<string, unknown> = { array: new Float32Array(1000) };
    loop["self"] = { inner: [loop] };
    refuses(() => io.serializeCheckpoint(loop), ArgumentError, /self\.inner\.0 holds itself/);
    refuses(() => io.serializeCheckpoint({ f: { g: () => 1 } }), ArgumentError, /f\.g is a function/);
    refuses(() => io.serializeCheckpoint({ a: new Float32Array(9), m: new Map() }), ArgumentError, /m is a Map/);
    refuses(() => io.serializeCheckpoint([1n]), ArgumentError, /0 is a bigint/);
    refuses(() => io.serializeCheckpoint({ x: new Int16Array(2) }), ArgumentError, /x is a Int16Array/);
  });

  test("a file that is no checkpoint", async () => {
    const plain = io.serialize({ x: zeros([1000]) });
    await refusesLater(() => io.loadCheckpoint(plain), FormatError, /not one that saveCheckpoint\(\) made; use loadSafetensors/);
    const broken = (text: string): Uint8Array => io.serialize({ x: zeros([10]) }, { metadata: { "lanegrad.checkpoint": text } });
    for (const [text, message] of [
      ["{", /is not JSON/],
      ['{"$tensor":"y"}', /names \{ \$tensor: "y" \}/],
      ['{"$what":"x"}', /\$what/],
      ['{"$tensor":"toString"}', /toString/],
    ] as const) {
      const bytes = broken(text);
      await refusesLater(() => io.loadCheckpoint(bytes), FormatError, message);
    }
  });
});
