import type { TestResult } from "./evaluate.js";
import { dim, green, red } from "./style.js";

const DIGITS = [...Array(10).keys()];
const cell = (text: number | string): string => String(text).padStart(6);

/** What the test digits were taken for: rows are what they are, columns what the net says. */
export function confusionTable({ truth, predicted }: TestResult): string {
  const counts = DIGITS.map(() => DIGITS.map(() => 0));
  truth.forEach((digit, i) => counts[digit]![predicted[i]!]!++);
  const head = dim(`digit${DIGITS.map(cell).join("")}    right`);
  const rows = counts.map((row, digit) => {
    const share =
      (100 * row[digit]!) /
      Math.max(
        1,
        row.reduce((a, b) => a + b, 0),
      );
    return `${dim(String(digit).padStart(5))}${row.map((count, said) => paint(count, said === digit)).join("")}   ${share.toFixed(1).padStart(5)} %`;
  });
  return [head, ...rows].join("\n");
}

function paint(count: number, right: boolean): string {
  if (right) return green(cell(count));
  if (count === 0) return dim(cell("·"));
  return count >= 10 ? red(cell(count)) : cell(count);
}
