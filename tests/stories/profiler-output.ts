import { F, type Profile, type Tensor, nn, ones, profile, tensor } from "lanegrad";
import { type Case, assert, throws } from "./case.js";
import { Net, Scale, callsOf, equal, near, sum, training } from "./profiler-parts.js";

/*
 * The tables and the trace of profile(), and how it ends.
 */

interface Bar {
  name: string;
  cat: string;
  ph: string;
  ts: number;
  dur: number;
  args: Record<string, number>;
}

const traceOf = (p: Profile<unknown>): Bar[] => (JSON.parse(p.toChromeTrace()) as { traceEvents: Bar[] }).traceEvents;

const isOff = (): boolean => {
  const net = new Net();
  return !profile(() => undefined).ops.length && net.forward === Net.prototype.forward && !/recorder/.test(String(net.forward));
};

export const outputCases: Case[] = [
  {
    name: "the trace is JSON of complete events, nested as the calls were",
    run() {
      const p = training();
      const events = traceOf(p);
      const bars = events.filter((event) => event.ph === "X");
      const calls = (rows: readonly { calls: number }[]): number => sum(rows.map((row) => row.calls));
      equal(bars.length, calls(p.ops) + calls(p.modules) + calls(p.kernels), "bars");
      const slack = 1e-3; // nanoseconds: sums of floats
      const open: Bar[] = [];
      const parents = new Map<Bar, Bar[]>();
      for (const bar of bars) {
        assert(bar.ts >= 0 && bar.dur >= 0, `${bar.name} begins at ${bar.ts} and takes ${bar.dur}`);
        while (open.length > 0 && !within(bar, open.at(-1)!, slack)) {
          const past = open.pop()!;
          assert(past.ts + past.dur <= bar.ts + slack, `${bar.name} begins within ${past.name} and reaches out of it`);
        }
        parents.set(bar, [...open]);
        open.push(bar);
      }
      // A browser's clock is coarse: bars of no length may seem to hold each other.
      const around = (name: string): string[] => parents.get(bars.find((bar) => bar.name === name)!)!.map((bar) => bar.name);
      assert(around("neg").includes("Net") && around("neg").includes("block"), `around neg: ${around("neg").join(", ")}`);
      assert(around("TanhBackward").includes("backward()"), `around TanhBackward: ${around("TanhBackward").join(", ")}`);
      for (const bar of bars.filter((one) => one.cat === "kernel"))
        assert(parents.get(bar)!.some((one) => one.cat !== "module") && bar.args.threads! >= 1, `kernel ${bar.name} stands alone`);
      assert(
        events.some((event) => event.ph === "C" && event.args.bytes! > 0),
        "there is no counter of memory",
      );
    },
  },
  {
    name: "events above maxEvents are dropped from the trace, and still counted",
    run() {
      const x = ones([4]);
      const p = profile(
        () => {
          for (let i = 0; i < 10; i++) x.exp();
        },
        { maxEvents: 5 },
      );
      equal(traceOf(p).filter((event) => event.ph === "X").length, 5, "events");
      equal((JSON.parse(p.toChromeTrace()) as { otherData: object }).otherData, { droppedEvents: 15 }, "dropped");
      equal(callsOf(p, "exp"), [10], "calls");
    },
  },
  {
    name: "tables are aligned, sorted and cut",
    run() {
      const p = training();
      for (const by of ["op", "module", "kernel"] as const) {
        const [head, rule, ...rows] = p.table({ by }).split("\n");
        assert(rows.length === { op: p.ops, module: p.modules, kernel: p.kernels }[by].length, `${by}: ${rows.length} rows`);
        for (const row of rows)
          assert(row.length === rule!.length && head!.length === rule!.length, `${by}: a row is not aligned:\n${row}`);
      }
      const column = (table: string): string[] =>
        table
          .split("\n")
          .slice(2)
          .map((line) => line.split(" ")[0]!);
      equal(column(p.table({ sortBy: "name" })), [...p.ops.map((row) => row.name)].sort(), "by name");
      // Which module took longest is the clock's say; the table must only keep to it.
      const byTotal = [...p.modules].sort((a, b) => b.total - a.total).map((row) => row.name);
      equal(column(p.table({ by: "module", sortBy: "total", limit: 2 })), byTotal.slice(0, 2), "modules by total");
      const byCalls = [...p.ops].sort((a, b) => b.calls - a.calls);
      equal(column(p.table({ sortBy: "calls", limit: 1 })), [byCalls[0]!.name], "by calls");
      assert(String(p).includes(p.table({ by: "module" })), "printing shows no modules");
      throws(() => p.table({ by: "layer" as "op" }), /ArgumentError: table\(\): by must be "op", "module" or "kernel", got "layer"/);
      throws(() => p.table({ sortBy: "size" as "name" }), /ArgumentError: table\(\): sortBy must be self, total, .* got "size"/);
      throws(() => p.table({ limit: -1 }), /ArgumentError: table\(\): limit must be a number from 0 on, got -1/);
    },
  },
];

const within = (inner: Bar, outer: Bar, slack: number): boolean =>
  inner.ts >= outer.ts - slack && inner.ts + inner.dur <= outer.ts + outer.dur + slack;

export const endingCases: Case[] = [
  {
    name: "it is off afterwards",
    run() {
      const before = Net.prototype.forward;
      const p = profile(() => new Net().forward(ones([3])));
      assert(Net.prototype.forward === before, "forward is still wrapped");
      const text = JSON.stringify([p.ops, p.modules, p.kernels, p.bytes]);
      new Net()
        .forward(ones([3]))
        .sum()
        .backward();
      equal(JSON.stringify([p.ops, p.modules, p.kernels, p.bytes]), text, "rows");
      assert(isOff(), "it goes on");
    },
  },
  {
    name: "an error in the function passes through, and ends it",
    run() {
      class Faulty extends nn.Module {
        forward(x: Tensor): Tensor {
          return x.matmul(ones([7, 7]));
        }
      }
      const before = Faulty.prototype.forward;
      throws(() => profile(() => new Faulty().forward(ones([2, 3]))), /ShapeError: matmul\(\)/);
      assert(Faulty.prototype.forward === before, "forward is still wrapped");
      assert(isOff(), "it goes on");
      // One that is caught inside leaves the nesting right.
      const p = profile(() => {
        try {
          new Faulty().forward(ones([2, 3]));
        } catch {
          new Scale().forward(ones([3]));
        }
      });
      equal(
        p.modules.map((row) => row.name),
        ["Faulty", "Scale"],
        "modules",
      );
    },
  },
  {
    name: "one inside of another is refused, and ends the outer one too",
    run() {
      const inner = (): unknown => profile(() => profile(() => 1));
      throws(inner, /ArgumentError: profile\(\): another profile\(\) is running, and only one can/);
      assert(isOff(), "it goes on");
      throws(() => profile(3 as unknown as () => void), /ArgumentError: profile\(\): expected a function to run, got number/);
      throws(() => profile(() => 1, { maxEvents: -1 }), /ArgumentError: profile\(\): maxEvents must be a number from 0 on, got -1/);
      throws(() => profile(() => 1, { model: {} as nn.Module }), /ArgumentError: profile\(\): model must be a Module, got object/);
      assert(isOff(), "a refused call began");
    },
  },
  {
    name: "an async function is followed to its end, which may be an error",
    async run() {
      const x = ones([4]);
      const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));
      const promise = profile(async () => {
        x.exp();
        await pause();
        return x.exp().sum().item();
      });
      throws(() => profile(() => 1), /another profile\(\) is running/);
      const p = await promise;
      near(p.result, 4 * Math.fround(Math.E), "result");
      equal(callsOf(p, "exp"), [2], "calls");
      assert(p.duration >= 4, `it took ${p.duration} ms`);
      assert(isOff(), "it goes on");
      let message = "";
      await profile(async () => {
        await pause();
        throw new Error("on purpose");
      }).catch((error: unknown) => void (message = String(error)));
      equal(message, "Error: on purpose", "error");
      assert(isOff(), "it goes on after an error");
    },
  },
  {
    name: "what is computed is the same, measured or not",
    run() {
      const x = tensor([0.5, -1, 2], { requiresGrad: true });
      const gradient = (): unknown[] => {
        x.grad = null;
        const loss = F.softmax(new Scale().forward(x), 0).pow(2).sum();
        loss.backward();
        return [loss.item(), x.grad!.tolist()];
      };
      equal(profile(gradient).result, gradient(), "loss and gradient");
    },
  },
];
