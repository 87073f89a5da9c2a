import type { Field } from "./confusion.js";
import { onRepaint } from "./colours.js";
import { paintDigit } from "./digit.js";
import { element, make, whole } from "./dom.js";
import type { Exam } from "./worker/examine.js";

/** Test digits, on the page's side: their pictures and what they are. */
export interface TestDigits {
  images: Uint8Array<ArrayBuffer>;
  labels: Uint8Array<ArrayBuffer>;
}

export const pixelsOf = ({ images }: TestDigits, index: number): Uint8Array<ArrayBuffer> => images.slice(784 * index, 784 * (index + 1));

const MOST = 40;

/** The digits of a field of the matrix; choosing one has the net look at it. */
export class Gallery {
  private readonly box = element("gallery");
  private readonly buttons = new Map<number, HTMLButtonElement>();

  constructor(
    private readonly digits: () => TestDigits | null,
    private readonly look: (index: number) => void,
  ) {
    onRepaint(() => {
      for (const [index, button] of this.buttons) this.paint(index, button);
    });
  }

  /** @returns what is shown, in words */
  show({ truth, said }: Field, { truth: truths, predicted, confidence }: Exam): string {
    const all = [...truths.keys()].filter((i) => truths[i] === truth && predicted[i] === said);
    const title = truth === said ? `${truth}, and read as ${said}` : `${truth}, but taken for ${said}`;
    const count = all.length === 1 ? "One test digit" : `${whole(all.length)} test digits`;
    const rest = all.length > MOST ? `, the first ${MOST} here` : "";
    element("chosen-title").textContent = title;
    element("chosen-note").textContent =
      all.length === 0 ? "None. Choose another field." : `${count}${rest}. Choose one to see how the net looks at it.`;
    this.fill(all.slice(0, MOST));
    for (const [index, button] of this.buttons) {
      const sure = `${Math.round((100 * confidence[index]!) / 255)} %`;
      button.title = `${said}: ${sure}`;
      button.setAttribute("aria-label", `Test digit ${index}: a ${truth}, the net says ${said}, ${sure}`);
    }
    return `${title}: ${count}`;
  }

  /** What stays is not touched: it may have the focus. */
  private fill(indices: readonly number[]): void {
    const wanted = new Set(indices);
    for (const [index, button] of this.buttons) {
      if (wanted.has(index)) continue;
      button.remove();
      this.buttons.delete(index);
    }
    indices.forEach((index, i) => {
      if (this.buttons.has(index)) return;
      const button = make("button", { type: "button" }, make("canvas"));
      button.addEventListener("click", () => this.look(index));
      this.buttons.set(index, button);
      this.box.insertBefore(button, this.box.children[i] ?? null);
      this.paint(index, button);
    });
  }

  private paint(index: number, button: HTMLButtonElement): void {
    const digits = this.digits();
    if (digits) paintDigit(button.querySelector("canvas")!, pixelsOf(digits, index));
  }
}
