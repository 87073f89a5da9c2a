import { parseArgs } from "node:util";

export interface Options {
  epochs: number;
  threads: number | undefined;
  seed: number;
  batchSize: number;
  lr: number;
  resume: boolean;
  /** Where the checkpoint and the weights go. */
  out: string;
  /** Train on the first so many digits only; for trying things out. */
  limit: number | undefined;
}

const HELP = `Trains a convolutional net on the 60,000 digits of MNIST and tests it on 10,000 others.

  npm start -- [options]

  --epochs N       passes over the training digits (3)
  --threads N      threads in all (one per core)
  --seed N         seed of the weights, the order and the dropout (1)
  --batch-size N   digits per step (64)
  --lr X           learning rate of Adam (0.001)
  --limit N        train on the first N digits only
  --out FOLDER     where the checkpoint and the weights go (runs/mnist)
  --resume         go on from the checkpoint, bit for bit as if training had not stopped
  --help           this text

Ctrl-C stops after the current step and keeps a checkpoint.`;

/** The options of the command line; null when it only asked for help. Exits with a message on bad ones. */
export function readOptions(args: string[]): Options | null {
  const { values } = parse(args);
  if (values.help) {
    console.log(HELP);
    return null;
  }
  return {
    epochs: whole("epochs", values.epochs ?? "3"),
    threads: values.threads === undefined ? undefined : whole("threads", values.threads),
    seed: whole("seed", values.seed ?? "1", 0),
    batchSize: whole("batch-size", values["batch-size"] ?? "64"),
    lr: positive("lr", values.lr ?? "0.001"),
    resume: values.resume ?? false,
    out: values.out ?? "runs/mnist",
    limit: values.limit === undefined ? undefined : whole("limit", values.limit),
  };
}

function parse(args: string[]) {
  try {
    const text = { type: "string" } as const;
    const flag = { type: "boolean" } as const;
    return parseArgs({
      args,
      options: { epochs: text, threads: text, seed: text, "batch-size": text, lr: text, limit: text, out: text, resume: flag, help: flag },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function whole(name: string, text: string, least = 1): number {
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`--${name} takes a whole number from ${least} on, not ${text}`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : refuse(`--${name} takes a number above 0, not ${text}`);
}

function refuse(message: string): never {
  console.error(`${message}\n\nnpm start -- --help lists the options.`);
  process.exit(2);
}
