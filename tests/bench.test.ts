// The bench itself: what it compares must be the same work, and a difference must show.
import { describe, expect, test } from "vitest";
import { start as startLanegrad } from "../bench/lanegrad/peer.js";
import { certain } from "../bench/model.js";
import { start as startPlain } from "../bench/plain/peer.js";
import { rows, titleOf } from "../bench/rows/index.js";
import { type Reply, type Task, answering } from "../bench/serve.js";
import { difference, sketch } from "../bench/sketch.js";

const titles = rows.map(titleOf);
const rowOf = (title: string) => rows[titles.indexOf(title)]!;
const lanegrad = startLanegrad({ threads: 1 }).then(answering);
const plain = startPlain().then(answering);

async function sketchOf(peer: Promise<(task: Task) => Promise<Reply>>, title: string) {
  const reply = await (await peer)({ do: "check", row: certain(rowOf(title)) });
  if (!("sketch" in reply)) throw new Error(`${title}: ${JSON.stringify(reply)}`);
  return reply.sketch;
}

describe("rows", () => {
  test("are plain data, each with a title of its own", () => {
    expect(new Set(titles).size).toBe(rows.length);
    expect(JSON.parse(JSON.stringify(rows))).toEqual(rows);
  });

  test("bars that name a row name one that is there", () => {
    const named = rows.flatMap(({ bar }) => (bar && "row" in bar ? [bar.row] : []));
    expect(named.length).toBeGreaterThan(0);
    for (const title of named) expect(titles).toContain(title);
  });
});

describe("sides", () => {
  test.each(["gemm 64", "reduction softmax 128x1000", "training MLP 784-256-128-10, batch 64, Adam"])("agree on %s", async (title) => {
    const [ours, theirs] = await Promise.all([sketchOf(lanegrad, title), sketchOf(plain, title)]);
    expect(difference(theirs, ours)).toBeLessThan(1e-4);
  });

  test("a row that one lacks is missing there, not wrong", async () => {
    expect(await (await plain)({ do: "check", row: rowOf("data sort 10^5") })).toEqual({ missing: "plain JavaScript has no sort" });
  });

  test("samples are seconds of one run", async () => {
    const task = { do: "time", row: rowOf("gemm 64"), effort: { seconds: 0.02, minSamples: 2 } } as const;
    const reply = await (await lanegrad)(task);
    const samples = "samples" in reply ? reply.samples : [];
    expect(samples.length).toBeGreaterThan(0);
    for (const seconds of samples) expect(seconds).toBeGreaterThan(0);
  });
});

describe("a sketch shows", () => {
  const result = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i));

  test("one wrong element anywhere", () => {
    for (const at of [0, 1, 2499, 4999]) {
      const wrong = result.slice();
      wrong[at]! += 1;
      expect(difference(sketch(result), sketch(wrong))).toBeGreaterThan(1e-3);
    }
  });

  test("another length, and NaN", () => {
    expect(difference(sketch(result), sketch(result.slice(1)))).toBe(Infinity);
    expect(difference(sketch(result), sketch(result.map((x, i) => (i === 7 ? NaN : x))))).toBe(Infinity);
  });
});
