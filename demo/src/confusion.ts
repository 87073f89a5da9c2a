import { element, make } from "./dom.js";
import type { Exam } from "./worker/examine.js";

const DIGITS = [...Array(10).keys()];

/** A field of the matrix: digits that are `truth` and are taken for `said`. */
export interface Field {
  truth: number;
  said: number;
}

/** What the test digits are taken for. A field is a button; arrow keys move between them. */
export class Confusion {
  private readonly cells: HTMLButtonElement[];
  private counts = new Uint32Array(100);
  private chosen: number | null = null;

  /** @param choose a field was chosen, by the visitor or as the one with the most mistakes */
  constructor(private readonly choose: (field: Field, byVisitor: boolean) => void) {
    this.cells = [...Array(100).keys()].map((i) => make("button", { type: "button", tabindex: i === 0 ? "0" : "-1" }));
    const heads = DIGITS.map((digit) => make("th", { scope: "col" }, String(digit)));
    const rows = DIGITS.map((truth) => {
      const cells = DIGITS.map((said) => make("td", { class: truth === said ? "right" : "wrong" }, this.cells[10 * truth + said]!));
      return make("tr", {}, make("th", { scope: "row" }, String(truth)), ...cells);
    });
    const table = make(
      "table",
      { class: "matrix", "aria-describedby": "matrix-help", "aria-label": "What the test digits are taken for" },
      make("thead", {}, make("tr", {}, make("td", { class: "corner" }), ...heads)),
      make("tbody", {}, ...rows),
    );
    this.cells.forEach((cell, i) => cell.addEventListener("click", () => this.pick(i, true)));
    table.addEventListener("keydown", (event) => this.move(event));
    element("matrix").append(table);
  }

  show({ truth, predicted }: Exam): void {
    const counts = new Uint32Array(100);
    truth.forEach((digit, i) => counts[10 * digit + predicted[i]!]!++);
    const totals = DIGITS.map((digit) => counts.subarray(10 * digit, 10 * digit + 10).reduce((a, b) => a + b, 0));
    const before = this.counts;
    this.cells.forEach((cell, i) => {
      const count = counts[i]!;
      if (count === before[i] && cell.textContent !== "") return;
      const [digit, said] = [Math.floor(i / 10), i % 10];
      // The root: one mistake in a thousand is to be seen too.
      cell.style.setProperty("--share", Math.sqrt(count / Math.max(1, totals[digit]!)).toFixed(3));
      cell.textContent = count === 0 ? "·" : String(count);
      cell.setAttribute("aria-label", `${digit} taken for ${said}: ${count}`);
    });
    this.counts = counts;
    this.pick(this.chosen ?? this.worst(), false);
  }

  private worst(): number {
    const mistakes = this.counts.map((count, i) => (i % 11 === 0 ? 0 : count));
    return mistakes.indexOf(Math.max(...mistakes));
  }

  private pick(i: number, byVisitor: boolean): void {
    if (byVisitor) this.chosen = i;
    this.cells.forEach((cell, j) => {
      const pressed = String(i === j);
      if (cell.getAttribute("aria-pressed") !== pressed) cell.setAttribute("aria-pressed", pressed);
      if (byVisitor) cell.tabIndex = i === j ? 0 : -1;
    });
    this.choose({ truth: Math.floor(i / 10), said: i % 10 }, byVisitor);
  }

  private move(event: KeyboardEvent): void {
    const at = this.cells.indexOf(event.target as HTMLButtonElement);
    const steps: Record<string, [number, number]> = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    const [row, column] = [Math.floor(at / 10) + step[0], (at % 10) + step[1]];
    if (row < 0 || row > 9 || column < 0 || column > 9) return;
    const next = this.cells[10 * row + column]!;
    this.cells.forEach((cell) => (cell.tabIndex = cell === next ? 0 : -1));
    next.focus();
  }
}
