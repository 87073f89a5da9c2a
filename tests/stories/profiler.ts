import { F, type Tensor, nn, noGrad, ones, profile, randint, randn, tensor } from "lanegrad";
import { type Case, assert } from "./case.js";
import { endingCases, outputCases } from "./profiler-output.js";
import { Block, Net, Scale, Twice, callsOf, equal, near, opOf, sum, training } from "./profiler-parts.js";

/*
 * What profile() counts, by ops and modules whose parts are known; times only in how they add up.
 */

const counting: Case[] = [
  {
    name: "calls of ops, gradients and modules are counted exactly",
    run() {
      const p = training();
      assert(typeof p.result === "number", "the result is not what the function returned");
      equal(callsOf(p, "tanh", "neg"), [6, 2 + 2], "ops"); // the gradient of neg is neg
      equal(callsOf(p, "MulBackward", "TanhBackward", "NegBackward", "SumBackward"), [6, 6, 2, 2], "gradients");
      equal(callsOf(p, "backward()", "SGD.step()"), [2, 2], "parts of a step");
      equal(
        p.modules.map(({ name, type, calls }) => [name, type, calls]),
        [
          ["Net", "Net", 2],
          ["block", "Block", 2],
          ["block.first", "Scale", 2],
          ["block.second", "Scale", 2],
          ["head", "Scale", 2],
        ],
        "modules",
      );
      equal(p.kernels.find((row) => row.name === "tanh_f32")?.calls, 6, "kernel tanh_f32");
    },
  },
  {
    name: "times add up, of ops and of modules in both directions",
    run() {
      const p = training();
      const { duration, ops, modules, kernels } = p;
      assert(sum(ops.map((row) => row.self)) <= duration, "ops took longer than everything");
      assert(sum(kernels.map((row) => row.self)) <= sum(ops.map((row) => row.self)), "kernels took longer than ops");
      near(sum(ops.map((row) => row.inKernels)), sum(kernels.map((row) => row.total)), "time in kernels");
      for (const row of [...ops, ...modules, ...kernels]) {
        assert(row.self >= 0 && row.total >= row.self - 1e-9, `${row.name}: self ${row.self}, total ${row.total}`);
        near(row.mean, row.total / row.calls, `mean of ${row.name}`);
        near(row.share, row.self / duration, `share of ${row.name}`);
      }
      const [net, block, first, second, head] = modules;
      near(sum(modules.map((row) => row.self)), net!.total, "self of all modules");
      near(block!.self + first!.total + second!.total, block!.total, "block");
      near(net!.self + block!.total + head!.total, net!.total, "net");
      for (const row of modules) near(row.forward + row.backward, row.total, row.name);
      // Each gradient belongs to the module that recorded the op: only that of sum() is nobody's.
      const gradients = ops.filter((row) => row.name.endsWith("Backward") && row.name !== "SumBackward");
      near(sum(gradients.map((row) => row.total)), net!.backward, "gradients");
      near(opOf(p, "NegBackward").total, block!.backward - first!.backward - second!.backward, "gradient of neg()");
    },
  },
  {
    name: "what runs inside of an op counts in its total, not in its self; calls inside of their like count once",
    run() {
      const p = profile(() => noGrad(() => Twice.apply(ones([10]), 2)));
      // A bundler may have renamed the class.
      equal(callsOf(p, Twice.name, "exp"), [3, 1], "calls");
      const [twice, exp] = [opOf(p, Twice.name), opOf(p, "exp")];
      near(twice.total, twice.self + exp.total, "total");
      equal([twice.bytes, twice.selfBytes, exp.bytes, exp.selfBytes], [40, 0, 40, 40], "bytes");
    },
  },
  {
    name: "bytes are those of the tensors that were made",
    run() {
      const x = ones([1000]);
      const scale = new Scale();
      const p = profile(() => noGrad(() => [x.exp(), scale.forward(ones([3]))]));
      equal(opOf(p, "exp").bytes, 4000, "exp");
      equal([p.modules[0]!.bytes, p.modules[0]!.selfBytes], [24, 24], "module");
      equal(p.bytes, 4000 + 12 + 24, "all");
    },
  },
  {
    name: "tensors that are made and random numbers have rows too",
    run() {
      const p = profile(() => [ones([3]), tensor([1, 2]), randn([5]), randint(0, 3, [4]), F.dropout(ones([6]))]);
      equal(callsOf(p, "ones", "tensor", "randn", "randint"), [2, 1, 1, 1], "calls");
      assert(
        p.kernels.some((row) => row.name === "normal_f32"),
        `kernels: ${p.kernels.map((row) => row.name).join(", ")}`,
      );
      near(sum(p.ops.map((row) => row.inKernels)), sum(p.kernels.map((row) => row.total)), "time in kernels");
    },
  },
  {
    name: "in-place ops are counted under their own names",
    run() {
      const x = ones([4]);
      equal(
        callsOf(
          profile(() => x.neg_().mul_(2)),
          "neg_",
          "mul_",
        ),
        [1, 1],
        "calls",
      );
    },
  },
];

const names: Case[] = [
  {
    name: "modules have the names of the model they are in, however they are reached",
    run() {
      const net = new Net();
      const lone = new Scale();
      const list = [new Scale(), new Scale()];
      const x = tensor([1, 2, 3]);
      const rowsOf = (fn: () => unknown, model?: nn.Module): string[] =>
        profile(fn, { ...(model && { model }) }).modules.map((row) => row.name);
      equal(
        rowsOf(() => net.block.forward(x)),
        ["Block", "first", "second"],
        "a part alone",
      );
      equal(
        rowsOf(() => [net.block.forward(x), net.forward(x)]),
        ["block", "block.first", "block.second", "Net", "head"],
        "then the whole",
      );
      equal(
        rowsOf(() => net.block.forward(x), net),
        ["block", "block.first", "block.second"],
        "the model is named",
      );
      equal(
        rowsOf(() => [net.head.forward(x), lone.forward(x), ...list.map((one) => one.forward(x))]),
        ["Scale", "Scale#2", "Scale#3", "Scale#4"],
        "namesakes",
      );
      const other = new Block();
      equal(
        rowsOf(() => [net.block.forward(x), other.forward(x), lone.forward(x)]),
        ["Block", "Block.first", "Block.second", "Block#2", "Block#2.first", "Block#2.second", "Scale"],
        "two models",
      );
    },
  },
  {
    name: "a class first used while profiling is seen, and a base class's forward counts once",
    run() {
      class Late extends Scale {
        override forward(x: Tensor): Tensor {
          return super.forward(x).neg();
        }
      }
      const bare = Object.getOwnPropertyDescriptor(Late.prototype, "forward");
      const p = profile(() => new Late().forward(tensor([1, 2, 3])));
      equal(
        p.modules.map(({ name, calls }) => [name, calls]),
        [["Late", 1]],
        "modules",
      );
      assert(Object.getOwnPropertyDescriptor(Late.prototype, "forward")?.value === bare?.value, "forward is still wrapped");
    },
  },
  {
    name: "modules with hooks are seen, whether the hooks came before or within",
    run() {
      const model = new nn.Sequential(new nn.Linear(3, 2), new nn.ReLU());
      const seen: string[] = [];
      const early = model[0]!.registerForwardHook(() => void seen.push("early"));
      let late = (): void => undefined;
      const x = ones([1, 3]);
      const p = profile(() => {
        late = model[1]!.registerForwardHook(() => void seen.push("late"));
        model.forward(x);
      });
      equal(
        p.modules.map(({ name, calls }) => [name, calls]),
        [
          ["Sequential", 1],
          ["0", 1],
          ["1", 1],
        ],
        "modules",
      );
      model.forward(x); // nothing of the profile is left in the hooked module
      equal(seen, ["early", "late", "early", "late"], "hooks");
      equal([p.modules[1]!.calls, p.modules[2]!.calls], [1, 1], "modules afterwards");
      early();
      late();
    },
  },
];

export const profilerCases: Case[] = [...counting, ...names, ...outputCases, ...endingCases];
