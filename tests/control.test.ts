import { expect, test } from "vitest";
import {
  CHUNKS,
  MEMBERS,
  boundary,
  claim,
  claimOn,
  createControl,
  finish,
  open,
  placeOf,
  share,
  tagOf,
  unfinished,
} from "../src/runtime/control.js";

/** The control block of a pool of so many threads. */
function control(members = 2): Int32Array {
  const { ints } = createControl();
  ints[MEMBERS] = members;
  return ints;
}

/** A job of so many chunks, as the pool publishes it. */
function publish(ints: Int32Array, seq: number, chunks: number): number {
  const tag = tagOf(seq);
  ints[CHUNKS] = chunks;
  open(ints, tag, chunks);
  return tag;
}

test("each chunk is claimed once, in order from a place on, and the last to finish knows it", () => {
  const ints = control();
  const tag = publish(ints, 1, 3);
  expect([0, 1, 2, 3].map(() => claim(ints, tag, 3, 1))).toEqual([1, 2, 0, -1]);
  expect([finish(ints, tag, 1), finish(ints, tag, 0)]).toEqual([1, 2]);
  expect(unfinished(ints, tag, 3)).toEqual([2]);
  expect(finish(ints, tag, 2)).toBe(3);
});

test("a thread begins with most of its own share in one call, then takes what is left, chunk by chunk", () => {
  const ints = control(2);
  const tag = publish(ints, 1, 8);
  const calls: [number, number][] = [];
  expect(share(ints, tag, 8, 1, (first, end) => calls.push([first, end]))).toBe(true);
  expect(calls).toEqual([[4, 7], [7, 8], [0, 1], [1, 2], [2, 3], [3, 4]]); // prettier-ignore
  expect(unfinished(ints, tag, 8)).toEqual([]);
});

test("a thread whose share another one has begun takes no more than a chunk at a time", () => {
  const ints = control(2);
  const tag = publish(ints, 1, 8);
  expect([claim(ints, tag, 8, 4), claimOn(ints, tag, 0, 2)]).toEqual([4, 2]);
  const calls: [number, number][] = [];
  expect(share(ints, tag, 8, 1, (first, end) => calls.push([first, end]))).toBe(false);
  expect(calls).toEqual([[5, 8], [0, 1], [2, 3], [3, 4]]); // prettier-ignore
  expect(unfinished(ints, tag, 8)).toEqual([1, 4]);
});

test.each([1, 2, 3, 5, 8, 63])("%i threads share all, none has a place beyond the end, whatever the number of chunks", (members) => {
  for (const chunks of [1, 2, 3, 7, 8, 31, 255]) {
    const ints = control(members);
    const tag = publish(ints, 9, chunks);
    const times = new Array<number>(chunks).fill(0);
    let last = 0;
    for (let member = members - 1; member >= 0; member--) {
      expect(placeOf(ints, member, chunks)).toBeLessThan(chunks);
      if (share(ints, tag, chunks, member, (first, end) => times.fill(1, first, end))) last++;
    }
    expect([times.every((n) => n === 1), last]).toEqual([true, 1]);
  }
});

test("chunks cover the range without a gap, at multiples of the grain, and differ by one grain at most", () => {
  for (const [total, grain] of [
    [20, 1],
    [1000, 16],
    [17, 4],
    [8, 8],
  ] as const)
    // prettier-ignore
    for (let chunks = 1; chunks <= Math.ceil(total / grain); chunks++) {
      const bounds = Array.from({ length: chunks + 1 }, (_, i) => boundary(i, chunks, total, grain));
      expect([bounds[0], bounds[chunks]]).toEqual([0, total]);
      const sizes = bounds.slice(1).map((end, i) => end - bounds[i]!);
      expect(bounds.slice(0, -1).every((begin) => begin % grain === 0)).toBe(true);
      expect(Math.max(...sizes) - Math.min(...sizes.slice(0, -1), Math.max(...sizes))).toBeLessThanOrEqual(grain);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
    }
});

test("a late waker that read the next job's fields while they were written claims nothing of the old job", () => {
  const ints = control();
  const old = publish(ints, 7, 4);
  while (claim(ints, old, 4, 0) >= 0);
  ints[CHUNKS] = 8; // the next job, half written: its chunks are not open yet
  expect(claim(ints, old, ints[CHUNKS], 0)).toBe(-1);
  const next = publish(ints, 8, 8);
  expect(claim(ints, old, 8, 0)).toBe(-1);
  expect(claim(ints, next, 8, 0)).toBe(0);
});

test("a worker that was given up, and finishes its chunk after all, changes nothing of the next job", () => {
  const ints = control();
  const old = publish(ints, 7, 2);
  expect(claim(ints, old, 2, 0)).toBe(0);
  const next = publish(ints, 8, 2);
  expect(finish(ints, old, 0)).toBe(-1);
  expect(unfinished(ints, next, 2)).toEqual([0, 1]);
  expect([claim(ints, next, 2, 0), finish(ints, next, 0)]).toEqual([0, 1]);
});

test("the tag of a sequence number that has wrapped around still matches", () => {
  const ints = control();
  const tag = publish(ints, 2 ** 31 - 1, 255);
  expect(claim(ints, tag, 255, 0)).toBe(0);
  expect(finish(ints, tag, 0)).toBe(1);
});
