// Runs commands for a step: output goes to the step's log, and a failure carries the log's end.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, appendFileSync, constants, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root, setupDir } from "./paths.mjs";

export class StepError extends Error {
  /** @param help what the user can do about it */
  constructor(message, help, log) {
    super(message);
    this.help = help;
    this.log = log;
  }
}

/** A runner whose commands log to .setup/<name>.log. */
export function runner(name) {
  mkdirSync(setupDir, { recursive: true });
  const log = join(setupDir, `${name}.log`);
  writeFileSync(log, "");
  return (command, args, { env = process.env, cwd = root, help } = {}) =>
    new Promise((resolve, reject) => {
      appendFileSync(log, `$ ${[command, ...args].join(" ")}\n`);
      const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
      children.add(child);
      const write = (chunk) => appendFileSync(log, chunk);
      child.stdout.on("data", write);
      child.stderr.on("data", write);
      const fail = (why) => reject(new StepError(`${command} ${why}\n${tail(log)}`, help, log));
      child.on("error", (error) => fail(`did not start: ${error.message}`));
      child.on("close", (code, signal) => {
        children.delete(child);
        if (code === 0) resolve();
        else fail(`ended with ${signal ?? `status ${code}`}`);
      });
    });
}

const children = new Set();

/** Ends the commands still running, so that a failed set-up leaves nothing behind. */
export function stopAll() {
  for (const child of children) child.kill();
}

const tail = (log) => readFileSync(log, "utf8").trimEnd().split("\n").slice(-25).join("\n");

/** What a command prints, trimmed; undefined if it is missing or fails. */
export function output(command, args, options = {}) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", timeout: 60_000, ...options });
  return status === 0 ? stdout.trim() : undefined;
}

/** Full path of a program on PATH, or undefined. */
export function which(program, path = process.env.PATH ?? "") {
  for (const dir of path.split(delimiter)) {
    const file = join(dir, program + (process.platform === "win32" ? ".exe" : ""));
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
