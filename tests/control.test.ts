import { expect, test } from "vitest";
import { CHUNKS, DONE, TICKET, claim, createControl, finish, tagOf, ticketOf, unfinished } from "../src/runtime/control.js";

/** A job of so many chunks, as the pool publishes it. */
function publish(ints: Int32Array, seq: number, chunks: number): number {
  const tag = tagOf(seq);
  ints[CHUNKS] = chunks;
  Atomics.store(ints, DONE, tag);
  Atomics.store(ints, TICKET, ticketOf(tag, chunks));
  return tag;
}

test("each chunk is claimed once, in order, and the last to finish knows it", () => {
  const { ints } = createControl();
  const tag = publish(ints, 1, 3);
  expect([0, 1, 2, 3].map(() => claim(ints, tag, 3))).toEqual([0, 1, 2, -1]);
  expect([finish(ints, tag, 1), finish(ints, tag, 0)]).toEqual([1, 2]);
  expect(unfinished(ints, tag, 3)).toEqual([2]);
  expect(finish(ints, tag, 2)).toBe(3);
});

test("a late waker that read the next job's fields while they were written claims nothing of the old job", () => {
  const { ints } = createControl();
  const old = publish(ints, 7, 4);
  while (claim(ints, old, 4) >= 0);
  ints[CHUNKS] = 8; // the next job, half written: TICKET is still the old one's
  expect(claim(ints, old, ints[CHUNKS])).toBe(-1);
  const next = publish(ints, 8, 8);
  expect(claim(ints, old, 8)).toBe(-1);
  expect(claim(ints, next, 8)).toBe(0);
});

test("the tag of a sequence number that has wrapped around still matches", () => {
  const { ints } = createControl();
  const tag = publish(ints, 2 ** 31 - 1, 255);
  expect(claim(ints, tag, 255)).toBe(0);
});
