import { parseArgs } from "node:util";
import { type Settings, defaults } from "./checkpoint.js";

export interface Options {
  /** The settings that the command line names. */
  given: Partial<Settings>;
  threads: number | undefined;
  resume: boolean;
  /** Where the checkpoint and the weights go. */
  folder: string;
}

export const DEFAULT_FOLDER = "runs/mnist";

const HELP = `Trains a convolutional net on the 60,000 digits of MNIST and tests it on 10,000 others.

  npm start -- [options]

  --epochs N       passes over the training digits (${defaults.epochs})
  --threads N      threads in all (one per core)
  --seed N         seed of the weights, the order and the dropout (${defaults.seed})
  --batch-size N   digits per step (${defaults.batchSize})
  --lr X           learning rate of Adam (${defaults.lr})
  --limit N        train on the first N digits only (all)
  --out FOLDER     where the checkpoint and the weights go (${DEFAULT_FOLDER})
  --resume         go on from the checkpoint, bit for bit as if training had not stopped
  --help           this text

Ctrl-C stops after the current step and keeps a checkpoint; the exit code is then 130 (143 after SIGTERM).`;

/** The options of the command line; null when it only asked for help. Ends the process with a message on bad ones. */
export function readOptions(args: string[]): Options | null {
  const values = parse(args);
  if (values.help) {
    console.log(HELP);
    return null;
  }
  const given: Partial<Settings> = {};
  if (values.epochs !== undefined) given.epochs = whole("epochs", values.epochs);
  if (values.seed !== undefined) given.seed = whole("seed", values.seed, 0);
  if (values["batch-size"] !== undefined) given.batchSize = whole("batch-size", values["batch-size"]);
  if (values.lr !== undefined) given.lr = positive("lr", values.lr);
  if (values.limit !== undefined) given.limit = whole("limit", values.limit);
  const threads = values.threads === undefined ? undefined : whole("threads", values.threads);
  return { given, threads, resume: values.resume ?? false, folder: values.out || DEFAULT_FOLDER };
}

function parse(args: string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const options = {
    epochs: text,
    threads: text,
    seed: text,
    "batch-size": text,
    lr: text,
    limit: text,
    out: text,
    resume: flag,
    help: flag,
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    return refuse((error as Error).message.split("\n", 1)[0]!);
  }
}

function whole(name: string, text: string, least = 1): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= least ? value : refuse(`--${name} takes a whole number from ${least} on, not "${text}"`);
}

function positive(name: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : refuse(`--${name} takes a number above 0, not "${text}"`);
}

function refuse(message: string): never {
  console.error(`${message}; npm start -- --help lists the options`);
  process.exit(2);
}
