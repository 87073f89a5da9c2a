import { palette } from "./colours.js";
import type { Maps } from "./worker/look.js";

/** Draws the maps of a layer side by side, a pixel for a number; the style sheet enlarges them. */
export class Mosaic {
  private shown: Maps | null = null;

  /**
   * @param columns maps per row
   * @param gap pixels between maps
   * @param signed whether numbers below 0 have a meaning of their own
   */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly columns: number,
    private readonly gap: number,
    private readonly signed = false,
  ) {}

  draw(maps: Maps): void {
    this.shown = maps;
    const { canvas, columns, gap } = this;
    const { channels, height, width, values } = maps;
    const rows = Math.ceil(channels / columns);
    const [wide, high] = [columns * (width + gap) - gap, rows * (height + gap) - gap];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const context = canvas.getContext("2d")!;
    const image = context.createImageData(wide, high);
    const pixels = new Uint32Array(image.data.buffer);
    const colours = new Uint32Array(this.signed ? palette().signed.buffer : palette().amount.buffer);
    const { scale, zero } = this.scale(values);
    for (let channel = 0; channel < channels; channel++) {
      const left = (channel % columns) * (width + gap);
      const top = Math.floor(channel / columns) * (height + gap);
      for (let y = 0; y < height; y++) {
        const from = (channel * height + y) * width;
        const to = (top + y) * wide + left;
        for (let x = 0; x < width; x++) pixels[to + x] = colours[zero + Math.round(values[from + x]! * scale)]!;
      }
    }
    context.putImageData(image, 0, 0);
  }

  redraw(): void {
    if (this.shown) this.draw(this.shown);
  }

  /** The largest number of the layer gets the last colour, so that maps can be compared. */
  private scale(values: Float32Array): { scale: number; zero: number } {
    let most = 1e-6;
    for (const value of values) most = Math.max(most, Math.abs(value));
    return this.signed ? { scale: 127 / most, zero: 128 } : { scale: 255 / most, zero: 0 };
  }
}
