import { notice, withdraw } from "./notices.js";

/** Something big that is fetched when it is first asked for. If that fails the page says so, and offers to try again. */
export class Fetched {
  private loading: Promise<void> | null = null;

  /**
   * @param lack what the page cannot do without it, as a sentence
   * @param again what the visitor's "Try again" does
   */
  constructor(
    private readonly lack: string,
    private readonly load: () => Promise<unknown>,
    private readonly again: () => void,
  ) {}

  /** Resolves when it is here; after a failure it is fetched anew. @throws when it cannot be had: the page says so then */
  ready(): Promise<void> {
    return (this.loading ??= this.load().then(
      () => withdraw(this.lack),
      (error: unknown) => {
        this.loading = null;
        notice(this.lack, this.lack, { details: error, action: { text: "Try again", run: this.again } });
        throw error;
      },
    ));
  }
}
