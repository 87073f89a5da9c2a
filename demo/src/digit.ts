import { palette } from "./colours.js";

const SIDE = 28;

/** Paints 28 × 28 pixels in ink, on nothing. */
export function paintDigit(canvas: HTMLCanvasElement, pixels: Uint8Array): void {
  if (canvas.width !== SIDE || canvas.height !== SIDE) [canvas.width, canvas.height] = [SIDE, SIDE];
  const image = new ImageData(SIDE, SIDE);
  const { data } = image;
  const [red, green, blue] = palette().inkBytes;
  pixels.forEach((value, i) => data.set([red, green, blue, value], 4 * i));
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}
