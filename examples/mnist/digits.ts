import { F, type Tensor, type datasets } from "lanegrad";
import type { TestResult } from "./evaluate.js";
import { coloured, dim, green, red } from "./style.js";

const PER_ROW = 5;
const SIDE = 14;

/** The first test digits, and the first that the net took for others, each over what the net says. */
export function drawDigits(test: datasets.MNISTDataset, { truth, predicted, confidence }: TestResult): string {
  const all = [...truth.keys()];
  const caption = (i: number): [string, (text: string) => string] => {
    const percent = `(${(100 * confidence[i]!).toFixed(0)} %)`;
    return truth[i] === predicted[i] ? [`${predicted[i]} ${percent}`, green] : [`${predicted[i]} not ${truth[i]} ${percent}`, red];
  };
  const row = (title: string, which: number[]): string =>
    `${dim(title)}\n${sideBySide(which.map((i) => draw(test.data.at(i))))}\n${captions(which.map(caption))}`;
  const wrong = all.filter((i) => truth[i] !== predicted[i]);
  const rows = [row("The first test digits, and what the net says:", all.slice(0, PER_ROW))];
  if (wrong.length > 0) rows.push(row("The first it gets wrong:", wrong.slice(0, PER_ROW)));
  return rows.join("\n\n");
}

/** Lines of text for an image [28, 28]: at half its size, a character holds two pixels, one over the other. */
function draw(image: Tensor): string[] {
  const pixels = F.avgPool2d(image.to("float32").view([1, 1, ...image.shape]), 2).toTypedArray();
  return Array.from({ length: SIDE / 2 }, (_, line) =>
    Array.from({ length: SIDE }, (_, x) => twoPixels(pixels[2 * line * SIDE + x]!, pixels[(2 * line + 1) * SIDE + x]!)).join(""),
  );
}

function twoPixels(upper: number, lower: number): string {
  if (coloured) return `\x1b[38;5;${grey(upper)};48;5;${grey(lower)}m▀\x1b[0m`;
  return " ▄▀█"[(upper > 80 ? 2 : 0) + (lower > 80 ? 1 : 0)]!;
}

/** The 24 greys of a terminal's 256 colours. */
const grey = (pixel: number): number => 232 + Math.round((pixel / 255) * 23);

const sideBySide = (pictures: string[][]): string =>
  pictures[0]!.map((_, line) => pictures.map((picture) => picture[line]).join("  ")).join("\n");

const captions = (texts: [string, (text: string) => string][]): string =>
  texts
    .map(([text, paint]) => paint(text.padEnd(SIDE)))
    .join("  ")
    .trimEnd();
