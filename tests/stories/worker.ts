import { AutogradError, IndexError, ShapeError, WorkerError, connect, transfer, ArgumentError, LanegradError } from "lanegrad/worker";
import type { AnyWorker, PlainTensor, Remote } from "lanegrad/worker";
import type { Trainer } from "../fixtures/trainer.js";
import { type Case, assert } from "./case.js";

/*
 * A model and its training loop in a worker: the same in Node and in browsers. tests/fixtures/trainer.ts is the worker.
 */

type Start = () => AnyWorker;
type Story = (trainer: Remote<Trainer>) => Promise<void>;

function same(actual: unknown, expected: unknown): void {
  assert(JSON.stringify(actual) === JSON.stringify(expected), `expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

async function rejected(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected an error, but nothing was thrown");
}

async function gather<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const STORIES: Record<string, Story> = {
  async "a run gives every value in order, then its result"(trainer) {
    const run = trainer.count(5000);
    same(
      await gather(run),
      Array.from({ length: 5000 }, (_, i) => i),
    );
    same(await run, "counted");
  },

  async "a real loop trains there, and its weights arrive as plain tensors"(trainer) {
    const run = trainer.train({ steps: 200, seed: 1 });
    const losses = await gather(run);
    same(losses.length, 200);
    assert(losses.at(-1)!.loss < losses[0]!.loss / 10, `the loss went from ${losses[0]!.loss} to ${losses.at(-1)!.loss}`);
    const { loss, state } = await run;
    same(loss, losses.at(-1)!.loss);
    same(Object.keys(state), ["0.weight", "0.bias", "2.weight", "2.bias"]);
    const weight = state["0.weight"]!;
    same([weight.dtype, weight.shape, weight.data.length], ["float32", [16, 1], 16]);
    assert(weight.data instanceof Float32Array, "the data is no Float32Array");
  },

  async "what is yielded is as it was then, though the next step changes it in place"(trainer) {
    const values = await gather(trainer.inPlace());
    same(
      values.map(({ x }) => [...x.data]),
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    );
  },

  async "a method's result and its own memory are apart; a tensor goes only once"(trainer) {
    const first = await trainer.weights();
    const before = [...first["weight"]!.data];
    first["weight"]!.data.fill(0);
    same([...(await trainer.weights())["weight"]!.data], before);
    const { a, b, map } = await trainer.same();
    assert(a === b && map.get("x") === a, "one tensor became two");
  },

  async "weights go back into a model as plain data"(trainer) {
    const state: Record<string, PlainTensor> = {
      weight: { dtype: "float32", shape: [2, 4], data: new Float32Array(8).fill(1) },
      bias: { dtype: "float32", shape: [2], data: Float32Array.of(0, 1) },
    };
    const out = await trainer.load(state);
    same(
      [out.shape, [...out.data]],
      [
        [1, 2],
        [4, 5],
      ],
    );
    const error = await rejected(trainer.load({ weight: state["weight"]! }));
    assert(error.message.includes('missing keys: "bias"'), error.message);
  },

  async "scalars, bools, nothing and turned tensors arrive with shape and dtype"(trainer) {
    const { scalar, bools, none, turned } = await trainer.shapes();
    same([scalar.shape, [...scalar.data]], [[], [3]]);
    same([bools.dtype, [...bools.data]], ["bool", [1, 0]]);
    same([none.shape, none.data.length], [[0, 2], 0]);
    same(
      [turned.shape, [...turned.data]],
      [
        [2, 2],
        [1, 3, 2, 4],
      ],
    );
    same(await trainer.sum(turned), 10);
  },

  async "of a view only its own bytes are sent, not the memory it looks into"(trainer) {
    const view = await trainer.view();
    same([view.length, view.buffer.byteLength], [10, 40]);
    const bytes = await trainer.bigData();
    same([[...bytes], bytes.buffer.byteLength], [Array<number>(10).fill(7), 10]);
  },

  async "arguments are copied, or moved when marked"(trainer) {
    const bytes = new Uint8Array(100);
    same(await trainer.bytes(bytes), 100);
    same(bytes.length, 100);
    same(await trainer.bytes(transfer(bytes)), 100);
    same(bytes.length, 0);
  },

  async "plain values, dates, maps and circles go there and back"(trainer) {
    const circle: { me?: unknown; when: Date; map: Map<string, number> } = { when: new Date(0), map: new Map([["a", 1]]) };
    circle.me = circle;
    const back = (await trainer.echo(circle)) as typeof circle;
    assert(back.me === back && back.when.getTime() === 0 && back.map.get("a") === 1, "it came back different");
  },

  async "pause stops it, other calls are answered meanwhile, resume goes on"(trainer) {
    const run = trainer.count(400, 1);
    let seen = 0;
    for await (const i of run) {
      seen = i;
      if (i !== 20) continue;
      run.pause();
      assert(run.paused, "it does not say that it is paused");
      await trainer.echo(0); // what was under way has arrived
      const unread = trainer.echo("hello");
      same(await unread, "hello");
      await sleep(100);
      run.resume();
      assert(!run.paused, "it says that it is paused");
    }
    same([seen, await run], [399, "counted"]);
  },

  async "a paused run stands still"(trainer) {
    const run = trainer.count(Infinity, 1);
    const values: number[] = [];
    const reading = rejected(
      (async () => {
        for await (const i of run) values.push(i);
      })(),
    );
    while (values.length < 50) await sleep(1);
    run.pause();
    const counted = await trainer.counted(); // by now it has heard of the pause
    while (values.length < counted) await sleep(1);
    await sleep(100);
    same([await trainer.counted(), values.length], [counted, counted]);
    run.cancel();
    same((await reading).name, "AbortError");
  },

  async "predictions are answered while it trains at full speed"(trainer) {
    const run = trainer.countTurns();
    let [most, turns] = [0, 0];
    const reading = rejected(
      (async () => {
        for await (const steps of run.latest()) [most, turns] = [steps, turns + 1];
      })(),
    );
    for (let i = 0; i < 20; i++) same(await trainer.echo(i), i);
    while (turns < 20) await sleep(1);
    run.cancel();
    await reading;
    // A turn every 8 ms; that a message may miss one is the browsers' say.
    assert(most <= 20, `${most} steps of 1 ms went by without one turn of the event loop`);
  },

  async "latest() gives only the newest, and does not hold the worker up"(trainer) {
    const run = trainer.count(200_000);
    const seen: number[] = [];
    for await (const i of run.latest()) {
      seen.push(i);
      await sleep(5);
    }
    same(await run, "counted");
    assert(seen.length < 20_000, `${seen.length} values came`);
    assert(
      seen.every((value, k) => k === 0 || value > seen[k - 1]!),
      "they are out of order",
    );
    same(seen.at(-1), 199_999);
  },

  async "a slow reader makes the worker wait: no more than the queue is ever unread"(trainer) {
    const run = trainer.count(300_000);
    const reader = run[Symbol.asyncIterator]();
    await reader.next();
    await sleep(50);
    // All that is under way or unread now; a worker that ran away would count to its end.
    const counted = (await Promise.all([trainer.readLog(), trainer.echo(0)]))[0];
    assert(!counted.includes("count(300000) ended"), "the worker ran away");
    for (let i = 1; i < 3000; i++) same((await reader.next()).value, i);
    await reader.return!();
    await rejected(run);
  },

  async "a run that nobody reads does not wait"(trainer) {
    same(await trainer.count(100_000), "counted");
  },

  async "two loops cannot read one run"(trainer) {
    const run = trainer.count(10);
    await gather(run);
    assert((await rejected(gather(run))).message.includes("only one loop"), "a second loop could read");
  },

  async "leaving the loop cancels: finally blocks have run when the promise rejects"(trainer) {
    const run = trainer.count(1_000_001);
    for await (const i of run) if (i === 3) break;
    same((await rejected(run)).name, "AbortError");
    assert((await trainer.readLog()).includes("count(1000001) ended"), "its finally block has not run");
  },

  async "cancel() with a reason: the loop and the promise throw it, also while paused"(trainer) {
    const reason = new TypeError("enough");
    for (const paused of [false, true]) {
      const run = trainer.count(Infinity);
      if (paused) run.pause();
      const reading = rejected(gather(run));
      await trainer.echo(0);
      run.cancel(reason);
      same([(await reading) === reason, (await rejected(run)) === reason], [true, true]);
    }
  },

  async "an AbortSignal among the arguments reaches the method, whether it waits or is a run"(trainer) {
    const controller = new AbortController();
    const waiting = trainer.waits({ signal: controller.signal });
    const run = trainer.fetches({ signal: controller.signal });
    const reading = rejected(gather(run));
    await trainer.echo(0);
    controller.abort(new RangeError("no longer wanted"));
    same((await rejected(waiting)).message, "no longer wanted");
    assert((await reading) === controller.signal.reason, "the run has another reason");
    assert((await trainer.readLog()).includes("waits aborted"), "the method's signal did not abort");
    same((await rejected(trainer.waits({ signal: controller.signal }))).message, "no longer wanted");
  },

  async "an AbortSignal arrives wherever it stands, also twice"(trainer) {
    const { signal } = new AbortController();
    const map = new Map<unknown, unknown>([
      ["a", signal],
      [{}, signal],
      [3, 4],
    ]);
    same(await trainer.contents([0, signal], { first: signal, second: signal }, map, new Set([1, signal, 2])), [
      [0, "signal"],
      ["signal", "signal"],
      ["signal", "signal", 4],
      [1, "signal", 2],
    ]);
  },

  async "errors arrive with class, message, stack and cause"(trainer) {
    const seen: number[] = [];
    const run = trainer.failing();
    const error = await rejected(
      (async () => {
        for await (const value of run) seen.push(value);
      })(),
    );
    same(seen, [1, 2]);
    assert(error instanceof RangeError && error.message === "the third step failed", String(error));
    assert(/failing/.test(error.stack!) && /trainer/.test(error.stack!), `the stack is ${error.stack}`);
    assert(error.cause instanceof ShapeError && error.cause instanceof LanegradError, "the cause is no ShapeError");
    same((await rejected(run)) === error, true);
    const product = await rejected(trainer.badProduct());
    assert(product instanceof ShapeError && /\[2, 3\]/.test(product.message), String(product));
    assert(/badProduct/.test(product.stack!), `the trainer's own line is missing: ${product.stack}`);
    assert(!(product instanceof IndexError) && !(product instanceof AutogradError), "it is of every class");
    same(await rejected(Promise.resolve(trainer.throwsText())), "just a text");
  },

  async "a call of what is not there names what is"(trainer) {
    const error = await rejected((trainer as unknown as { trian(): Promise<void> }).trian());
    assert(error instanceof ArgumentError && /no method trian\(\); it has train, count/.test(error.message), error.message);
    const other = await rejected((trainer as unknown as { toLocaleString(): Promise<void> }).toLocaleString());
    assert(/no method/.test(other.message), other.message);
  },

  async "what cannot be sent is an error that says where it is, on both sides"(trainer) {
    const error = await rejected(trainer.echo({ list: [1, { onStep: () => undefined }] }));
    assert(
      error instanceof ArgumentError && /^echo\(\): argument \[0\]\.list\[1\]\.onStep is a function/.test(error.message),
      error.message,
    );
    const clone = await rejected(trainer.echo(new WeakMap()));
    assert(/^echo\(\): an argument cannot be sent/.test(clone.message) && clone.cause !== undefined, clone.message);
    const run = trainer.sendsAFunction();
    const yielded = await rejected(gather(run));
    assert(/^what sendsAFunction\(\) yielded\.nested\[0\]\.f is a function/.test(yielded.message), yielded.message);
    assert((await trainer.readLog()).includes("sendsAFunction ended"), "its finally block has not run");
    assert(
      /^what model\(\) returned\.best is a model .*Linear.*stateDict\(\)/.test((await rejected(trainer.model())).message),
      "a model was sent",
    );
    same(await trainer.echo(1), 1);
  },

  async "a worker that ends by itself rejects what is pending and what is called later"(trainer) {
    const pending = [trainer.waits(), gather(trainer.count(Infinity, 1)), trainer.end().then(() => trainer.echo(0))].map(rejected);
    for (const error of await Promise.all(pending))
      assert(error instanceof WorkerError && /^the worker ended/.test(error.message), String(error));
    assert((await rejected(trainer.echo(0))) instanceof WorkerError, "a later call did not reject");
  },

  async "terminate() ends what is pending with an AbortError, and says so to later calls"(trainer) {
    const run = trainer.count(Infinity);
    const pending = [rejected(gather(run)), rejected(trainer.waits())];
    await trainer.echo(0);
    trainer.terminate();
    for (const error of await Promise.all(pending)) same(error.name, "AbortError");
    const later = await rejected(trainer.echo(0));
    assert(later instanceof WorkerError && /terminate\(\).*connect\(\) to a new one/.test(later.message), later.message);
    run.cancel();
    run.pause();
  },
};

/** @param start makes a worker of tests/fixtures/trainer.ts. All stories but those that end it share one. */
export function workerCases(start: Start): Case[] {
  let shared: Remote<Trainer> | undefined;
  return Object.entries(STORIES).map(([name, story]) => ({
    name,
    run: () => story(/ ends /.test(name) ? connect<Trainer>(start()) : (shared ??= connect<Trainer>(start()))),
  }));
}
