let on = false;

/**
 * With anomaly detection, backward() stops at the first gradient that is NaN and says which op it came from and
 * where in the program that op was called. Slow: for finding a fault, not for training.
 */
export function setDetectAnomaly(enabled: boolean): void {
  on = enabled;
}

export function isAnomalyEnabled(): boolean {
  return on;
}

/** Runs `fn` with anomaly detection. */
export function detectAnomaly<R>(fn: () => R): R {
  const before = on;
  on = true;
  try {
    return fn();
  } finally {
    on = before;
  }
}

/** Where the running op was called; null while detection is off. */
export function anomalyStack(): string | null {
  if (!on) return null;
  const lines = (new Error().stack ?? "").split("\n").slice(1);
  return lines.filter((line) => !/[\\/]core[\\/](op|dispatch|record|in-place|anomaly|engine)\.[jt]s/.test(line)).join("\n");
}
