/** The share of an average that is left of an old digit after each new one: some 600 digits count. */
const FORGET = 0.9985;
/** The same for the speed, per millisecond. */
const FORGET_MS = 0.999;

/** Averages of the last steps, in which old ones count less and less. */
export class Average {
  private weight = 0;
  private loss = 0;
  private accuracy = 0;
  private digits = 0;
  private time = 0;

  /** @param loss and @param accuracy the means of a step's `count` digits */
  add(count: number, loss: number, accuracy: number, ms: number): void {
    const keep = FORGET ** count;
    this.weight = keep * this.weight + (1 - keep);
    this.loss = keep * this.loss + (1 - keep) * loss;
    this.accuracy = keep * this.accuracy + (1 - keep) * accuracy;
    const keepTime = FORGET_MS ** ms;
    this.digits = keepTime * this.digits + count;
    this.time = keepTime * this.time + ms;
  }

  values(): { loss: number; accuracy: number; rate: number } {
    const { weight, loss, accuracy, digits, time } = this;
    return { loss: loss / weight, accuracy: accuracy / weight, rate: (1000 * digits) / time };
  }
}
