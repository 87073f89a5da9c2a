import { cpus, loadavg, totalmem } from "node:os";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  node: string;
  v8: string;
  platform: string;
}

export function machine(): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? "unknown",
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** Programs that wanted a core, on average over the last minute. */
export const load = (): number => loadavg()[0]!;

/** What to say when others use the machine: times are then too long, and ratios uncertain. */
export function quietness(before: number): string | undefined {
  if (before < 0.5) return undefined;
  return `The machine was not quiet: load average ${before.toFixed(2)} before the start. The times are too long and the ratios uncertain.`;
}
