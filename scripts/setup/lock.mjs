// A lock file, so that two builds at once wait for each other instead of writing over each other's files.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./paths.mjs";

/** Runs `work` while no other process holds `file`. The lock of a process that died is taken over. */
export async function withLock(file, work) {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  while (!tryLock(path)) await sleep(100);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path) {
  try {
    const fd = openSync(path, "wx");
    writeSync(fd, String(process.pid));
    closeSync(fd);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!alive(owner(path))) rmSync(path, { force: true });
  return false;
}

function owner(path) {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return 0; // just released
  }
}

function alive(pid) {
  if (!pid) return true; // its owner has yet to write its id
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
