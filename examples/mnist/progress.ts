import { SingleBar } from "cli-progress";

/** The bar of one epoch: loss, images per second, time left. Plain lines now and then where there is no terminal. */
export class EpochBar {
  private readonly started = performance.now();
  private readonly bar: SingleBar;
  private smooth = NaN;
  private done: number;

  constructor(
    epoch: number,
    private readonly total: number,
    private readonly first: number,
  ) {
    this.done = first;
    this.bar = new SingleBar({
      format: `epoch ${epoch} {bar} {percentage} % | loss {loss} | {rate} images/s | {left} left`,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 30,
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 5000,
    });
    this.bar.start(total, first, this.payload());
  }

  advance(images: number, loss: number): void {
    this.done += images;
    this.smooth = Number.isNaN(this.smooth) ? loss : 0.98 * this.smooth + 0.02 * loss;
    this.bar.update(this.done, this.payload());
  }

  /** Images per second so far. */
  get rate(): number {
    return (this.done - this.first) / ((performance.now() - this.started) / 1000);
  }

  get loss(): number {
    return this.smooth;
  }

  stop(): void {
    this.bar.stop();
  }

  private payload(): { loss: string; rate: string; left: string } {
    const { rate } = this;
    const seconds = rate > 0 ? (this.total - this.done) / rate : NaN;
    const left = Number.isFinite(seconds) ? `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}` : "–:––";
    return { loss: Number.isNaN(this.smooth) ? "–" : this.smooth.toFixed(4), rate: rate > 0 ? rate.toFixed(0) : "–", left };
  }
}
