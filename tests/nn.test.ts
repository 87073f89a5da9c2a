import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Tensor, manualSeed, nn, rand, tensor } from "lanegrad";
import { type Golden, close, exact, ramp } from "./fixtures/values.js";

interface LayerGolden {
  printed: string;
  initial: Record<string, Golden>;
  input: number[];
  output: Golden;
  grad: Golden;
  grads: Record<string, Golden>;
  again: Golden;
  after: Record<string, Golden>;
  evaluated: Golden;
}

interface Limited {
  printed: string;
  output: Golden;
  weight: Golden;
  grad: Golden;
}

interface Goldens {
  layers: Record<string, LayerGolden>;
  embedding: {
    small: Golden;
    padded: Golden;
    output: Golden;
    grad: Golden;
    printed: [string, string];
    limited: Limited;
    pretrained: Omit<Limited, "grad">;
  };
  losses: Record<"mean" | "sum" | "none", Record<string, Golden>>;
  inits: Record<string, Golden> & { gains: number[] };
  clip: Record<string, { total: Golden; grads: Golden[] }>;
}

/** Made by tests/golden/nn.py. */
const golden = JSON.parse(readFileSync(new URL("golden/nn.json", import.meta.url), "utf8")) as Goldens;

type Layer = nn.Module & { forward(x: Tensor): Tensor };

const layers: Record<string, () => Layer> = {
  linear: () => new nn.Linear(5, 3),
  linearNoBias: () => new nn.Linear(20, 7, { bias: false }),
  conv1d: () => new nn.Conv1d(2, 3, 3, { padding: 1 }),
  conv2d: () => new nn.Conv2d(2, 4, 3),
  conv2dOptions: () => new nn.Conv2d(4, 6, [3, 2], { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2, bias: false }),
  conv2dSame: () => new nn.Conv2d(1, 2, 3, { padding: "same" }),
  convTranspose2d: () => new nn.ConvTranspose2d(3, 2, 3, { stride: 2, padding: 1, outputPadding: 1 }),
  maxPool2d: () => new nn.MaxPool2d(2),
  maxPool2dOptions: () => new nn.MaxPool2d([3, 2], { stride: 2, padding: 1, ceilMode: true }),
  avgPool2d: () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }),
  adaptiveAvgPool2d: () => new nn.AdaptiveAvgPool2d([2, 1]),
  batchNorm1d: () => new nn.BatchNorm1d(3),
  batchNorm1dCumulative: () => new nn.BatchNorm1d(3, { momentum: null }),
  batchNorm1dPlain: () => new nn.BatchNorm1d(3, { affine: false, trackRunningStats: false }),
  batchNorm2d: () => new nn.BatchNorm2d(3, { eps: 1e-3, momentum: 0.3 }),
  layerNorm: () => new nn.LayerNorm([3, 5]),
  layerNormPlain: () => new nn.LayerNorm(5, { elementwiseAffine: false }),
  groupNorm: () => new nn.GroupNorm(2, 4),
  dropout: () => new nn.Dropout(0.3),
  dropout2d: () => new nn.Dropout2d(),
  flatten: () => new nn.Flatten(),
  unflatten: () => new nn.Unflatten(1, [2, 3]),
  identity: () => new nn.Identity(),
  relu: () => new nn.ReLU(),
  leakyRelu: () => new nn.LeakyReLU(0.2),
  elu: () => new nn.ELU({ alpha: 0.7 }),
  tanh: () => new nn.Tanh(),
  sigmoid: () => new nn.Sigmoid(),
  silu: () => new nn.SiLU(),
  gelu: () => new nn.GELU(),
  geluTanh: () => new nn.GELU({ approximate: "tanh" }),
  softplus: () => new nn.Softplus({ beta: 2 }),
  softmax: () => new nn.Softmax(1),
  logSoftmax: () => new nn.LogSoftmax(-1),
};

test("every layer of the goldens is made here", () => {
  expect(Object.keys(layers)).toEqual(Object.keys(golden.layers));
});

describe.each(Object.entries(golden.layers))("layer %s", (name, want) => {
  test("PyTorch's initial values, outputs, gradients and state", () => {
    manualSeed(3);
    const module = layers[name]!();
    const initial = module.stateDict();
    expect(Object.keys(initial)).toEqual(Object.keys(want.initial));
    for (const [key, value] of Object.entries(want.initial)) exact(initial[key]!, value, key);
    const x = ramp(want.input).requiresGrad_();
    const y = module.forward(x);
    close(y, want.output, "output");
    y.mul(ramp(y.shape)).sum().backward();
    close(x.grad!, want.grad, "gradient of the input");
    for (const [key, p] of module.namedParameters()) close(p.grad!, want.grads[key]!, `gradient of ${key}`);
    // A second batch: the rows in reverse.
    const rows = ramp(want.input).tolist() as number[][];
    close(module.forward(tensor(rows.reverse())), want.again, "second output");
    for (const [key, value] of Object.entries(want.after)) close(module.stateDict()[key]!, value, `${key} afterwards`);
    close(module.eval().forward(ramp(want.input)), want.evaluated, "output in evaluation");
  });

  test("prints as in PyTorch", () => {
    expect(String(layers[name]!())).toBe(want.printed);
  });
});

test("Embedding: normal draws, the padding row, its gradient", () => {
  const want = golden.embedding;
  manualSeed(3);
  const [small, padded] = [new nn.Embedding(3, 4), new nn.Embedding(10, 4, { paddingIdx: -2 })];
  close(small.weight, want.small);
  close(padded.weight, want.padded);
  const y = padded.forward(
    tensor(
      [
        [1, 8],
        [9, 1],
      ],
      { dtype: "int32" },
    ),
  );
  close(y, want.output);
  y.mul(ramp([2, 2, 4]))
    .sum()
    .backward();
  close(padded.weight.grad!, want.grad);
  expect([small, padded].map(String)).toEqual(want.printed);
  expect(() => new nn.Embedding(3, 4, { paddingIdx: 3 })).toThrow(/Embedding\(\): paddingIdx 3 is outside a table of 3 rows/);
});

test("Embedding: a largest norm, gradients by frequency, given tables", () => {
  const { limited: want, pretrained: given } = golden.embedding;
  manualSeed(3);
  [new nn.Embedding(3, 4), new nn.Embedding(10, 4)].map(String);
  const limited = new nn.Embedding(6, 4, { maxNorm: 1.5, normType: 1, scaleGradByFreq: true });
  const y = limited.forward(
    tensor(
      [
        [1, 4],
        [1, 1],
      ],
      { dtype: "int32" },
    ),
  );
  y.mul(ramp([2, 2, 4]))
    .sum()
    .backward();
  close(y, want.output, "output");
  close(limited.weight, want.weight, "weight");
  close(limited.weight.grad!, want.grad, "gradient");
  const table = ramp([3, 2]);
  const pretrained = nn.Embedding.fromPretrained(table, { maxNorm: 2 });
  close(pretrained.forward(tensor([0, 2], { dtype: "int32" })), given.output);
  close(table, given.weight);
  expect([limited, pretrained].map(String)).toEqual([want.printed, given.printed]);
  expect([pretrained, nn.Embedding.fromPretrained(table, { freeze: false })].map((x) => x.weight.requiresGrad)).toEqual([false, true]);
  expect(() => nn.Embedding.fromPretrained(tensor([1]))).toThrow(
    /fromPretrained\(\): expected a table \[numEmbeddings, embeddingDim\], got \[1\]/,
  );
});

test.each(["mean", "sum", "none"] as const)("losses, reduction %s", (reduction) => {
  const want = golden.losses[reduction];
  const flip = (x: Tensor, dim: number): Tensor => x.indexSelect(dim, tensor([...Array(x.size(dim)).keys()].reverse(), { dtype: "int32" }));
  const [x, y] = [ramp([4, 5]), flip(ramp([4, 5]), 0)];
  const [p, q] = [x.sigmoid(), flip(x, 1).sigmoid()];
  const weight = tensor([0.5, 2, 1, 0.25, 1.5]);
  const labels = tensor([1, 4, -100, 0], { dtype: "int32" });
  const got: Record<string, Tensor> = {
    mse: new nn.MSELoss({ reduction }).forward(x, y),
    l1: new nn.L1Loss({ reduction }).forward(x, y),
    smoothL1: new nn.SmoothL1Loss({ reduction, beta: 0.7 }).forward(x, y),
    huber: new nn.HuberLoss({ reduction, delta: 0.7 }).forward(x, y),
    crossEntropy: new nn.CrossEntropyLoss({ weight, reduction, labelSmoothing: 0.1 }).forward(x, labels),
    crossEntropyProbabilities: new nn.CrossEntropyLoss({ reduction }).forward(x, y.softmax(1)),
    nll: new nn.NLLLoss({ weight, ignoreIndex: 1, reduction }).forward(x.logSoftmax(1), tensor([1, 4, 2, 0], { dtype: "int32" })),
    bce: new nn.BCELoss({ weight, reduction }).forward(p, q),
    bceWithLogits: new nn.BCEWithLogitsLoss({ weight, reduction, posWeight: weight.add(1) }).forward(x, q),
  };
  expect(Object.keys(got)).toEqual(Object.keys(want));
  for (const [name, value] of Object.entries(got)) close(value, want[name]!, name);
});

test("class weights are buffers, under PyTorch's keys", () => {
  const loss = new nn.BCEWithLogitsLoss({ posWeight: tensor([1, 2]) });
  expect(Object.keys(loss.stateDict())).toEqual(["pos_weight"]);
  expect(loss.to("float64").pos_weight!.dtype).toBe("float64");
});

test("initialisers draw PyTorch's numbers", () => {
  const fills: Record<string, (w: Tensor) => Tensor> = {
    uniform: (w) => nn.init.uniform_(w, { a: -2, b: 3 }),
    normal: (w) => nn.init.normal_(w, { mean: 1, std: 0.5 }),
    constant: (w) => nn.init.constant_(w, 0.3),
    xavierUniform: (w) => nn.init.xavierUniform_(w, { gain: nn.init.calculateGain("tanh") }),
    xavierNormal: (w) => nn.init.xavierNormal_(w),
    kaimingUniform: (w) => nn.init.kaimingUniform_(w, { nonlinearity: "relu" }),
    kaimingNormal: (w) => nn.init.kaimingNormal_(w, { a: 0.1, mode: "fan_out" }),
  };
  for (const [name, fill] of Object.entries(fills)) {
    const w = new nn.Parameter(rand([4, 3, 2, 2]));
    manualSeed(11);
    expect(fill(w), "returns its argument").toBe(w);
    if (/uniform/i.test(name)) exact(w, golden.inits[name]!, name);
    else close(w, golden.inits[name]!, name);
    expect(w.isLeaf).toBe(true);
  }
  const gains = (["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"] as const).map((name) => nn.init.calculateGain(name));
  expect(gains).toEqual(golden.inits.gains);
  expect(() => nn.init.kaimingUniform_(rand([3]))).toThrow(/kaimingUniform_\(\): fans need at least two dims \[out, in, …\], got \[3\]/);
});

describe("nn.utils", () => {
  const withGrads = (): nn.Parameter[] =>
    [[3, 2], [4]].map((shape) => {
      const p = new nn.Parameter(rand(shape));
      p.grad = ramp(shape);
      return p;
    });

  test.each([
    ["2.0", 2],
    ["1.0", 1],
    ["inf", Infinity],
  ])("clipGradNorm_, norm %s", (key, normType) => {
    const want = golden.clip[key]!;
    const parameters = withGrads();
    close(nn.utils.clipGradNorm_(parameters, 1.5, { normType }), want.total);
    parameters.forEach((p, i) => close(p.grad!, want.grads[i]!));
  });

  test("clipGradNorm_ of small, missing and not finite gradients", () => {
    const parameters = withGrads();
    const before = parameters[0]!.grad!.tolist();
    parameters[1]!.grad = null;
    nn.utils.clipGradNorm_(parameters, 100);
    expect(parameters[0]!.grad!.tolist()).toEqual(before);
    parameters[0]!.grad = tensor([
      [NaN, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(() => nn.utils.clipGradNorm_(parameters, 1, { errorIfNonfinite: true })).toThrow(/the norm of the gradients is NaN/);
    expect(nn.utils.clipGradNorm_([], 1).item()).toBe(0);
    expect(() => nn.utils.clipGradNorm_(parameters, -1)).toThrow(/maxNorm must be a number from 0 on, got -1/);
  });

  test("clipGradValue_", () => {
    const [p] = withGrads();
    nn.utils.clipGradValue_(p!, 0.5);
    expect((p!.grad!.tolist() as number[][]).flat().every((g) => Math.abs(g) <= 0.5)).toBe(true);
  });

  test("parameters as a vector, and back", () => {
    const net = new nn.Linear(3, 2);
    const vector = nn.utils.parametersToVector(net.parameters());
    vector.mul(vector).sum().backward();
    close(net.weight.grad!, { shape: [2, 3], data: (net.weight.mul(2).tolist() as number[][]).flat() });
    nn.utils.vectorToParameters(tensor([1, 2, 3, 4, 5, 6, 7, 8]), net.parameters());
    expect([net.weight.tolist(), net.bias!.tolist()]).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [7, 8],
    ]);
    expect(() => nn.utils.vectorToParameters(tensor([1]), net.parameters())).toThrow(
      /the parameters have 8 elements, the vector has shape \[1\]/,
    );
  });
});

test("layers refuse what makes no sense, before anything is drawn", () => {
  manualSeed(5);
  const refusals: [() => unknown, RegExp][] = [
    [() => new nn.Linear(-1, 2), /Linear\(\): inFeatures must be a whole number from 0 on, got -1/],
    [() => new nn.Linear(2, 2.5), /Linear\(\): outFeatures must be a whole number from 0 on, got 2.5/],
    [() => new nn.Conv2d(3, 4, 0), /Conv2d\(\): kernelSize must be a whole number from 1 on, or 2 of them, got 0/],
    [() => new nn.Conv2d(3, 4, 3, { groups: 2 }), /Conv2d\(\): groups must be a whole number that divides the channels 3 and 4, got 2/],
    [() => new nn.Conv2d(3, 4, 3, { padding: "same", stride: 2 }), /Conv2d\(\): padding "same" needs stride 1, got \(2, 2\)/],
    [() => new nn.Conv2d(3, 4, 3, { paddingMode: "reflect" as "zeros" }), /Conv2d\(\): paddingMode must be "zeros", got "reflect"/],
    [() => new nn.BatchNorm2d(0), /BatchNorm2d\(\): numFeatures must be a whole number from 1 on, got 0/],
    [() => new nn.BatchNorm2d(3).forward(rand([2, 3])), /BatchNorm2d\(\): expected an input of 4 dims, got \[2, 3\]/],
    [() => new nn.Dropout(1.5), /Dropout\(\): p must be in 0\.\.1, got 1.5/],
    [() => new nn.GroupNorm(2, 3), /GroupNorm\(\): 2 groups do not divide 3 channels/],
    [
      () => new nn.Unflatten(1, [4, -1]).forward(rand([2, 6])),
      /Unflatten\(\): dim 1 of \[2, 6\] has size 6, which cannot become \[4, -1\]/,
    ],
  ];
  for (const [call, message] of refusals) expect(call).toThrow(message);
});
