// Runs a program of the project in the foreground, with the terminal as it is.
import { spawn } from "node:child_process";
import { root } from "./setup/paths.mjs";

/** @returns {Promise<number>} its exit status */
export function exec(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Runs a script of node_modules with this Node. */
export const execNode = (args, env) => exec(process.execPath, args, env);
