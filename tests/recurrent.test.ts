import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { F, Tensor, grad, gradcheck, manualSeed, memoryStats, nn, noGrad, optim, rand, randn, tensor, zeros } from "lanegrad";
import { type Golden, close, exact, ramp } from "./fixtures/values.js";

interface LayerGolden {
  printed: string;
  shapes: Record<string, number[]>;
  start: Record<string, Golden> | null;
  output: Golden;
  last: Golden[];
  gradInput: Golden;
  gradStates: Golden[];
  grads: Record<string, Golden>;
}

interface CellGolden {
  printed: string;
  states: Golden[];
  gradInput: Golden;
  grads: Record<string, Golden>;
}

interface Goldens {
  layers: Record<string, LayerGolden>;
  cells: Record<string, CellGolden>;
  packing: {
    data: Golden;
    batchSizes: number[];
    sortedIndices: number[];
    unsortedIndices: number[];
    whole: Golden;
    lengths: number[];
    padded: Golden;
    paddedLeft: Golden;
    sequence: Golden;
    unpacked: Golden[];
  };
  curves: Record<string, number[]>;
}

/** Made by tests/golden/recurrent.py. */
const golden = JSON.parse(readFileSync(new URL("golden/recurrent.json", import.meta.url), "utf8")) as Goldens;

const { rnn } = nn.utils;

type Input = Tensor | nn.utils.rnn.PackedSequence;
type Layer = nn.RNN | nn.LSTM | nn.GRU;

/** Any of the three layers under one signature: states as a list. */
function run(layer: Layer, x: Input, states: readonly Tensor[] | null): { output: Input; last: Tensor[] } {
  if (layer instanceof nn.LSTM) {
    const [output, last] = layer.forward(x as Tensor, states as [Tensor, Tensor] | null);
    return { output, last };
  }
  const [output, last] = layer.forward(x as Tensor, states?.[0]);
  return { output, last: [last] };
}

interface LayerCase {
  make: () => Layer;
  shape: number[];
  initial: boolean;
  lengths?: number[];
}

const both = { numLayers: 2, bidirectional: true };

const layers: Record<string, LayerCase> = {
  rnn: { make: () => new nn.RNN(3, 5), shape: [4, 2, 3], initial: true },
  rnnRelu: { make: () => new nn.RNN(3, 5, { nonlinearity: "relu", bias: false }), shape: [4, 2, 3], initial: false },
  rnnDeep: { make: () => new nn.RNN(3, 4, { ...both, batchFirst: true }), shape: [3, 5, 3], initial: true },
  rnnOne: { make: () => new nn.RNN(1, 1), shape: [1, 1, 1], initial: true },
  lstm: { make: () => new nn.LSTM(4, 6), shape: [5, 3, 4], initial: true },
  lstmNoBias: { make: () => new nn.LSTM(4, 7, { bias: false, batchFirst: true }), shape: [3, 5, 4], initial: false },
  lstmDeep: { make: () => new nn.LSTM(3, 6, both), shape: [6, 5, 3], initial: true },
  lstmUnbatched: { make: () => new nn.LSTM(3, 5, { ...both, batchFirst: true }), shape: [6, 3], initial: true },
  lstmStep: { make: () => new nn.LSTM(3, 5), shape: [1, 1, 3], initial: false },
  lstmProjected: { make: () => new nn.LSTM(3, 5, { ...both, projSize: 2 }), shape: [4, 3, 3], initial: true },
  lstmPacked: { make: () => new nn.LSTM(3, 5, both), shape: [5, 4, 3], initial: true, lengths: [5, 3, 3, 1] },
  lstmPackedAnyOrder: {
    make: () => new nn.LSTM(3, 5, { bidirectional: true, batchFirst: true }),
    shape: [4, 6, 3],
    initial: true,
    lengths: [2, 6, 1, 4],
  },
  lstmPackedProjected: {
    make: () => new nn.LSTM(3, 5, { projSize: 3, bidirectional: true }),
    shape: [5, 4, 3],
    initial: true,
    lengths: [5, 3, 3, 1],
  },
  lstmDropout: {
    make: () => new nn.LSTM(3, 8, { numLayers: 3, dropout: 0.4, bidirectional: true, batchFirst: true }),
    shape: [3, 6, 3],
    initial: false,
  },
  lstmPackedDropout: {
    make: () => new nn.LSTM(3, 8, { numLayers: 2, dropout: 0.5 }),
    shape: [6, 3, 3],
    initial: false,
    lengths: [6, 5, 2],
  },
  gru: { make: () => new nn.GRU(4, 6), shape: [5, 3, 4], initial: true },
  gruNoBias: { make: () => new nn.GRU(4, 7, { bias: false, batchFirst: true }), shape: [3, 5, 4], initial: false },
  gruDeep: { make: () => new nn.GRU(3, 6, both), shape: [6, 5, 3], initial: true },
  gruUnbatched: { make: () => new nn.GRU(3, 5), shape: [6, 3], initial: true },
  gruPacked: { make: () => new nn.GRU(3, 5, both), shape: [5, 4, 3], initial: true, lengths: [5, 3, 3, 1] },
  gruPackedAnyOrder: { make: () => new nn.GRU(3, 5, { numLayers: 2 }), shape: [6, 4, 3], initial: false, lengths: [2, 6, 1, 4] },
  gruDropout: { make: () => new nn.GRU(3, 8, { numLayers: 2, dropout: 0.4 }), shape: [6, 3, 3], initial: false },
};

/** What backward() starts from: everything times a ramp of its own. */
function weighted(output: Tensor, last: readonly Tensor[]): Tensor {
  return last.reduce(
    (sum, state, i) =>
      sum.add(
        state
          .mul(ramp(state.shape))
          .sum()
          .mul(i + 2),
      ),
    output.mul(ramp(output.shape)).sum(),
  );
}

describe("layers against PyTorch", () => {
  test.each(Object.entries(golden.layers))("%s", (key, want) => {
    const { make, shape, initial, lengths } = layers[key]!;
    manualSeed(3);
    const layer = make();
    expect(layer.toString()).toBe(want.printed);
    const dict = layer.stateDict();
    expect(Object.fromEntries(Object.entries(dict).map(([name, v]) => [name, v.shape]))).toEqual(want.shapes);
    expect(Object.keys(dict)).toEqual(Object.keys(want.shapes));
    for (const [name, v] of Object.entries(want.start ?? {})) exact(dict[name]!, v, name);

    const x = ramp(shape).requiresGrad_();
    const { batchFirst } = layer;
    const states = initial
      ? want.last.map(({ shape: of }, i) => {
          const state = ramp(of)
            .div(i + 2)
            .detach();
          return state.requiresGrad_();
        })
      : null;
    const enforceSorted = !lengths?.some((length, i) => i > 0 && length > lengths[i - 1]!);
    const given = lengths ? rnn.packPaddedSequence(x, lengths, { batchFirst, enforceSorted }) : x;
    const result = run(layer, given, states);
    const output = result.output instanceof Tensor ? result.output : rnn.padPackedSequence(result.output, { batchFirst })[0];
    close(output, want.output, "output");
    result.last.forEach((state, i) => close(state, want.last[i]!, `last state ${i}`));
    weighted(output, result.last).backward();
    close(x.grad!, want.gradInput, "gradient of x", 4e-6);
    states?.forEach((state, i) => close(state.grad!, want.gradStates[i]!, `gradient of state ${i}`, 4e-6));
    for (const [name, p] of layer.namedParameters()) close(p.grad!, want.grads[name]!, `gradient of ${name}`, 4e-6);
  });
});

const cells: Record<string, () => nn.RNNCell | nn.LSTMCell | nn.GRUCell> = {
  rnnCell: () => new nn.RNNCell(3, 5),
  rnnCellRelu: () => new nn.RNNCell(3, 5, { nonlinearity: "relu", bias: false }),
  lstmCell: () => new nn.LSTMCell(3, 5),
  lstmCellUnbatched: () => new nn.LSTMCell(3, 5, { bias: false }),
  gruCell: () => new nn.GRUCell(3, 5),
  gruCellUnbatched: () => new nn.GRUCell(3, 5),
};

test.each(Object.entries(golden.cells))("cells against PyTorch: %s", (key, want) => {
  manualSeed(3);
  const cell = cells[key]!();
  expect(cell.toString()).toBe(want.printed);
  const x = ramp([3, ...want.gradInput.shape.slice(1)]).requiresGrad_();
  let states: Tensor[] | null = null;
  for (const step of x.unbind()) {
    if (cell instanceof nn.LSTMCell) states = cell.forward(step, states as [Tensor, Tensor] | null);
    else states = [cell.forward(step, states?.[0])];
  }
  states!.forEach((state, i) => close(state, want.states[i]!, `state ${i}`));
  states!.reduce((sum, state) => sum.add(state.mul(ramp(state.shape)).sum()), tensor(0)).backward();
  close(x.grad!, want.gradInput, "gradient of x", 4e-6);
  for (const [name, p] of cell.namedParameters()) close(p.grad!, want.grads[name]!, `gradient of ${name}`, 4e-6);
});

describe("packed sequences", () => {
  test("packing and padding as PyTorch", () => {
    const want = golden.packing;
    const packed = rnn.packPaddedSequence(ramp([3, 4, 2]), [2, 4, 1], { batchFirst: true, enforceSorted: false });
    exact(packed.data, want.data);
    expect([packed.batchSizes.tolist(), packed.sortedIndices!.tolist(), packed.unsortedIndices!.tolist()]).toEqual([
      want.batchSizes,
      want.sortedIndices,
      want.unsortedIndices,
    ]);
    expect(rnn.invertPermutation(packed.sortedIndices)!.tolist()).toEqual(want.unsortedIndices);
    const [whole, lengths] = rnn.padPackedSequence(packed, { batchFirst: true, paddingValue: -1, totalLength: 5 });
    exact(whole, want.whole);
    expect(lengths.tolist()).toEqual(want.lengths);
    const sequences = [ramp([3, 2]), ramp([1, 2]), ramp([2, 2])];
    exact(rnn.padSequence(sequences, { paddingValue: 0.5 }), want.padded);
    exact(rnn.padSequence(sequences, { batchFirst: true, paddingSide: "left" }), want.paddedLeft);
    const together = rnn.packSequence(sequences, { enforceSorted: false });
    exact(together.data, want.sequence);
    rnn.unpackSequence(together).forEach((sequence, i) => exact(sequence, want.unpacked[i]!));
  });

  test("gradients of gradients go through packing", () => {
    const layer = new nn.GRU(2, 3, { bidirectional: true, dtype: "float64" });
    const fn = (x: Tensor): Tensor => {
      const [output, last] = layer.forward(rnn.packPaddedSequence(x, [1, 3], { enforceSorted: false }));
      return rnn.padPackedSequence(output)[0].sum().add(last.square().sum());
    };
    expect(gradcheck(fn, [rand([3, 2, 2], { dtype: "float64", requiresGrad: true })])).toBe(true);
  });

  test("what does not fit is refused", () => {
    const x = zeros([4, 3, 2]);
    const before = memoryStats().inUse;
    expect(() => rnn.packPaddedSequence(x, [4, 2])).toThrow(/packPaddedSequence\(\): 2 lengths for a batch of 3 sequences, \[4, 3, 2\]/);
    expect(() => rnn.packPaddedSequence(x, [5, 2, 1])).toThrow(/length 5 is more than the 4 steps of \[4, 3, 2\]/);
    expect(() => rnn.packPaddedSequence(x, [2, 3, 1])).toThrow(/lengths must not rise, but 3 comes after 2; .*enforceSorted: false/);
    expect(() => rnn.packPaddedSequence(x, [2, 1, 0])).toThrow(/every length must be a whole number from 1 on, got 0/);
    expect(() => rnn.padSequence([])).toThrow(/padSequence\(\): expected a list of at least one tensor/);
    expect(() => rnn.padSequence([x, zeros([2, 2])])).toThrow(/padSequence\(\): sequence 1 is \[2, 2\], sequence 0 \[4, 3, 2\]/);
    const packed = rnn.packPaddedSequence(x, [4, 2, 1]);
    expect(() => rnn.padPackedSequence(packed, { totalLength: 3 })).toThrow(
      /padPackedSequence\(\): totalLength must be at least 4, .* got 3/,
    );
    expect(() => new nn.GRU(3, 3).forward(packed)).toThrow(/GRU.forward\(\): expected packed rows \[n, 3\], got \[7, 2\]/);
    expect(() => new nn.GRU(2, 3).forward({ ...packed, data: zeros([6, 2]) })).toThrow(
      /GRU.forward\(\): batchSizes \[3, 2, 1, 1\] do not fit 6 packed rows/,
    );
    expect(memoryStats().inUse - before).toBeLessThan(16384); // weights and the tensors above, no output
  });
});

test("what does not fit is refused, before anything is allocated", () => {
  const lstm = new nn.LSTM(3, 4, { numLayers: 2 });
  const cell = new nn.LSTMCell(3, 4);
  const [x, h, wrong, wide] = [zeros([5, 2, 3]), zeros([2, 2, 4]), zeros([1, 2, 4]), zeros([5, 2, 3], { dtype: "float64" })];
  const [flat, scalar, none] = [zeros([5, 2, 4]), zeros([3]), zeros([0, 2, 3])];
  const before = memoryStats().inUse;
  const refused: [() => unknown, RegExp][] = [
    [() => new nn.LSTM(3, 0), /LSTM\(\): hiddenSize must be a whole number from 1 on, got 0/],
    [() => new nn.RNN(3, 2, { numLayers: 1.5 }), /RNN\(\): numLayers must be a whole number/],
    [() => new nn.GRU(3, 2, { dropout: 2 }), /GRU\(\): dropout must be in 0..1, got 2/],
    [() => new nn.LSTM(3, 2, { projSize: 2 }), /LSTM\(\): projSize must be less than hiddenSize, 2, got 2/],
    [() => new nn.RNN(3, 2, { nonlinearity: "gelu" as "relu" }), /RNN\(\): nonlinearity must be "tanh" or "relu", got "gelu"/],
    [() => lstm.forward(flat), /LSTM.forward\(\): expected \[steps, batch, 3\] or \[steps, 3\], got \[5, 2, 4\]/],
    [() => lstm.forward(scalar), /LSTM.forward\(\): expected .* got \[3\]/],
    [() => lstm.forward(none), /LSTM.forward\(\): a sequence must have at least one step/],
    [() => lstm.forward(wide), /LSTM.forward\(\): the input is float64, the weights are float32/],
    [() => lstm.forward(x, [h, wrong]), /the initial cell state is \[1, 2, 4\], expected \[2, 2, 4\]/],
    [() => lstm.forward(x, h as unknown as [Tensor, Tensor]), /expected the initial states as \[h0, c0\]/],
    [() => lstm.forward(x, [h] as unknown as [Tensor, Tensor]), /the initial cell state must be a tensor, got undefined/],
    [() => lstm.forward(3 as unknown as Tensor), /LSTM.forward\(\): expected a tensor or a PackedSequence, got number/],
    [() => cell.forward(x), /LSTMCell.forward\(\): expected \[batch, 3\] or \[3\], got \[5, 2, 3\]/],
    [() => cell.forward(scalar, [h, h]), /LSTMCell.forward\(\): the hidden state is \[2, 2, 4\], expected \[4\]/],
  ];
  for (const [fn, message] of refused) expect(fn).toThrow(message);
  expect(memoryStats().inUse).toBe(before);
});

test("state carried from chunk to chunk gives what the whole sequence gives", () => {
  for (const layer of [new nn.LSTM(3, 5, { numLayers: 2 }), new nn.GRU(3, 5, { numLayers: 2 }), new nn.RNN(3, 5)]) {
    const x = randn([6, 2, 3]);
    const whole = run(layer, x, null);
    const first = run(layer, x.narrow(0, 0, 2), null);
    const second = run(
      layer,
      x.narrow(0, 2, 4),
      first.last.map((state) => state.detach()),
    );
    expect((second.output as Tensor).tolist()).toEqual((whole.output as Tensor).narrow(0, 2, 4).tolist());
    expect(second.last.map((state) => state.tolist())).toEqual(whole.last.map((state) => state.tolist()));
  }
});

test.each(["RNN", "LSTM", "GRU"] as const)("%s reads the gradient of its output where it lies", (kind) => {
  const layer = new nn[kind](2, 3);
  const inputs = [randn([4, 5, 2], { requiresGrad: true }), ...layer.parameters()];
  const values = (gradient: Tensor): (ArrayLike<number> | undefined)[] =>
    grad(run(layer, inputs[0]!, null).output as Tensor, inputs, { gradOutputs: [gradient] }).map((x) => x?.toTypedArray());
  const oneStep = randn([5, 3]).expand([4, 5, 3]);
  for (const g of [oneStep, randn([5, 4, 3]).transpose(0, 1), randn([4, 3, 5]).transpose(1, 2), randn([4, 5, 6]).narrow(2, 1, 3)])
    expect(values(g)).toEqual(values(g.clone().contiguous()));
});

test("a gate that is shut lets no gradient through, and no NaN", () => {
  const layer = new nn.LSTM(1, 2);
  const [wIh, , bias] = [...layer.parameters()];
  noGrad(() => bias!.copy_(tensor([0, 0, 0, 0, 0, 0, -Infinity, 0])));
  const [out] = layer.forward(ramp([3, 1, 1]));
  expect([...out.select(2, 0).toTypedArray()]).toEqual([0, 0, 0]);
  out.sum().backward();
  for (const p of layer.parameters()) expect([...p.grad!.toTypedArray()].every(Number.isFinite)).toBe(true);
  expect(wIh!.grad!.at(6).item()).toBe(0);
});

test("a layer can be loaded, cloned by its state, frozen, and evaluated without dropout", () => {
  const layer = new nn.LSTM(3, 5, { numLayers: 2, dropout: 0.5 });
  const other = new nn.LSTM(3, 5, { numLayers: 2, dropout: 0.5 });
  other.loadStateDict(layer.stateDict());
  const x = randn([4, 2, 3]);
  const evaluate = (of: nn.LSTM): unknown => noGrad(() => of.eval().forward(x)[0].tolist());
  expect(evaluate(other)).toEqual(evaluate(layer));
  expect(evaluate(layer)).toEqual(evaluate(layer));
  expect(layer.allWeights.map((weights) => weights.length)).toEqual([4, 4]);
  expect(layer.weight_ih_l1!.shape).toEqual([20, 5]);
  expect(layer.requiresGrad_(false).forward(x)[0].requiresGrad).toBe(false);
});

type Make = (parameters: Iterable<Tensor>) => optim.Optimizer;

const trainings: Record<string, [make: () => nn.LSTM | nn.GRU, dtype: "float32" | "float64", optimizer: Make]> = {
  "LSTM, Adam": [() => new nn.LSTM(2, 12, { numLayers: 2, dropout: 0.2 }), "float32", (p) => new optim.Adam(p, { lr: 1e-2 })],
  "GRU, RMSprop": [() => new nn.GRU(2, 12, { numLayers: 2, dropout: 0.2 }), "float32", (p) => new optim.RMSprop(p, { lr: 1e-3 })],
  "LSTM in float64, SGD with momentum": [
    () => new nn.LSTM(2, 12, { numLayers: 2, dropout: 0.2 }),
    "float64",
    (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 }),
  ],
  "GRU in float64, Adam": [() => new nn.GRU(2, 12, { numLayers: 2, dropout: 0.2 }), "float64", (p) => new optim.Adam(p, { lr: 1e-2 })],
};

test.each(Object.entries(golden.curves))("training follows PyTorch step by step: %s", (key, losses) => {
  const [make, dtype, makeOptimizer] = trainings[key]!;
  manualSeed(5);
  const layer = make();
  const head = new nn.Linear(12, 1);
  layer.to(dtype);
  head.to(dtype);
  const optimizer = makeOptimizer([...layer.parameters(), ...head.parameters()]);
  losses.forEach((want, step) => {
    const x = rand([8, 16, 2]).mul(2).sub(1).to(dtype);
    const y = x.select(2, 0).sum(0).gt(0).to(dtype).unsqueeze(1);
    const output = run(layer, x, null).output as Tensor;
    const loss = F.mseLoss(head.forward(output.select(0, -1)), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    const bound = dtype === "float64" ? 1e-12 : 1e-6;
    expect(Math.abs(loss.item() - want), `step ${step}: ${loss.item()}, PyTorch has ${want}`).toBeLessThanOrEqual(bound);
  });
});
