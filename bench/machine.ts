import { cpus, totalmem } from "node:os";

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

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Cores that others keep busy, measured over a second. */
async function busyCores(): Promise<number> {
  const sum = (): [busy: number, all: number] => {
    const times = cpus().map(({ times: { idle, ...rest } }) => [Object.values(rest).reduce((a, b) => a + b, 0), idle] as const);
    return times.reduce<[number, number]>(([busy, all], [b, idle]) => [busy + b, all + b + idle], [0, 0]);
  };
  const before = sum();
  await sleep(1);
  const after = sum();
  return (cpus().length * (after[0] - before[0])) / (after[1] - before[1]);
}

const QUIET = 0.15;

/** Waits until the machine is quiet; what to say when it does not become so: times are then too long, and ratios uncertain. */
export async function quietness(patienceSeconds: number): Promise<string | undefined> {
  let busy = await busyCores();
  for (let waited = 1; busy > QUIET && waited < patienceSeconds; waited++) busy = await busyCores();
  if (busy <= QUIET) return undefined;
  return `The machine was not quiet: others kept ${busy.toFixed(1)} cores busy before the start. The times are too long and the ratios uncertain.`;
}
