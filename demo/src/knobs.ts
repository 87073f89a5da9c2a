import { element } from "./dom.js";
import type { Settings } from "./worker/service.js";

const RATES = [0.00001, 0.00003, 0.0001, 0.0002, 0.0003, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.03, 0.1];
const SIZES = [8, 16, 32, 64, 128, 256, 512];

/** The two things to play with, also while it trains. */
export class Knobs {
  private readonly lr = new Knob("lr", RATES);
  private readonly batchSize = new Knob("batch", SIZES);

  constructor(changed: (settings: Settings) => void) {
    for (const knob of [this.lr, this.batchSize]) knob.onChange(() => changed(this.settings));
  }

  get settings(): Settings {
    return { lr: this.lr.value, batchSize: this.batchSize.value };
  }

  set settings({ lr, batchSize }: Settings) {
    this.lr.value = lr;
    this.batchSize.value = batchSize;
  }
}

/** A slider over a list of numbers. */
class Knob {
  private readonly input: HTMLInputElement;

  constructor(
    private readonly id: string,
    private readonly values: readonly number[],
  ) {
    this.input = element<HTMLInputElement>(id);
    this.input.max = String(values.length - 1);
    this.say();
  }

  get value(): number {
    return this.values[Number(this.input.value)]!;
  }

  set value(value: number) {
    const at = this.values.indexOf(value);
    if (at >= 0) this.input.value = String(at);
    this.say();
  }

  onChange(changed: () => void): void {
    this.input.addEventListener("input", () => {
      this.say();
      changed();
    });
  }

  private say(): void {
    const text = this.value.toFixed(5).replace(/\.?0+$/, "");
    element(`${this.id}-value`).textContent = text;
    this.input.setAttribute("aria-valuetext", text);
  }
}
