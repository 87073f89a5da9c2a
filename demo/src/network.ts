import { onRepaint } from "./colours.js";
import { paintDigit } from "./digit.js";
import { element, make } from "./dom.js";
import { Mosaic } from "./mosaic.js";
import type { View } from "./worker/look.js";

/** Of each picture: title, what it is, maps per row. */
const LAYERS = [
  ["Convolution", "16 maps, 24 × 24", 4],
  ["Pooled", "16 maps, 12 × 12", 4],
  ["Convolution", "32 maps, 8 × 8", 8],
  ["Pooled", "32 maps, 4 × 4", 8],
  ["Hidden", "128 neurons", 16],
] as const;

/** The net from left to right: the digit, the first layer's kernels, what each layer makes of the digit. */
export class Network {
  private readonly input = make("canvas", { role: "img", "aria-label": "The digit as the net gets it" });
  private readonly kernels = new Mosaic(make("canvas", { role: "img", "aria-label": "The 16 kernels of the first layer" }), 4, 1, true);
  private readonly layers: Mosaic[];
  private pixels = new Uint8Array(784);

  constructor() {
    const list = element("layers");
    list.append(figure("Input", "28 × 28", this.input, "input"));
    list.append(figure("Kernels", "16 of 5 × 5", this.kernels.canvas, "kernels"));
    this.layers = LAYERS.map(([title, note, columns], i) => {
      const canvas = make("canvas", { role: "img", "aria-label": `${title}: ${note}` });
      list.append(figure(title, note, canvas, `layer-${i}`));
      return new Mosaic(canvas, columns, i === LAYERS.length - 1 ? 0 : 1);
    });
    onRepaint(() => {
      this.kernels.redraw();
      this.layers.forEach((layer) => layer.redraw());
      this.digit(this.pixels);
    });
  }

  digit(pixels: Uint8Array<ArrayBuffer>): void {
    this.pixels = pixels;
    paintDigit(this.input, pixels);
  }

  show({ kernels, layers }: View): void {
    this.kernels.draw(kernels);
    layers.forEach((maps, i) => this.layers[i]!.draw(maps));
  }
}

function figure(title: string, note: string, canvas: HTMLCanvasElement, name: string): HTMLElement {
  return make("li", { class: name }, make("figure", {}, canvas, make("figcaption", {}, make("b", {}, title), ` ${note}`)));
}
