import { element } from "./dom.js";

const DIGITS = [...Array(10).keys()];

/** What the net says: ten bars, and the longest in words. */
export class Answer {
  private readonly rows = DIGITS.map((digit) => {
    const row = document.createElement("li");
    row.innerHTML = `<b>${digit}</b><i><span></span></i><small></small>`;
    return { row, bar: row.querySelector("span")!, percent: row.querySelector("small")! };
  });
  private readonly said = element("said");
  private readonly sure = element("sure");

  constructor() {
    element("bars").append(...this.rows.map(({ row }) => row));
  }

  /** @param blank whether there is no digit to speak of */
  show(probabilities: Float32Array, blank: boolean): void {
    const best = bestOf(probabilities);
    this.rows.forEach(({ row, bar, percent }, digit) => {
      bar.style.transform = `scaleX(${probabilities[digit]!.toFixed(4)})`;
      percent.textContent = percentOf(probabilities[digit]!);
      row.toggleAttribute("data-best", digit === best && !blank);
    });
    this.said.textContent = blank ? "?" : String(best);
    this.sure.toggleAttribute("data-blank", blank);
    this.sure.textContent = blank ? "nothing drawn yet" : judgement(probabilities, best);
  }
}

/** What the net says, as a sentence for those who do not see the bars. */
export function spoken(probabilities: Float32Array): string {
  const best = bestOf(probabilities);
  return `The net says ${best}, ${percentOf(probabilities[best]!)}`;
}

const bestOf = (probabilities: Float32Array): number => probabilities.indexOf(Math.max(...probabilities));

export const percentOf = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

function judgement(probabilities: Float32Array, best: number): string {
  const share = probabilities[best]!;
  if (share > 0.995) return "certainly";
  if (share > 0.9) return "almost certainly";
  const second = bestOf(probabilities.map((other, digit) => (digit === best ? 0 : other)));
  const doubt = probabilities[second]! > 0.15 ? `, or else ${second}` : "";
  if (share > 0.6) return `probably${doubt}`;
  if (share > 0.3) return `perhaps${doubt}`;
  return "a wild guess";
}
