// Shows steps while they run: on a terminal one line that moves, elsewhere one plain line per step.
import { stopAll } from "./run.mjs";

const tty = process.stderr.isTTY;
const running = new Map();
const frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
let ticks = 0;
let timer;

const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(0)} s`;

function draw() {
  const all = [...running].map(([title, start]) => `${title} ${seconds(start)}`).join(" · ");
  const width = (process.stderr.columns ?? 80) - 1;
  process.stderr.write(`\r\x1b[K${`${frames[ticks++ % frames.length]} ${all}`.slice(0, width)}`);
}

function line(text) {
  process.stderr.write(tty ? `\r\x1b[K${text}\n` : `${text}\n`);
}

/** Runs `work`, showing `title` and how long it takes. Steps may run side by side. */
export async function step(title, work) {
  const start = performance.now();
  running.set(title, start);
  if (tty) timer ??= setInterval(draw, 100);
  else line(`… ${title}`);
  try {
    const result = await work();
    line(`✓ ${title} (${seconds(start)})`);
    return result;
  } catch (error) {
    if (!error.shown) line(`✗ ${title} (${seconds(start)})`);
    error.shown = true;
    throw error;
  } finally {
    running.delete(title);
    if (running.size === 0) {
      clearInterval(timer);
      timer = undefined;
      if (tty) process.stderr.write("\r\x1b[K");
    }
  }
}

/** An error of a step as text: what failed, the end of its log, and what to do. */
export function describe(error) {
  if (error.help === undefined && error.log === undefined) return error.stack ?? String(error);
  return [error.message, error.help && `What to do: ${error.help}`, error.log && `Full log: ${error.log}`].filter(Boolean).join("\n\n");
}

/** Runs a script's main function; an error is told once, with what to do, and ends the process with status 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    stopAll();
    clearInterval(timer);
    line(`\n${describe(error)}`);
    process.exit(1);
  }
}
