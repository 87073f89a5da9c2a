import { Answer, spoken } from "./answer.js";
import { calm, element } from "./dom.js";
import { Network } from "./network.js";
import type { View } from "./worker/look.js";

/** Who asked for less motion gets pictures that change this often, not frame by frame. */
const CALM_MS = 1000;
/** A new digit's answer is read out when the pen has rested this long. */
const READ_OUT_MS = 700;

/** Shows what the net makes of the digit, at most once a frame: of the views that arrive meanwhile only the newest. */
export class Viewer {
  private readonly answer = new Answer();
  private readonly network = new Network();
  private newest: View | null = null;
  private blank = true;
  private frame = 0;
  private drawn = -Infinity;
  private later = 0;
  private readOut = 0;

  /** The visitor has another digit on the pad: an answer to it is not put off. */
  digit(pixels: Uint8Array<ArrayBuffer>): void {
    this.blank = pixels.every((value) => value === 0);
    this.network.digit(pixels);
    this.drawn = -Infinity;
    clearTimeout(this.readOut);
    this.readOut = window.setTimeout(() => {
      if (this.newest && !this.blank) element("spoken").textContent = spoken(this.newest.probabilities);
    }, READ_OUT_MS);
  }

  show(view: View): void {
    this.newest = view;
    this.frame ||= requestAnimationFrame((now) => {
      this.frame = 0;
      const early = calm() ? this.drawn + CALM_MS - now : 0;
      clearTimeout(this.later);
      if (early > 0) {
        this.later = window.setTimeout(() => this.show(this.newest!), early);
        return;
      }
      this.drawn = now;
      this.answer.show(this.newest!.probabilities, this.blank);
      this.network.show(this.newest!);
    });
  }
}
