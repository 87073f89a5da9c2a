import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { F, type Tensor, memoryStats, nn, noGrad, rand, tensor } from "lanegrad";
import { ramp } from "./fixtures/values.js";

interface ModelGolden {
  printed: string;
  keys: string[];
  parameters: string[];
  buffers: string[];
  modules: string[];
}

/** Made by tests/golden/nn.py. */
const golden = JSON.parse(readFileSync(new URL("golden/nn.json", import.meta.url), "utf8")) as {
  models: Record<"net" | "tied" | "lists", ModelGolden>;
};

const convNet = (): nn.Sequential =>
  new nn.Sequential(new nn.Conv2d(1, 4, 3), new nn.BatchNorm2d(4), new nn.ReLU(), new nn.Flatten(), new nn.Linear(4, 2));

class Tied extends nn.Module {
  encoder = new nn.Linear(2, 3, { bias: false });
  decoder = Object.assign(new nn.Linear(2, 3, { bias: false }), { weight: this.encoder.weight });
  gain = new nn.Parameter(tensor([1, 1]));
  again = this.encoder;
  declare readonly scale: Tensor;
  // None of these is part of the state: plain tensors, modules in a plain array.
  offset = tensor([1]);
  leaf = rand([3], { requiresGrad: true });
  list = [new nn.Linear(2, 2)];

  constructor() {
    super();
    this.registerBuffer("scale", tensor([1]));
    this.registerBuffer("scratch", tensor([1]), { persistent: false });
  }

  forward(x: Tensor): Tensor {
    return this.decoder.forward(x).mul(this.scale);
  }
}

describe("modules", () => {
  test("keys and printing of a model", () => {
    const want = golden.models.net;
    const net = convNet();
    expect(net.toString()).toBe(want.printed);
    expect(Object.keys(net.stateDict())).toEqual(want.keys);
    expect(net.namedParameters().map(([name]) => name)).toEqual(want.parameters);
  });

  test("tied parameters count once, and are in the state dict under every name", () => {
    const want = golden.models.tied;
    const model = new Tied();
    expect(Object.keys(model.stateDict())).toEqual(want.keys);
    expect(model.namedParameters().map(([name]) => name)).toEqual(want.parameters);
    expect(model.namedBuffers().map(([name]) => name)).toEqual(want.buffers);
    expect(model.namedChildren().map(([name]) => name)).toEqual(["encoder", "decoder"]);
    expect(nn.countParameters(model)).toBe(8);
  });

  test("lists and dicts", () => {
    const want = golden.models.lists;
    const lists = new nn.ModuleDict<nn.Module>({
      a: new nn.ModuleList<nn.Module>([new nn.Linear(2, 2), new nn.Linear(2, 2), new nn.ReLU()]),
      b: new nn.Sequential(),
    });
    expect(String(lists)).toBe(want.printed);
    expect(Object.keys(lists.stateDict())).toEqual(want.keys);
    expect(lists.namedModules().map(([name]) => name)).toEqual(want.modules);
    const list = lists.get("a") as nn.ModuleList;
    expect([list.length, list[0], [...list][2], list.at(-1)]).toEqual([3, list.at(0), list[2], list[2]]);
    expect(() => list.at(3)).toThrow(/ModuleList.at\(\): index 3 is out of range for 3 modules/);
    expect(() => lists.get("c")).toThrow(/ModuleDict.get\(\): no module "c"; there are: a, b/);
    expect(() => list.forward()).toThrow(/ModuleList only holds modules/);
    expect(Object.keys(new nn.ParameterList([rand([2]), rand([3])]).stateDict())).toEqual(["0", "1"]);
  });

  test("Sequential: names, index, append, refusals", () => {
    const net = new nn.Sequential({ fc: new nn.Linear(2, 3), act: new nn.ReLU() });
    expect(Object.keys(net.stateDict())).toEqual(["fc.weight", "fc.bias"]);
    const numbered = new nn.Sequential(new nn.Linear(2, 3)).append(new nn.ReLU());
    expect([numbered.length, String(numbered[1])]).toEqual([2, "ReLU()"]);
    expect(() => new nn.Sequential({ forward: new nn.ReLU() })).toThrow(/addModule\(\): Sequential already has a field "forward"/);
    expect(() => new nn.Sequential({ "a.b": new nn.ReLU() })).toThrow(/"a.b" cannot be a key/);
    expect(() => new nn.Sequential(F.relu as unknown as nn.UnaryModule)).toThrow(/Sequential\(\): 0 must be a Module, got function/);
  });

  test("train, eval, apply, requiresGrad_, zeroGrad", () => {
    const net = convNet();
    expect(
      net
        .eval()
        .modules()
        .some((module) => module.training),
    ).toBe(false);
    expect(
      net
        .train()
        .modules()
        .every((module) => module.training),
    ).toBe(true);
    const seen: string[] = [];
    net.apply((module) => seen.push(module.constructor.name));
    expect(seen).toEqual(["Conv2d", "BatchNorm2d", "ReLU", "Flatten", "Linear", "Sequential"]);
    net
      .forward(ramp([2, 1, 3, 3]))
      .sum()
      .backward();
    expect(net.parameters().every((p) => p.grad)).toBe(true);
    const { grad } = net.parameters()[0]!;
    net.zeroGrad({ setToNone: false });
    expect(net.parameters()[0]!.grad).toBe(grad);
    expect(grad!.abs().sum().item()).toBe(0);
    net.zeroGrad();
    expect(net.parameters().every((p) => p.grad === null)).toBe(true);
    net.requiresGrad_(false);
    expect(net.forward(ramp([2, 1, 3, 3])).requiresGrad).toBe(false);
    expect([nn.countParameters(net), nn.countParameters(net, { trainable: true })]).toEqual([58, 0]);
  });

  test("to() converts in place, gradients and buffers too", () => {
    const net = convNet();
    const [first] = net.parameters();
    net
      .forward(ramp([2, 1, 3, 3]))
      .sum()
      .backward();
    const before = first!.tolist();
    net.to("float64");
    expect(net.parameters()[0]).toBe(first);
    expect([first!.dtype, first!.grad!.dtype, net.buffers().map((b) => b.dtype)]).toEqual([
      "float64",
      "float64",
      ["float64", "float64", "int32"],
    ]);
    expect(first!.tolist()).toEqual(before);
    expect(net.forward(ramp([2, 1, 3, 3]).to("float64")).dtype).toBe("float64");
    expect(() => net.to("int32")).toThrow(/Module.to\(\): expected float32 or float64, got int32/);
  });

  test("a field that is taken cannot be registered", () => {
    const net = new nn.Linear(2, 2);
    expect(() => net.registerBuffer("weight", null)).toThrow(/registerBuffer\(\): Linear already has a field "weight"/);
    expect(() => net.registerParameter("forward", null)).toThrow(/already has a field "forward"/);
    expect(() => net.registerParameter("w", rand([2]))).toThrow(/registerParameter\(\): w must be a Parameter or null/);
    expect(() => new nn.Parameter(tensor([1], { dtype: "int32" }))).toThrow(/Parameter\(\): only floating point tensors/);
  });
});

describe("state dict", () => {
  test("round trip, also of another dtype", () => {
    const [from, to] = [convNet(), convNet()];
    from.forward(ramp([2, 1, 3, 3]));
    expect(to.loadStateDict(from.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    const x = ramp([2, 1, 3, 3]);
    expect(to.eval().forward(x).tolist()).toEqual(from.eval().forward(x).tolist());
    to.to("float64").loadStateDict(from.stateDict());
    expect(to.parameters()[0]!.dtype).toBe("float64");
    expect(to.parameters()[0]!.tolist()).toEqual(from.parameters()[0]!.tolist());
  });

  test("it shares memory with the model, and copies into it", () => {
    const net = new nn.Linear(2, 2);
    const dict = net.stateDict();
    const snapshot = dict["weight"]!.clone();
    noGrad(() => net.weight.mul_(2));
    expect(dict["weight"]!.tolist()).toEqual(snapshot.mul(2).tolist());
    const weight = net.weight;
    net.loadStateDict({ weight: snapshot, bias: tensor([1, 2]) });
    expect(net.weight).toBe(weight);
    noGrad(() => net.weight.mul_(3));
    expect(snapshot.tolist()).not.toEqual(net.weight.tolist());
    expect(net.bias!.tolist()).toEqual([1, 2]);
  });

  test("one error lists every key, and nothing is changed", () => {
    const net = convNet();
    const before = JSON.stringify(Object.values(net.stateDict()).map((x) => x.tolist()));
    const dict: nn.StateDict = { ...net.stateDict(), "0.weight": rand([4, 1, 3, 2]), "4.bias": rand([3]), extra: rand([1]) };
    for (const key of ["1.weight", "1.running_var"]) Reflect.deleteProperty(dict, key);
    dict["0.bias"] = rand([4]);
    const load = (strict: boolean) => () => net.loadStateDict(dict, { strict });
    expect(load(true)).toThrow(
      [
        "loadStateDict(): the state dict does not fit Sequential, so nothing was loaded:",
        '  missing keys: "1.weight", "1.running_var"',
        '  unexpected keys: "extra"',
        "  size mismatch for 0.weight: [4, 1, 3, 2] in the state dict, [4, 1, 3, 3] in the model",
        "  size mismatch for 4.bias: [3] in the state dict, [2] in the model",
      ].join("\n"),
    );
    expect(load(false)).toThrow(/nothing was loaded:\n {2}size mismatch for 0.weight/);
    expect(() => net.loadStateDict({ ...net.stateDict(), "0.bias": [1] as unknown as Tensor })).toThrow(
      /0.bias must be a tensor, got object/,
    );
    const gone = rand([2]);
    gone.dispose();
    expect(() => net.loadStateDict({ "0.bias": rand([4]), "4.bias": gone }, { strict: false })).toThrow(/disposed/);
    expect(JSON.stringify(Object.values(net.stateDict()).map((x) => x.tolist()))).toBe(before);
    expect(net.loadStateDict({ "0.bias": rand([4]), extra: rand([1]) }, { strict: false })).toEqual({
      missingKeys: Object.keys(net.stateDict()).filter((key) => key !== "0.bias"),
      unexpectedKeys: ["extra"],
    });
  });
});

describe("hooks", () => {
  test("run around forward(), may change what goes in and out, and can be removed", () => {
    const net = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
    const x = ramp([4, 2]);
    const plain = net.forward(x).tolist();
    const log: string[] = [];
    const removers = [
      net[0]!.registerForwardPreHook((module, [input]) => void log.push(`before ${module.constructor.name} ${input!.shape.join("x")}`)),
      net[0]!.registerForwardHook(
        (module, inputs, output) => void log.push(`after ${module.constructor.name} ${inputs.length} ${output.shape.join("x")}`),
      ),
      net.registerForwardHook((_, __, output) => output.mul(2)),
      net.registerForwardPreHook((_, [input]) => input!.neg()),
    ];
    const hooked = net.forward(x);
    expect(log).toEqual(["before Linear 4x2", "after Linear 1 4x3"]);
    removers.pop()!();
    expect(net.forward(x).tolist()).toEqual(
      tensor(plain as number[][])
        .mul(2)
        .tolist(),
    );
    expect(hooked.shape).toEqual([4, 3]);
    removers.forEach((remove) => remove());
    expect(net.forward(x).tolist()).toEqual(plain);
    expect(Object.hasOwn(net, "forward") || Object.hasOwn(net[0]!, "forward")).toBe(false);
  });

  test("what a hook or a user's module keeps stays readable", () => {
    let kept: Tensor[] = [];
    class Keeper extends nn.ReLU {
      override forward(x: Tensor): Tensor {
        kept.push(x);
        return super.forward(x);
      }
    }
    const net = new nn.Sequential(
      new nn.Linear(2, 3),
      new Keeper(),
      new nn.Linear(3, 3),
      new nn.Tanh(),
      new nn.Sequential(new nn.Linear(3, 2)),
    );
    net[2]!.registerForwardHook((_, [input], output) => void kept.push(input!, output));
    noGrad(() => net.forward(ramp([4, 2])));
    expect(kept.map((x) => x.tolist()).length).toBe(3);
    kept = [];
  });
});

test("Sequential frees intermediates that no graph needs", () => {
  const net = new nn.Sequential(
    new nn.Linear(8, 64),
    new nn.ReLU(),
    new nn.Sequential(new nn.Linear(64, 64), new nn.Tanh()),
    new nn.Flatten(),
    new nn.Linear(64, 8),
  );
  const x = ramp([4, 8]);
  const y = noGrad(() => net.forward(x));
  y.dispose();
  const before = memoryStats().tensors;
  const z = noGrad(() => net.forward(x));
  expect(memoryStats().tensors - before).toBe(1);
  expect(z.tolist()).toEqual(net.forward(x).tolist());
  net.forward(x).sum().backward();
  expect(net.parameters().every((p) => p.grad)).toBe(true);
});

test("summary: shapes, parameters, and the model as it was", () => {
  const net = convNet();
  net[1]!.eval();
  const statistics = net.buffers().map((b) => b.tolist());
  expect(nn.summary(net, [2, 1, 3, 3])).toBe(
    [
      "Layer             Output shape  Parameters",
      "──────────────────────────────────────────",
      "Sequential        [2, 2]                  ",
      "  0: Conv2d       [2, 4, 1, 1]          40",
      "  1: BatchNorm2d  [2, 4, 1, 1]           8",
      "  2: ReLU         [2, 4, 1, 1]            ",
      "  3: Flatten      [2, 4]                  ",
      "  4: Linear       [2, 2]                10",
      "──────────────────────────────────────────",
      "58 parameters",
    ].join("\n"),
  );
  expect([net.training, net[1]!.training, net[2]!.training]).toEqual([true, false, true]);
  expect(net.buffers().map((b) => b.tolist())).toEqual(statistics);
  expect(net.modules().some((module) => Object.hasOwn(module, "forward"))).toBe(false);
  expect(nn.summary(new nn.Embedding(10, 4), [3], { dtype: "int32" })).toMatch(/Embedding +\[3, 4\] +40/);
});
