import { notice, withdraw } from "./notices.js";
import type { Trainer } from "./session.js";

/** The 60,000 digits to train on: 9.6 MB, so they come after all else, and with a bar. */
export class TrainingDigits {
  private loading: Promise<void> | null = null;

  constructor(
    private readonly trainer: Trainer,
    private readonly folder: string,
    private readonly tell: { progress: (share: number) => void; here: () => void },
  ) {}

  /** Resolves when they are here; after a failure it tries again. @throws when they cannot be had: the page says so then */
  ready(): Promise<void> {
    return (this.loading ??= this.load().catch((error: unknown) => {
      this.loading = null;
      notice("train-digits", "The digits to train on could not be loaded. All else on this page works.", {
        details: error,
        action: { text: "Try again", run: () => void this.ready().catch(() => undefined) },
      });
      throw error;
    }));
  }

  private async load(): Promise<void> {
    const run = this.trainer.loadTrain(this.folder);
    for await (const share of run) this.tell.progress(share);
    await run;
    withdraw("train-digits");
    this.tell.here();
  }
}
