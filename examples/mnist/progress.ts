import { SingleBar } from "cli-progress";
import { cyan, dim } from "./style.js";

/** The bar of one epoch: loss, images per second, time left. Where there is no terminal, a plain line now and then. */
export class EpochBar {
  private readonly started = performance.now();
  private readonly bar: SingleBar;
  private smooth = NaN;
  private done: number;

  constructor(
    epoch: number,
    epochs: number,
    private readonly total: number,
    private readonly first: number,
  ) {
    this.done = first;
    const picture = process.stdout.isTTY ? ` ${cyan("{bar}")}` : "";
    this.bar = new SingleBar({
      stream: process.stdout,
      format: `Epoch ${epoch}/${epochs}${picture} {percentage} %  ${dim("loss")} {loss}  {rate} ${dim("images/s")}  {time}`,
      barCompleteChar: "━",
      barIncompleteChar: "┄",
      barsize: 20,
      autopadding: true,
      autopaddingChar: "   ",
      hideCursor: true,
      noTTYOutput: true,
      notTTYSchedule: 5000,
      gracefulExit: false, // who asks to stop gets a checkpoint first
    });
    this.bar.start(total, first, this.payload());
    process.on("exit", this.stop); // the cursor is hidden
  }

  advance(images: number, loss: number): void {
    this.done += images;
    this.smooth = Number.isNaN(this.smooth) ? loss : 0.98 * this.smooth + 0.02 * loss;
    this.bar.update(this.done, this.payload());
  }

  readonly stop = (): void => {
    process.off("exit", this.stop);
    this.bar.stop();
  };

  private payload(): { loss: string; rate: string; time: string } {
    const seconds = (performance.now() - this.started) / 1000;
    const rate = (this.done - this.first) / seconds;
    const known = this.done > this.first;
    const left = known ? `${clock((this.total - this.done) / rate)} left` : "";
    return {
      loss: known ? this.smooth.toFixed(4) : "–",
      rate: known ? rate.toFixed(0) : "–",
      time: this.done === this.total ? `in ${clock(seconds)}` : left,
    };
  }
}

const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
