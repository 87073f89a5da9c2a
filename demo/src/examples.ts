import { onRepaint } from "./colours.js";
import { paintDigit } from "./digit.js";
import { element, make } from "./dom.js";
import { type TestDigits, pixelsOf } from "./gallery.js";

const DIGITS = [...Array(10).keys()];

/** Ten test digits to take instead of drawing one: buttons, or the keys 0 to 9 on the pad. Each time another one. */
export class Examples {
  private readonly next = new Array<number>(10).fill(0);
  private readonly canvases: HTMLCanvasElement[];
  private readonly shown: number[];
  private readonly byDigit: number[][];

  constructor(
    private readonly digits: TestDigits,
    private readonly look: (index: number) => void,
  ) {
    this.byDigit = DIGITS.map((digit) => [...digits.labels.keys()].filter((i) => digits.labels[i] === digit));
    this.shown = this.byDigit.map((indices) => indices[0]!);
    this.canvases = DIGITS.map(() => make("canvas", {}));
    const buttons = DIGITS.map((digit) => {
      const button = make("button", { type: "button", "aria-label": `A test digit ${digit}` }, this.canvases[digit]!);
      button.addEventListener("click", () => this.take(digit));
      return button;
    });
    element("examples").replaceChildren(...buttons);
    this.paint();
    onRepaint(() => this.paint());
  }

  /** The net looks at the one shown, and another takes its place. */
  take(digit: number): void {
    this.look(this.shown[digit]!);
    const indices = this.byDigit[digit]!;
    this.next[digit] = (this.next[digit]! + 1) % indices.length;
    this.shown[digit] = indices[this.next[digit]]!;
    this.paint();
  }

  private paint(): void {
    this.canvases.forEach((canvas, digit) => paintDigit(canvas, pixelsOf(this.digits, this.shown[digit]!)));
  }
}
