import { type Storage, collecting } from "./storage.js";

let enabled = true;

/** Whether ops are being recorded for backward. */
export function isGradEnabled(): boolean {
  return enabled;
}

export function withGrad<R>(on: boolean, fn: () => R): R {
  const before = enabled;
  enabled = on;
  try {
    return fn();
  } finally {
    enabled = before;
  }
}

/** Switches recording for the rest of the program (or until switched again). */
export function setGradEnabled(on: boolean): void {
  enabled = on;
}

/**
 * Runs `fn` without recording, as `with torch.no_grad():` does.
 *
 * What it made counts as garbage from then on: it stays readable, but leaves WebAssembly memory first.
 */
export function noGrad<R>(fn: () => R): R {
  return collecting(() => withGrad(false, fn), spend);
}

const spend = (storage: Storage): void => void (storage.spent = true);

/** Runs `fn` with recording, inside a `noGrad` too. */
export function enableGrad<R>(fn: () => R): R {
  return withGrad(true, fn);
}
