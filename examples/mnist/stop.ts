/** npm hands a Ctrl-C on that the terminal has already sent to all: what comes at the same moment is the same request. */
const SAME_MS = 500;

/** Whether Ctrl-C or SIGTERM has asked to stop. Asked again, the process ends at once. */
export class StopRequest {
  signal: "SIGINT" | "SIGTERM" | null = null;
  private since = 0;

  constructor() {
    process.on("SIGINT", () => this.ask("SIGINT"));
    process.on("SIGTERM", () => this.ask("SIGTERM"));
  }

  /** 128 + the signal's number, so that a caller does not take a stopped training for a finished one. */
  get exitCode(): number {
    return this.signal === "SIGTERM" ? 143 : 130;
  }

  private ask(signal: "SIGINT" | "SIGTERM"): void {
    if (this.signal && performance.now() - this.since > SAME_MS) process.exit(this.exitCode);
    if (this.signal) return;
    this.signal = signal;
    this.since = performance.now();
  }
}
