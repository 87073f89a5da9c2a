import { Worker } from "node:worker_threads";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ShapeError, Tensor, nn, ones, optim, tensor } from "lanegrad";
import * as worker from "lanegrad/worker";
import { type PlainTensor, type Remote, type Run, WorkerError, connect, expose } from "lanegrad/worker";
import { runFixture } from "./fixtures/run.js";
import type { Trainer } from "./fixtures/trainer.js";
import { workerCases } from "./stories/worker.js";

const execArgv = ["--conditions=lanegrad-source"];
/** Runs TypeScript, which Node's own workers do not. */
const run = (file: string): Worker => new Worker(new URL("./fixtures/worker.mjs", import.meta.url), { execArgv, workerData: { file } });
const start = (): Worker => run("./trainer.ts");

describe("a trainer in a worker", () => {
  test.each(workerCases(start))("$name", ({ run }) => run());
});

interface Calls {
  anything(): void;
}

const connectTo = (code: string, options = {}): Remote<Calls> => connect<Calls>(new Worker(code, { eval: true }), options);

describe("a worker that", () => {
  test.each([
    ["is not there", () => connect<Calls>(run("./nobody.ts")), /failed before it called expose\(\): .*Cannot find module.*nobody/],
    [
      "throws at its top level",
      () => connectTo(`throw new RangeError("too early")`),
      /failed before it called expose\(\): RangeError: too early/,
    ],
    ["rejects at its top level", () => connectTo(`Promise.reject(new Error("no wasm"))`), /failed before it called expose\(\): .*no wasm/],
    ["ends at once", () => connectTo(""), /ended, with exit code 0, before it called expose\(\)/],
    ["exits", () => connectTo("process.exit(3)"), /ended, with exit code 3/],
    [
      "never calls expose()",
      () => connectTo("setInterval(() => 0, 1000)", { timeout: 300 }),
      /has not called expose\(\) in 300 ms.*timeout/,
    ],
  ])("%s: every call rejects, at once or later", async (_, open, message) => {
    const remote = open();
    const error: unknown = await remote.anything().then(
      () => "no error",
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(WorkerError);
    expect((error as Error).message).toMatch(message);
    await expect(remote.ready).rejects.toBe(error);
    await expect(remote.anything()).rejects.toBe(error);
    remote.terminate();
  });

  test("dies in a run: the run rejects, and so do later calls", async () => {
    const trainer = connect<Trainer>(start());
    const pending = trainer.waits();
    void trainer.failsLater().catch(() => undefined); // its answer and the news of the worker's end may come in any order
    await expect(pending).rejects.toThrow(/ended by an error outside of any call: Error: outside of any call/);
    await expect(trainer.echo(1)).rejects.toThrow(WorkerError);
  });

  test("is none says so", () => {
    expect(() => connect({} as Worker)).toThrow(/connect\(\): expected a worker/);
    expect(() => connect(null as unknown as Worker)).toThrow(/connect\(\): expected a worker/);
  });
});

describe("expose()", () => {
  test("is for workers only, once, and for objects with methods", () => {
    const { stdout, stderr } = runFixture("expose");
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      main: "WorkerError: expose(): this is not a worker's script. Call it in a file that is started by new Worker(…), and connect() to that from here",
    });
  });
});

test("a process ends when no call is pending, also with a worker that was never ended", () => {
  const { stdout, stderr, status } = runFixture("connected");
  expect([stdout.trim(), stderr, status]).toEqual(["answered 7", "", 0]);
});

describe("plain tensors", () => {
  const plain = (x: Tensor): PlainTensor => ({ dtype: x.dtype, shape: [...x.shape], data: x.toTypedArray() });

  test("become tensors, with shape, dtype and options", () => {
    const x = tensor({ dtype: "bool", shape: [2, 1], data: Uint8Array.of(1, 0) });
    expect([x.dtype, x.tolist()]).toEqual(["bool", [[true], [false]]]);
    const y = tensor(plain(ones([2])), { dtype: "float64", requiresGrad: true });
    expect([y.dtype, y.requiresGrad]).toEqual(["float64", true]);
    expect(() => tensor({ dtype: "float32", shape: [3], data: new Float32Array(2) })).toThrow(/2 elements do not fit the shape \[3\]/);
  });

  test("are loaded by models; one that does not fit changes nothing", () => {
    const model = new nn.Linear(2, 1);
    const state = { weight: plain(ones([1, 2])), bias: plain(ones([1])) };
    expect(model.loadStateDict(state)).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect(model.weight.tolist()).toEqual([[1, 1]]);
    const short = { ...state, weight: plain(ones([1, 2]).mul(5)), bias: { ...state.bias, data: new Float32Array(3) } };
    expect(() => model.loadStateDict(short)).toThrow(/bias has 3 elements, which do not fit its shape \[1\]/);
    expect(() => model.loadStateDict({ ...state, weight: plain(ones([2])) })).toThrow(/size mismatch for weight: \[2\]/);
    expect(model.weight.tolist()).toEqual([[1, 1]]);
  });

  test("are loaded by optimisers: training goes on as it would have", () => {
    const trained = (restart: boolean): unknown => {
      const p = new nn.Parameter(tensor([1, 2]));
      let adam = new optim.Adam([p], { lr: 0.1 });
      for (let i = 0; i < 4; i++) {
        if (restart && i === 2) {
          const { state, param_groups } = adam.stateDict();
          const saved = Object.fromEntries(
            Object.entries(state).map(([id, entry]) => [
              id,
              Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, value instanceof Tensor ? plain(value) : value])),
            ]),
          );
          adam = new optim.Adam([p]);
          const misshapen = { 0: { exp_avg: plain(ones([3])) } };
          expect(() => adam.loadStateDict({ state: misshapen, param_groups })).toThrow(/exp_avg of parameter 0 has shape \[3\]/);
          adam.loadStateDict({ state: saved, param_groups });
        }
        adam.zeroGrad();
        p.mul(p).sum().backward();
        adam.step();
      }
      return p.tolist();
    };
    expect(trained(true)).toEqual(trained(false));
  });
});

test("its errors are lanegrad's own", () => {
  expect(worker.ShapeError).toBe(ShapeError);
});

describe("the types", () => {
  test("make runs of generators, promises of methods, and plain tensors of tensors", () => {
    type T = Remote<Trainer>;
    expectTypeOf<ReturnType<T["count"]>>().toEqualTypeOf<Run<number, "counted">>();
    expectTypeOf<ReturnType<T["inPlace"]>>().toEqualTypeOf<Run<{ i: number; x: PlainTensor }, void>>();
    expectTypeOf<Awaited<ReturnType<T["train"]>>>().toEqualTypeOf<{ loss: number; state: Record<string, PlainTensor> }>();
    expectTypeOf<ReturnType<T["weights"]>>().toEqualTypeOf<Promise<Record<string, PlainTensor>>>();
    expectTypeOf<Parameters<T["train"]>>().toEqualTypeOf<[{ steps: number; seed: number }]>();
    expectTypeOf<Parameters<T["count"]>>().toEqualTypeOf<[to: number, ms?: number | undefined]>();
    expectTypeOf<Awaited<ReturnType<T["view"]>>>().not.toBeAny();
    expectTypeOf<Awaited<ReturnType<T["same"]>>["map"]>().toEqualTypeOf<Map<string, PlainTensor>>();
    expectTypeOf<T["ready"]>().toEqualTypeOf<Promise<void>>();
    // A tensor of the page's own library cannot go: declare a PlainTensor.
    expectTypeOf<Parameters<Remote<{ f(x: Tensor, n: number): void }>["f"]>>().toEqualTypeOf<[x: never, n: number]>();
    // Fields are not there.
    expectTypeOf<keyof Remote<{ f(): void; count: number }>>().toEqualTypeOf<"f" | "ready" | "terminate" | typeof Symbol.dispose>();
  });

  test("refuse what is not there", () => {
    const check = (trainer: Remote<Trainer>): unknown[] => [
      // @ts-expect-error no such method
      trainer.trian,
      // @ts-expect-error a number is wanted
      trainer.count("3"),
      // @ts-expect-error a method's promise is no run
      trainer.weights().pause,
    ];
    expect(check).toBeTypeOf("function");
    expect(expose).toBeTypeOf("function");
  });
});
