// Runs a program of the project in the foreground, with the terminal as it is.
import { spawn } from "node:child_process";
import { root } from "./setup/paths.mjs";

const SIGNALS = ["SIGINT", "SIGTERM"];

/** @returns {Promise<number>} its exit status */
export function exec(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    // A Ctrl-C reaches the child by itself, a signal to this process alone does not. Either way, wait for how it ends.
    const passOn = (signal) => void child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, passOn);
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of SIGNALS) process.off(signal, passOn);
      resolve(code ?? 1);
    });
  });
}

/** Runs a script of node_modules with this Node. */
export const execNode = (args, env) => exec(process.execPath, args, env);
