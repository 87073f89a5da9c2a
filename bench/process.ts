// The runner's end of a peer in a process of its own.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Reply, Task } from "./serve.js";

/** A side that is running and answers tasks one at a time. */
export interface Running {
  /** An error as reply when that takes longer than `patience`, in seconds: the side has then been ended. */
  ask: (task: Task, patience: number) => Promise<Reply>;
  stop: () => void | Promise<void>;
}

/** A side that takes longer does not start. */
const START_SECONDS = 120;

export const root = fileURLToPath(new URL("..", import.meta.url));

export async function startProcess(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } });
  const next = replies(child);
  const first = await next(START_SECONDS);
  if (first !== "ready") {
    child.kill();
    throw new Error(typeof first === "string" ? first : "error" in first ? first.error : "unexpected answer");
  }
  return {
    ask(task, patience) {
      child.stdin.write(`${JSON.stringify(task)}\n`);
      return next(patience) as Promise<Reply>;
    },
    stop: () => void child.kill(),
  };
}

/** The next reply each time; an error as reply when the process ends or takes too long. */
function replies(child: ChildProcessWithoutNullStreams): (patience: number) => Promise<Reply | "ready"> {
  let stderr = "";
  let deliver: ((reply: Reply | "ready") => void) | undefined;
  let ended: string | undefined;
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-4000)));
  child.stdin.on("error", () => undefined); // its end is told by "close"
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith(`{"reply"`)) deliver?.((JSON.parse(line) as { reply: Reply | "ready" }).reply);
  });
  const end = (why: string): void => {
    ended = `${why}${stderr ? `: ${lastLine(stderr)}` : ""}`;
    deliver?.({ error: ended });
  };
  child.on("error", (error) => end(`did not start: ${error.message}`));
  child.on("close", (code, signal) => end(`its process ended with ${signal ?? `status ${code}`}`));
  return (patience) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        child.kill("SIGKILL");
        resolve({ error: `took over ${patience} s` });
      }, patience * 1000);
      deliver = (reply) => {
        clearTimeout(timer);
        resolve(reply);
      };
      if (ended !== undefined) deliver({ error: ended });
    });
}

/** Of a trace the line that says what is wrong. */
const lastLine = (text: string): string => {
  const lines = text.trim().split("\n");
  return (
    lines
      .filter((line) => /error/i.test(line))
      .at(-1)
      ?.trim() ??
    lines.at(-1) ??
    ""
  );
};
