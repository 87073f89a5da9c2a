import { type BackendReport, type Tensor } from "lanegrad";

const CLASSES = 10;

/** What the test digits were taken for: rows are what they are, columns what the net says. */
export class Confusion {
  private readonly counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));

  add(predicted: ArrayLike<number>, truth: ArrayLike<number>): void {
    for (let i = 0; i < truth.length; i++) this.counts[truth[i]!]![predicted[i]!]!++;
  }

  get total(): number {
    return this.counts.flat().reduce((a, b) => a + b, 0);
  }

  get correct(): number {
    return this.counts.reduce((sum, row, digit) => sum + row[digit]!, 0);
  }

  toString(): string {
    const cell = (value: number | string): string => String(value).padStart(6);
    const head = `digit${[...this.counts.keys()].map(cell).join("")}   right`;
    const rows = this.counts.map((row, digit) => {
      const right = (100 * row[digit]!) / Math.max(1, row.reduce((a, b) => a + b, 0));
      return `${String(digit).padStart(5)}${row.map((count) => cell(count || "·")).join("")}  ${right.toFixed(1).padStart(5)} %`;
    });
    return [head, ...rows].join("\n");
  }
}

export function describeBackend({ relaxed, threads, variant, why }: BackendReport): string {
  const simd = relaxed ? "relaxed SIMD (fused multiply-add)" : "SIMD";
  return `WebAssembly ${simd}, ${threads} thread${threads === 1 ? "" : "s"}; build "${variant}": ${why}`;
}

const SHADES = " .:-=+*#%@";

/** Digits side by side, each over what the net says of it. `images` is [n, 28, 28], 0 to 255. */
export function drawDigits(images: Tensor, captions: readonly string[]): string {
  const [n, height, width] = images.shape as [number, number, number];
  const pixels = images.toTypedArray();
  const shade = (image: number, row: number, column: number): string => {
    let sum = 0;
    for (const [dy, dx] of [[0, 0], [0, 1], [1, 0], [1, 1]] as const) sum += pixels[(image * height + row + dy) * width + column + dx]!;
    return SHADES[Math.round((sum / 4 / 255) * (SHADES.length - 1))]!;
  };
  const lines: string[] = [];
  for (let row = 0; row < height; row += 2) {
    let line = "";
    for (let image = 0; image < n; image++) {
      for (let column = 0; column < width; column += 2) line += shade(image, row, column);
      line += "  ";
    }
    lines.push(line);
  }
  const cell = width / 2 + 2;
  return [...lines, captions.map((caption) => caption.padEnd(cell)).join("")].join("\n");
}
