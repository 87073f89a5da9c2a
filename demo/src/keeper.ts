import { element } from "./dom.js";
import { messageOf, notice, withdraw } from "./notices.js";
import { type Kept, store } from "./store.js";

const EVERY_MS = 10_000;

/** Keeps the run in this browser, now and then, and says so; and says when the browser refuses. */
export class Keeper {
  private timer = 0;
  /** When all that was asked for until now is kept, or refused. */
  private saved = Promise.resolve();
  private waiting = 0;

  /** @param collect what to keep; @param saveFile what a visitor can do when nothing can be kept */
  constructor(
    private readonly collect: () => Promise<Kept>,
    private readonly saveFile: () => void,
  ) {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden && this.timer) void this.now();
    });
    element("forget").addEventListener("click", () => void this.forget());
  }

  /** What is kept from last time. Where nothing can be, training is not held up by it. */
  async load(): Promise<Kept | undefined> {
    try {
      return await store.load();
    } catch (error) {
      this.refused(error);
      return undefined;
    }
  }

  /** There is something new to keep. */
  soon(): void {
    this.timer ||= window.setTimeout(() => void this.now(), EVERY_MS);
  }

  /** Keeps what there is now: what is being written already may be older. */
  now(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    this.wait(1);
    return (this.saved = this.saved.then(() => this.save()).finally(() => this.wait(-1)));
  }

  private wait(more: 1 | -1): void {
    this.waiting += more;
    element("kept").setAttribute("aria-busy", String(this.waiting > 0));
  }

  private async save(): Promise<void> {
    try {
      await store.save(await this.collect());
      withdraw("store");
      this.said(`Kept in this browser at ${new Date().toTimeString().slice(0, 8)}.`, true);
    } catch (error) {
      this.refused(error);
    }
  }

  private async forget(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = 0;
    try {
      await store.forget();
      this.said("This browser has forgotten them. What is on the page is still there, and is kept again once it is trained on.", false);
    } catch (error) {
      this.refused(error);
    }
  }

  private refused(error: unknown): void {
    const full = error instanceof DOMException && error.name === "QuotaExceededError";
    const why = full ? "its storage is full" : "as in a private window";
    this.said("Not kept: the browser refuses.", false);
    notice("store", `This browser does not keep the weights (${why}). Training is not affected; to have them later, save them as a file.`, {
      details: messageOf(error),
      action: { text: "Save weights", run: this.saveFile },
    });
  }

  private said(text: string, kept: boolean): void {
    element("kept").textContent = text;
    element("forget").hidden = !kept;
  }
}
