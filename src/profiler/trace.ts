import type { Event, MemorySample } from "./recorder.js";

/**
 * The Trace Event Format, which chrome://tracing and Perfetto read: complete events ("X"), nested by their times, and
 * a counter ("C") of the tensor memory. Times in microseconds.
 *
 * Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */
export function traceOf(events: readonly Event[], memory: readonly MemorySample[], dropped: number): string {
  const where = { pid: 1, tid: 1 };
  const titles = [
    { name: "process_name", ph: "M", ...where, args: { name: "lanegrad" } },
    { name: "thread_name", ph: "M", ...where, args: { name: "caller" } },
  ];
  const bars = events.map(({ tally, start, duration, bytes, threads }) => ({
    name: tally.name,
    cat: tally.kind,
    ph: "X",
    ts: start * 1000,
    dur: duration * 1000,
    ...where,
    args: tally.kind === "kernel" ? { threads } : { bytes },
  }));
  const counter = memory.map(({ time, inUse }) => ({ name: "tensor memory", ph: "C", ts: time * 1000, ...where, args: { bytes: inUse } }));
  return JSON.stringify({ displayTimeUnit: "ms", otherData: { droppedEvents: dropped }, traceEvents: [...titles, ...bars, ...counter] });
}
