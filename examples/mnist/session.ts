import { join } from "node:path";
import { type Tensor, defaultGenerator, io, type nn, type optim } from "lanegrad";

/** Where training stands: everything that the rest of it depends on. */
export interface Position {
  epoch: number;
  /** Steps of this epoch that are done. */
  step: number;
  /** The generator as the epoch began (it decides the order), and as it is now (dropout). */
  epochRng: Uint8Array;
  rng: Uint8Array;
}

interface Saved extends Position {
  model: Record<string, Tensor>;
  optimizer: Parameters<optim.Optimizer["loadStateDict"]>[0];
  settings: Settings;
}

/** What must be the same when a run goes on. */
export interface Settings {
  seed: number;
  batchSize: number;
  lr: number;
  limit: number;
}

/** The checkpoint of a run, in a folder. */
export class Session {
  readonly checkpoint: string;
  readonly weights: string;

  constructor(
    folder: string,
    private readonly model: nn.Module,
    private readonly optimizer: optim.Optimizer,
    private readonly settings: Settings,
  ) {
    this.checkpoint = join(folder, "checkpoint.safetensors");
    this.weights = join(folder, "mnist.safetensors");
  }

  async save(position: Omit<Position, "rng">): Promise<void> {
    await io.saveCheckpoint(this.checkpoint, {
      ...position,
      rng: defaultGenerator().getState(),
      model: this.model.stateDict(),
      optimizer: this.optimizer.stateDict(),
      settings: this.settings,
    });
  }

  /** Puts everything back as it was. */
  async load(): Promise<Position> {
    const saved = await io.loadCheckpoint<Saved>(this.checkpoint);
    const differing = (Object.keys(this.settings) as (keyof Settings)[]).filter((key) => saved.settings[key] !== this.settings[key]);
    if (differing.length > 0) {
      const list = differing.map((key) => `${key} ${saved.settings[key]} (now ${this.settings[key]})`).join(", ");
      throw new Error(`${this.checkpoint} is of a run with ${list}; pass the same options, or start anew without --resume`);
    }
    this.model.loadStateDict(saved.model);
    this.optimizer.loadStateDict(saved.optimizer);
    defaultGenerator().setState(saved.rng);
    return saved;
  }

  async saveWeights(): Promise<void> {
    await io.saveSafetensors(this.weights, this.model.stateDict());
  }
}
