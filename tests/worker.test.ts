import { Worker } from "node:worker_threads";
import { describe, expect, expectTypeOf, test } from "vitest";
import { ShapeError, type Tensor } from "lanegrad";
import * as worker from "lanegrad/worker";
import { type PlainTensor, type Remote, type Run, WorkerError, connect, expose } from "lanegrad/worker";
import { runFixture } from "./fixtures/run.js";
import type { Trainer } from "./fixtures/trainer.js";
import { workerCases } from "./stories/worker.js";

const execArgv = ["--conditions=lanegrad-source"];
/** Runs TypeScript, which Node's own workers do not. */
const run = (file: string): Worker => new Worker(new URL("./fixtures/worker.mjs", import.meta.url), { execArgv, workerData: { file } });
const start = (): Worker => run("./trainer.ts");

describe("a trainer in a worker", { timeout: 60_000 }, () => {
  test.each(workerCases(start))("$name", ({ run }) => run());
});

interface Calls {
  anything(): void;
}

const connectTo = (code: string, options = {}): Remote<Calls> => connect<Calls>(new Worker(code, { eval: true }), options);

describe("a worker that", { timeout: 60_000 }, () => {
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
    void trainer.failsLater();
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

test("a process ends when no call is pending, also with a worker that was never ended", { timeout: 60_000 }, () => {
  const { stdout, stderr, status, seconds } = runFixture("connected");
  expect([stdout.trim(), stderr, status]).toEqual(["answered 7", "", 0]);
  expect(seconds).toBeLessThan(20);
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
