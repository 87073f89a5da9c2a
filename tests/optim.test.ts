import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type DType, type Tensor, nn, noGrad, optim, tensor, zeros } from "lanegrad";
import { type Golden, close, ramp } from "./fixtures/values.js";

interface Trajectory {
  options: Record<string, number | boolean | [number, number]>;
  dtype: DType;
  p: Golden;
  q: Golden;
  state: Record<string, Record<string, Golden>>;
}

interface Goldens {
  optimisers: Record<"SGD" | "Adam" | "AdamW" | "RMSprop", Trajectory[]>;
  schedulers: Record<string, number[][]>;
  plateau: number[][][];
  chained: number[][];
}

/** Made by tests/golden/nn.py. */
const golden = JSON.parse(readFileSync(new URL("golden/nn.json", import.meta.url), "utf8")) as Goldens;

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());

/** The two parameters of tests/golden/nn.py, and one step of its loss. */
function bowl(dtype: DType): { p: Tensor; q: Tensor; backward: (step: number) => void } {
  const p = ramp([3, 7], dtype).requiresGrad_();
  const q = ramp([5], dtype).add(0.05).detach().requiresGrad_();
  const backward = (step: number): void => {
    let loss = p
      .pow(2)
      .mul(1 + (step % 3))
      .sum();
    if (step % 4 !== 1) loss = loss.add(q.sub(1).pow(2).mul(q).sum());
    loss.backward();
  };
  return { p, q, backward };
}

function make(name: keyof Goldens["optimisers"], p: Tensor, q: Tensor, options: Trajectory["options"]): optim.Optimizer {
  const named = Object.fromEntries(Object.entries(options).map(([key, value]) => [camel(key), value]));
  return new optim[name]([{ params: [p] }, { params: q, lr: 0.02 }], { lr: 0.05, ...named });
}

function steps(optimizer: optim.Optimizer, backward: (step: number) => void, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    optimizer.zeroGrad();
    backward(step);
    optimizer.step();
  }
}

const runs = Object.entries(golden.optimisers).flatMap(([name, list]) =>
  list.map((want) => ({ name: name as keyof Goldens["optimisers"], title: `${name} ${want.dtype} ${JSON.stringify(want.options)}`, want })),
);

describe.each(runs)("$title", ({ name, want }) => {
  const tolerance = want.dtype === "float64" ? 1e-13 : 2e-6;

  test("ten steps and the state are PyTorch's", () => {
    const { p, q, backward } = bowl(want.dtype);
    const optimizer = make(name, p, q, want.options);
    steps(optimizer, backward, 0, 10);
    close(p, want.p, "p", tolerance);
    close(q, want.q, "q", tolerance);
    const { state } = optimizer.stateDict();
    expect(Object.keys(state)).toEqual(Object.keys(want.state));
    for (const [i, entries] of Object.entries(want.state)) {
      expect(Object.keys(state[Number(i)]!).sort()).toEqual(Object.keys(entries).sort());
      for (const [key, value] of Object.entries(entries)) close(state[Number(i)]![key] as Tensor, value, `${key} of ${i}`, tolerance);
    }
  });

  test("goes on from a saved state as if nothing had happened", () => {
    const { p, q, backward } = bowl(want.dtype);
    const first = make(name, p, q, want.options);
    steps(first, backward, 0, 4);
    const saved = first.stateDict();
    const second = make(name, p, q, {});
    second.loadStateDict(saved);
    steps(second, backward, 4, 10);
    close(p, want.p, "p", tolerance);
    close(q, want.q, "q", tolerance);
    expect(second.stateDict().param_groups).toEqual(first.stateDict().param_groups);
  });
});

describe("optimisers", () => {
  const one = (): nn.Parameter => new nn.Parameter(tensor([1, 2, 3]));

  test("state dict in PyTorch's shape", () => {
    const [a, b] = [one(), one()];
    const adam = new optim.Adam([{ params: [a], lr: 0.1 }, { params: [b] }], { weightDecay: 0.01 });
    b.grad = tensor([1, 1, 1]);
    adam.step();
    const { state, param_groups } = adam.stateDict();
    expect(Object.keys(state)).toEqual(["1"]);
    expect(Object.keys(state[1]!).sort()).toEqual(["exp_avg", "exp_avg_sq", "step"]);
    expect((state[1]!["step"] as Tensor).item()).toBe(1);
    const options = { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01, amsgrad: false, maximize: false };
    expect(param_groups).toEqual([
      { lr: 0.1, ...options, params: [0] },
      { lr: 0.001, ...options, params: [1] },
    ]);
  });

  test("loading refuses what does not fit, and changes nothing", () => {
    const [a, b] = [one(), one()];
    const adam = new optim.Adam([a, b]);
    a.grad = tensor([1, 1, 1]);
    adam.step();
    const dict = adam.stateDict();
    const before = JSON.stringify(dict.param_groups);
    const other = new optim.Adam([new nn.Parameter(zeros([2])), new nn.Parameter(zeros([3]))], { lr: 7 });
    expect(() => other.loadStateDict(dict)).toThrow(
      /Adam.loadStateDict\(\): exp_avg(_sq)? of parameter 0 has shape \[3\], the parameter \[2\]/,
    );
    expect(() => new optim.Adam([a]).loadStateDict(dict)).toThrow(/groups of \[2\] parameters, the optimizer of \[1\]/);
    expect(() => adam.loadStateDict({ ...dict, param_groups: [{ ...dict.param_groups[0]!, lr: -1 }] })).toThrow(/invalid lr: -1/);
    expect(() => adam.loadStateDict({ ...dict, state: { 9: {} } })).toThrow(/state for parameter 9, which is in no group/);
    expect(() => adam.loadStateDict({} as optim.OptimizerStateDict)).toThrow(/expected \{ state, param_groups \}/);
    expect(other.paramGroups[0]!.lr).toBe(7);
    expect(JSON.stringify(adam.stateDict().param_groups)).toBe(before);
  });

  test("a loaded state is a copy", () => {
    const a = one();
    const sgd = new optim.SGD([a], { momentum: 0.9 });
    a.grad = tensor([1, 1, 1]);
    sgd.step();
    const dict = sgd.stateDict();
    const buffer = dict.state[0]!["momentum_buffer"] as Tensor;
    const before = buffer.tolist();
    const next = new optim.SGD([a], { momentum: 0.9 });
    next.loadStateDict(dict);
    next.step();
    expect(buffer.tolist()).toEqual(before);
  });

  test("parameters and gradients of any strides, and none", () => {
    const reference = ramp([4, 6]).requiresGrad_();
    const view = new nn.Parameter(ramp([4, 6]).t().contiguous().t());
    const still = one();
    expect(view.isContiguous).toBe(false);
    for (const x of [reference, view]) x.grad = ramp([6, 4]).t();
    for (const x of [reference, view]) {
      const adam = new optim.Adam([x, still], { lr: 0.1 });
      adam.step();
      adam.step();
    }
    expect(view.tolist()).toEqual(reference.tolist());
    expect(still.tolist()).toEqual([1, 2, 3]);
    new optim.SGD([new nn.Parameter(zeros([0]))]).step();
  });

  test("a step moves the version, so that an old graph cannot be walked with new values", () => {
    const a = one();
    const y = a.mul(a).sum();
    a.grad = tensor([1, 1, 1]);
    new optim.SGD([a], { lr: 0.1 }).step();
    expect(() => y.backward()).toThrow(/changed in place/);
  });

  test("step(closure) computes the loss with recording, also in noGrad", () => {
    const a = one();
    const sgd = new optim.SGD([a], { lr: 0.1 });
    const loss = noGrad(() =>
      sgd.step(() => {
        sgd.zeroGrad();
        const value = a.pow(2).sum();
        value.backward();
        return value;
      }),
    );
    expect(loss.item()).toBe(14);
    close(a, { shape: [3], data: [0.8, 1.6, 2.4] });
  });

  test("a gradient of another shape or dtype stops the step before anything moved", () => {
    const [a, b] = [one(), one()];
    a.grad = tensor([1, 1, 1]);
    b.grad = tensor([1]);
    const sgd = new optim.SGD([a, b], { lr: 1 });
    expect(() => sgd.step()).toThrow(/SGD.step\(\): a parameter of shape \[3\] has a gradient of shape \[1\]/);
    b.grad = tensor([1, 1, 1], { dtype: "float64" });
    expect(() => sgd.step()).toThrow(/a float32 parameter of shape \[3\] has a float64 gradient/);
    expect(a.tolist()).toEqual([1, 2, 3]);
  });

  test("zeroGrad, addParamGroup, printing", () => {
    const [a, b] = [one(), one()];
    const sgd = new optim.SGD([a], { lr: 0.1 });
    a.grad = tensor([1, 1, 1]);
    sgd.zeroGrad({ setToNone: false });
    expect(a.grad.tolist()).toEqual([0, 0, 0]);
    sgd.zeroGrad();
    expect(a.grad).toBe(null);
    sgd.addParamGroup({ params: b, lr: 0.5, momentum: undefined });
    expect(sgd.paramGroups.map((group) => group.lr)).toEqual([0.1, 0.5]);
    expect(sgd.paramGroups[1]!.momentum).toBe(0);
    expect(() => sgd.addParamGroup({ params: [a] })).toThrow(/SGD\(\): a parameter of shape \[3\] appears twice/);
    const printed = [
      "SGD (",
      "Parameter Group 0",
      "    dampening: 0",
      "    lr: 0.1",
      "    maximize: False",
      "    momentum: 0",
      "    nesterov: False",
      "    weight_decay: 0",
    ];
    expect(new optim.SGD([a], { lr: 0.1 }).toString()).toBe([...printed, ")"].join("\n"));
  });

  test("refusals", () => {
    const a = one();
    const refusals: [() => unknown, RegExp][] = [
      [() => new optim.SGD([]), /SGD\(\): there are no parameters to optimise/],
      [() => new optim.SGD(a as unknown as Tensor[]), /SGD\(\): the first argument must be a list of tensors or of groups/],
      [() => new optim.SGD(undefined as unknown as Tensor[]), /SGD\(\): the first argument must be a list/],
      [() => new optim.SGD([a, a]), /SGD\(\): a parameter of shape \[3\] appears twice/],
      [() => new optim.SGD([a.mul(2)]), /SGD\(\): a tensor of shape \[3\] was made by an op, and only leaves can be optimised/],
      [() => new optim.SGD([a], { lr: -1 }), /SGD\(\): invalid lr: -1/],
      [() => new optim.SGD([a], { lr: NaN }), /SGD\(\): invalid lr: NaN/],
      [() => new optim.SGD([a], { momentum: -1 }), /SGD\(\): invalid momentum: -1/],
      [() => new optim.SGD([a], { weightDecay: -1 }), /SGD\(\): invalid weightDecay: -1/],
      [() => new optim.SGD([a], { nesterov: true }), /SGD\(\): nesterov needs momentum above 0 and dampening 0, got 0 and 0/],
      [() => new optim.Adam([a], { eps: -1 }), /Adam\(\): invalid eps: -1/],
      [() => new optim.Adam([a], { betas: [1, 0.9] }), /Adam\(\): invalid betas\[0\]: 1; expected 0 ≤ value < 1/],
      [() => new optim.AdamW([a], { betas: [0.9, -1] }), /AdamW\(\): invalid betas\[1\]: -1/],
      [() => new optim.RMSprop([a], { alpha: NaN }), /RMSprop\(\): invalid alpha: NaN/],
      [() => new optim.RMSprop([{ params: [a], lr: -2 }]), /RMSprop\(\): invalid lr: -2/],
    ];
    for (const [call, message] of refusals) expect(call).toThrow(message);
  });
});

describe("schedulers", () => {
  const { lrScheduler } = optim;
  const groups = (): optim.SGD =>
    new optim.SGD([{ params: [new nn.Parameter(tensor([1]))] }, { params: [new nn.Parameter(tensor([1]))], lr: 0.5 }], { lr: 0.1 });
  type Make = (optimizer: optim.Optimizer) => InstanceType<typeof lrScheduler.LRScheduler>;
  const made: Record<string, Make> = {
    step: (o) => new lrScheduler.StepLR(o, 4, { gamma: 0.3 }),
    multiStep: (o) => new lrScheduler.MultiStepLR(o, [9, 3, 9, 20]),
    exponential: (o) => new lrScheduler.ExponentialLR(o, 0.9),
    cosine: (o) => new lrScheduler.CosineAnnealingLR(o, 7, { etaMin: 0.01 }),
    lambda: (o) => new lrScheduler.LambdaLR(o, [(epoch) => 0.95 ** epoch, (epoch) => 1 / (epoch + 1)]),
    linear: (o) => new lrScheduler.LinearLR(o, { startFactor: 0.25, totalIters: 6 }),
  };
  const same = (got: number[], want: number[]): void => got.forEach((lr, i) => expect(Math.abs(lr - want[i]!)).toBeLessThanOrEqual(1e-15));

  test.each(Object.entries(golden.schedulers))("%s: PyTorch's rates, also after a restart", (name, want) => {
    let optimizer = groups();
    let scheduler = made[name]!(optimizer);
    same(scheduler.getLastLr(), want[0]!);
    for (let epoch = 1; epoch <= 30; epoch++) {
      if (epoch === 12) {
        const [rates, state] = [optimizer.stateDict(), scheduler.stateDict()];
        optimizer = groups();
        scheduler = made[name]!(optimizer);
        optimizer.loadStateDict(rates);
        scheduler.loadStateDict(state);
        same(scheduler.getLastLr(), want[11]!);
      }
      scheduler.step();
      same(scheduler.getLastLr(), want[epoch]!);
      expect(optimizer.paramGroups.map((group) => group.lr)).toEqual(scheduler.getLastLr());
    }
  });

  test("state in PyTorch's names", () => {
    const scheduler = new lrScheduler.StepLR(groups(), 3);
    scheduler.step();
    expect(scheduler.stateDict()).toEqual({
      step_size: 3,
      gamma: 0.1,
      base_lrs: [0.1, 0.5],
      last_epoch: 1,
      _step_count: 2,
      _last_lr: [0.1, 0.5],
    });
    expect(() => scheduler.loadStateDict(new lrScheduler.ExponentialLR(groups(), 0.9).stateDict())).toThrow(
      /not a state of this scheduler, it lacks step_size/,
    );
  });

  test("chained", () => {
    const optimizer = groups();
    const schedulers = [new lrScheduler.LinearLR(optimizer, { totalIters: 4 }), new lrScheduler.ExponentialLR(optimizer, 0.9)];
    for (const want of golden.chained) {
      for (const scheduler of schedulers) scheduler.step();
      same(
        optimizer.paramGroups.map((group) => group.lr),
        want,
      );
    }
  });

  test("ReduceLROnPlateau", () => {
    const metrics = [5, 4, 4, 4, 3.9999, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1];
    const options: NonNullable<ConstructorParameters<typeof lrScheduler.ReduceLROnPlateau>[1]>[] = [
      { factor: 0.5, patience: 2 },
      { mode: "max", factor: 0.1, patience: 1, cooldown: 3, thresholdMode: "abs", minLr: [0.02, 0.001] },
    ];
    options.forEach((option, run) => {
      const optimizer = groups();
      let scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, option);
      metrics.forEach((metric, epoch) => {
        if (epoch === 6) {
          const state = scheduler.stateDict();
          scheduler = new lrScheduler.ReduceLROnPlateau(optimizer, option);
          scheduler.loadStateDict(state);
        }
        scheduler.step(epoch % 2 === 0 ? metric : tensor(metric, { dtype: "float64" }));
        same(scheduler.getLastLr(), golden.plateau[run]![epoch]!);
      });
    });
  });

  test("refusals", () => {
    const optimizer = groups();
    const refusals: [() => unknown, RegExp][] = [
      [() => new lrScheduler.StepLR(optimizer, 0), /StepLR\(\): stepSize must be a whole number from 1 on, got 0/],
      [() => new lrScheduler.StepLR(optimizer, 2, { lastEpoch: 3 }), /StepLR\(\): lastEpoch is 3, but group 0 has no initial rate/],
      [() => new lrScheduler.StepLR({} as optim.Optimizer, 2), /StepLR\(\): the first argument must be an optimizer, got object/],
      [() => new lrScheduler.CosineAnnealingLR(optimizer, 0), /CosineAnnealingLR\(\): tMax must be above 0, got 0/],
      [() => new lrScheduler.LambdaLR(optimizer, [() => 1]), /LambdaLR\(\): 1 functions for 2 parameter groups/],
      [() => new lrScheduler.LinearLR(optimizer, { startFactor: 0 }), /LinearLR\(\): startFactor must be above 0/],
      [() => new lrScheduler.ReduceLROnPlateau(optimizer, { factor: 1 }), /factor must be below 1, got 1/],
      [() => new lrScheduler.ReduceLROnPlateau(optimizer, { mode: "up" as "min" }), /mode must be "min" or "max", got "up"/],
      [() => new lrScheduler.ReduceLROnPlateau(optimizer, { minLr: [0] }), /1 values of minLr for 2 parameter groups/],
    ];
    for (const [call, message] of refusals) expect(call).toThrow(message);
  });
});
