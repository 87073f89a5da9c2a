import type { Browser, Page } from "playwright-core";

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  args: { name?: string };
  /** Microseconds that the thread ran: what others took of the core is not in it. */
  tdur?: number;
}

/**
 * Milliseconds of the longest task of the page's main thread during some work.
 *
 * The browser's own "longtask" entries count the time on the clock, which on a busy machine is mostly that of others.
 */
export async function longestTask(browser: Browser, page: Page, work: () => Promise<void>): Promise<number> {
  await browser.startTracing(page, { categories: ["toplevel"] });
  let trace: Buffer;
  try {
    await work();
  } finally {
    trace = await browser.stopTracing(); // also when the work has failed: a browser has one trace at a time
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const key = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const main = new Set(traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(key));
  const tasks = traceEvents.filter((event) => main.has(key(event)) && event.ph === "X" && event.name.endsWith("RunTask"));
  const took = tasks.flatMap(({ tdur }) => tdur ?? []);
  if (took.length === 0) throw new Error("the trace has no times of tasks of a main thread");
  return Math.max(...took) / 1000;
}
