import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DType, F, type Tensor, fromTypedArray, manualSeed, memoryStats, nn, noGrad, optim, rand, randint } from "lanegrad";
import { type Golden, close, exact } from "./fixtures/values.js";

interface Mask {
  kind: "causal" | "float" | "bool";
  shape: number[];
  hidden?: number[];
}

interface Case {
  module: string;
  args: unknown[];
  options: object;
  /** A number: the input of that position again. */
  shapes: (number[] | number)[];
  call: Record<string, Mask | boolean>;
  dtype: "float32" | "float64";
  evaluate: boolean;
  printed: string;
  state: Record<string, Golden>;
  outputs: Golden[];
  inputGrads?: Golden[];
  grads: Record<string, Golden>;
}

interface Curve {
  dropout: number;
  dtype: "float32" | "float64";
  normFirst: boolean;
  losses: number[];
}

/** Made by tests/golden/attention.py. NaN is null in it. */
const golden = JSON.parse(readFileSync(new URL("golden/attention.json", import.meta.url), "utf8")) as { cases: Case[]; curves: Curve[] };

const cases = golden.cases.map((one) => ({
  ...one,
  title: `${one.module}(${[...one.args, one.options].map((x) => JSON.stringify(x)).join(", ")}) ${JSON.stringify(one.shapes)} ${JSON.stringify(one.call)} ${one.dtype}`,
}));

type AnyModule = nn.Module & { forward(...inputs: unknown[]): unknown };

function moduleOf({ module, args, options }: Case): AnyModule {
  if (module === "TransformerEncoder" || module === "TransformerDecoder") {
    const [layer, count, norm] = args as [[number, number], number, number | null];
    const stack = { norm: norm === null ? null : new nn.LayerNorm(norm) };
    return (
      module === "TransformerEncoder"
        ? new nn.TransformerEncoder(new nn.TransformerEncoderLayer(...layer, options), count, stack)
        : new nn.TransformerDecoder(new nn.TransformerDecoderLayer(...layer, options), count, stack)
    ) as AnyModule;
  }
  return new (nn as unknown as Record<string, new (...all: unknown[]) => AnyModule>)[module]!(...args, options);
}

function maskOf({ kind, shape, hidden }: Mask, dtype: DType): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  if (kind === "causal") return nn.Transformer.generateSquareSubsequentMask(shape[0]!, { dtype });
  if (kind === "bool")
    return fromTypedArray(
      Uint8Array.from({ length: size }, (_, i) => Number(hidden!.includes(i))),
      shape,
    ).to("bool");
  return fromTypedArray(
    Float64Array.from({ length: size }, (_, i) => (((i * 5) % 13) - 6) / 4),
    shape,
    { dtype },
  );
}

function withNaN({ shape, data }: Golden): Golden {
  return { shape, data: data.map((x) => (x as number | null) ?? NaN) };
}

/** -1 … 1 + i over all elements. */
function ramp(x: Tensor, i: number): Tensor {
  const { numel } = x;
  return fromTypedArray(
    Float64Array.from({ length: numel }, (_, k) => (numel === 1 ? -1 : -1 + ((2 + i) * k) / (numel - 1))),
    x.shape,
    { dtype: x.dtype },
  );
}

describe.each(cases)("$title", (one) => {
  test("PyTorch's initial values, outputs and gradients", () => {
    const { dtype } = one;
    manualSeed(7);
    const module = moduleOf(one).to(dtype);
    expect(String(module)).toBe(one.printed);
    const state = module.stateDict();
    expect(Object.keys(state)).toEqual(Object.keys(one.state));
    for (const [key, want] of Object.entries(one.state)) {
      if (key.startsWith("bias_"))
        close(state[key]!, want, key); // normal draws agree to rounding
      else exact(state[key]!, want, key);
    }
    const inputs: Tensor[] = [];
    for (const shape of one.shapes)
      inputs.push(typeof shape === "number" ? inputs[shape]! : rand(shape).to(dtype).mul(4).sub(2).detach().requiresGrad_());
    const call = Object.fromEntries(Object.entries(one.call).map(([key, v]) => [key, typeof v === "object" ? maskOf(v, dtype) : v]));
    const result = module.train(!one.evaluate).forward(...inputs, call);
    const outputs = (Array.isArray(result) ? result : [result]).filter((y) => y !== null) as Tensor[];
    const [values, gradients] = dtype === "float32" ? [2e-6, 1e-5] : [1e-13, 1e-12];
    expect(outputs.length).toBe(one.outputs.length);
    outputs.forEach((y, i) => close(y, withNaN(one.outputs[i]!), `output ${i}`, values));
    if (!one.inputGrads) return;
    outputs
      .map((y, i) => y.mul(ramp(y, i)).sum())
      .reduce((a, b) => a.add(b))
      .backward();
    inputs
      .filter((_, i) => typeof one.shapes[i] !== "number")
      .forEach((x, i) => close(x.grad!, one.inputGrads![i]!, `gradient of input ${i}`, gradients));
    for (const [key, p] of module.namedParameters()) close(p.grad!, one.grads[key]!, `gradient of ${key}`, gradients);
  });
});

describe("attention layers", () => {
  const x = (...shape: number[]): Tensor => rand(shape);

  test.each<[string, () => unknown, RegExp]>([
    ["heads", () => new nn.MultiheadAttention(8, 3), /MultiheadAttention\(\): 3 heads do not divide embedDim 8/],
    ["dropout", () => new nn.MultiheadAttention(8, 2, { dropout: 1.5 }), /dropout must be in 0\.\.1, got 1\.5/],
    [
      "dims",
      () => new nn.MultiheadAttention(8, 2).forward(x(8), x(8), x(8)),
      /expected query, key and value of 3 dims.* got \[8\], \[8\], \[8\]/,
    ],
    ["features", () => new nn.MultiheadAttention(8, 2).forward(x(3, 8), x(3, 8), x(3, 6)), /must have 8, 8, 8 features, got .*\[3, 6\]/],
    ["batch", () => new nn.MultiheadAttention(8, 2).forward(x(3, 2, 8), x(3, 1, 8), x(3, 1, 8)), /need one batch size/],
    [
      "mask",
      () => new nn.MultiheadAttention(8, 2).forward(x(3, 8), x(4, 8), x(4, 8), { attnMask: x(4, 3) }),
      /attnMask is \[4, 3\], expected \[3, 4\] or \[2, 3, 4\]/,
    ],
    [
      "mask dtype",
      () => new nn.MultiheadAttention(8, 2).forward(x(3, 8), x(4, 8), x(4, 8), { keyPaddingMask: x(4).to("int32") }),
      /keyPaddingMask is int32, expected bool or that of the query, float32/,
    ],
    [
      "causal",
      () => new nn.MultiheadAttention(8, 2).forward(x(3, 8), x(3, 8), x(3, 8), { isCausal: true }),
      /isCausal says that attnMask is causal, so pass both/,
    ],
    [
      "activation",
      () => new nn.TransformerEncoderLayer(8, 2, { activation: "tanh" as "relu" }),
      /activation must be "relu", "gelu", a function or a module, got "tanh"/,
    ],
    ["layer", () => new nn.TransformerEncoder((() => 0) as never, 2), /TransformerEncoder\(\): the layer must be a Module, got function/],
    [
      "model",
      () => new nn.Transformer({ dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1 }).forward(x(3, 8), x(3, 6)),
      /source and target need 8 features/,
    ],
  ])("refuses %s, and leaves nothing behind", (_, call, message) => {
    expect(call).toThrow(message);
  });

  test("layers of a stack are copies: equal, but not one", () => {
    const layer = new nn.TransformerEncoderLayer(8, 2, { activation: new nn.GELU() });
    const stack = new nn.TransformerEncoder(layer, 2);
    const [first, second] = [...stack.layers] as nn.TransformerEncoderLayer[];
    const [a, b] = [first!.linear1.weight, second!.linear1.weight];
    expect(a.tolist()).toEqual(layer.linear1.weight.tolist());
    noGrad(() => a.fill_(0));
    expect(b.tolist()).toEqual(layer.linear1.weight.tolist());
    expect(first!.activation).not.toBe(layer.activation);
    expect(second).toBeInstanceOf(nn.TransformerEncoderLayer);
    expect(stack.parameters().length).toBe(24);
  });

  test("deepCopy() keeps what is tied tied, and buffers buffers", () => {
    const tied = new nn.ModuleDict<nn.Module>({
      a: new nn.Linear(2, 2),
      norm: new nn.BatchNorm1d(2),
      list: new nn.ModuleList([new nn.Linear(2, 2)]),
    });
    (tied.get("list") as nn.ModuleList)[0]!.registerParameter("tie", (tied.get("a") as nn.Linear).weight);
    const copy = tied.eval().deepCopy();
    expect(Object.keys(copy.stateDict())).toEqual(Object.keys(tied.stateDict()));
    expect(copy.parameters().length).toBe(tied.parameters().length);
    expect(copy.training).toBe(false);
    expect(copy.namedBuffers().map(([name]) => name)).toEqual(tied.namedBuffers().map(([name]) => name));
    expect((copy.get("a") as nn.Linear).weight).not.toBe((tied.get("a") as nn.Linear).weight);
  });

  test("a hook of a part sees its output, which lasts", () => {
    const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 4, dropout: 0 });
    let seen: Tensor | null = null;
    layer.linear1.registerForwardHook((_, __, y) => {
      seen = y;
    });
    noGrad(() => layer.forward(x(3, 2, 8)));
    expect(seen!.tolist()).toHaveLength(3);
  });

  test("the scores of a long sequence are never all in memory", () => {
    const [q, k, v] = [x(1, 2000, 4), x(1, 2000, 4), x(1, 2000, 4)];
    [q, k, v].forEach((part) => part.requiresGrad_());
    const before = memoryStats().peak;
    F.scaledDotProductAttention(q, k, v, { isCausal: true }).sum().backward();
    expect(memoryStats().peak - before).toBeLessThan(2000 * 2000);
  });

  test("dropout of everything, and the weight of what is left", () => {
    const [q, v] = [x(2, 3, 4), x(2, 3, 4).mul(0).add(1)];
    expect(F.scaledDotProductAttention(q, q, v, { dropoutP: 1 }).abs().sum().item()).toBe(0);
    manualSeed(1);
    const mean = F.scaledDotProductAttention(x(8, 64, 4), x(8, 64, 4), v.at(0, 0, 0).expand([8, 64, 4]), { dropoutP: 0.5 })
      .mean()
      .item();
    expect(Math.abs(mean - 1)).toBeLessThan(0.02);
  });
});

class Classifier extends nn.Module {
  readonly embed = new nn.Embedding(6, 16, { paddingIdx: 5 });
  readonly encoder: nn.TransformerEncoder;
  readonly head: nn.Linear;

  constructor(options: nn.TransformerLayerOptions) {
    super();
    nn.init.uniform_(this.embed.weight, { a: -1, b: 1 }); // normal draws agree only up to rounding
    this.encoder = new nn.TransformerEncoder(
      new nn.TransformerEncoderLayer(16, 4, { dimFeedforward: 32, batchFirst: true, ...options }),
      2,
    );
    this.head = new nn.Linear(16, 2);
  }

  forward(tokens: Tensor): Tensor {
    const x = this.encoder.forward(this.embed.forward(tokens), { srcKeyPaddingMask: tokens.eq(5) });
    return this.head.forward(x.mean(1));
  }
}

// From the seed alone: initial values, dropout masks in the order of PyTorch's memory, gradients, optimiser.
test.each(golden.curves)(
  "an encoder's training follows PyTorch's: dropout $dropout, $dtype, normFirst $normFirst",
  ({ dropout, dtype, normFirst, losses }) => {
    manualSeed(11);
    const model = new Classifier({ dropout, normFirst }).to(dtype);
    const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });
    const bound = dtype === "float32" ? 2e-6 : 1e-11;
    losses.forEach((want, step) => {
      const tokens = randint(6, [16, 9]);
      const labels = tokens.eq(1).sum(1).gt(tokens.eq(0).sum(1)).to("int32");
      const loss = F.crossEntropy(model.forward(tokens), labels);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      expect(Math.abs(loss.item() - want), `loss of step ${step}: ${loss.item()}, PyTorch ${want}`).toBeLessThan(bound);
    });
  },
);
