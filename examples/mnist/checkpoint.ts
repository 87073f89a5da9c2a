import { existsSync } from "node:fs";
import { join } from "node:path";
import { FormatError, type Tensor, defaultGenerator, io, loadCheckpoint, type nn, type optim, saveCheckpoint } from "lanegrad";

/** What decides every number of a run. */
export interface Settings {
  epochs: number;
  seed: number;
  batchSize: number;
  lr: number;
  /** Digits to train on, at most. */
  limit: number;
}

export const defaults: Settings = { epochs: 3, seed: 1, batchSize: 64, lr: 0.001, limit: 60000 };

/** Where training stands. */
export interface Position {
  epoch: number;
  /** Steps of this epoch that are done. */
  step: number;
  /** In the midst of an epoch: the random generator as the epoch began, which gives its order. */
  order: Uint8Array | null;
}

export interface Saved {
  example: string;
  settings: Settings;
  position: Position;
  /** The random generator as it was, for the dropout to come. */
  random: Uint8Array;
  model: Record<string, Tensor>;
  optimizer: ReturnType<optim.Optimizer["stateDict"]>;
}

const EXAMPLE = "mnist";
const fileIn = (folder: string): string => join(folder, "checkpoint.safetensors");

/** The checkpoint in a folder. @throws when there is none, or it is damaged or another program's */
export async function readCheckpoint(folder: string): Promise<Saved> {
  const file = fileIn(folder);
  if (!existsSync(file)) throw new Error(`There is no checkpoint ${file} to go on from; start anew without --resume`);
  const saved = await loadCheckpoint<Partial<Saved>>(file);
  if (saved.example !== EXAMPLE) throw new FormatError(`${file} is a checkpoint, but not one of this example; start anew without --resume`);
  return saved as Saved;
}

/** A checkpoint's settings, else the defaults; on top, what was given. A run that goes on may only get more epochs. */
export function settingsOf(saved: Saved | null, given: Partial<Settings>): Settings {
  if (!saved) return { ...defaults, ...given };
  const { settings, position } = saved;
  for (const key of Object.keys(given) as (keyof Settings)[]) {
    if (key !== "epochs" && given[key] !== settings[key])
      throw new Error(
        `The run to resume has ${key} ${settings[key]}, not ${given[key]}; leave that option out, or start anew without --resume`,
      );
  }
  const epochs = given.epochs ?? settings.epochs;
  const begun = position.step > 0 ? position.epoch : position.epoch - 1;
  if (epochs < begun) throw new Error(`The run to resume is past epoch ${epochs} already; --epochs must be at least ${begun}`);
  return { ...settings, epochs };
}

/** Everything that the rest of a training depends on, in a file. */
export class Checkpoint {
  readonly file: string;
  readonly weights: string;

  constructor(
    folder: string,
    private readonly settings: Settings,
    private readonly model: nn.Module,
    private readonly optimizer: optim.Optimizer,
  ) {
    this.file = fileIn(folder);
    this.weights = join(folder, "mnist.safetensors");
  }

  async save(position: Position): Promise<void> {
    const random = defaultGenerator().getState();
    const { settings, model, optimizer } = this;
    const saved: Saved = { example: EXAMPLE, settings, position, random, model: model.stateDict(), optimizer: optimizer.stateDict() };
    await saveCheckpoint(this.file, saved);
  }

  /** Puts everything back as it was, and says where that is. */
  restore({ model, optimizer, random, position }: Saved): Position {
    this.model.loadStateDict(model);
    this.optimizer.loadStateDict(optimizer);
    defaultGenerator().setState(random);
    return position;
  }

  /** The weights alone, for PyTorch and others. */
  async saveWeights(): Promise<void> {
    await io.saveSafetensors(this.weights, this.model.stateDict());
  }
}
