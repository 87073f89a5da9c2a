import { onRepaint, palette } from "./colours.js";
import { paintDigit } from "./digit.js";
import { type Stroke, rasterise, trace } from "./raster.js";

/** The pen's width, of the pad's. */
const PEN = 0.07;

/** The pad that one draws on, by mouse, finger or pen. It can show a digit of MNIST as well. */
export class Pad {
  private strokes: Stroke[] = [];
  private digit: Uint8Array<ArrayBuffer> | null = null;
  private pending = 0;
  private take: (digit: number) => void = () => undefined;
  private readonly canvas: HTMLCanvasElement;

  /** @param changed gets the 28 × 28 pixels whenever there is another drawing; at most once a frame */
  constructor(
    private readonly box: HTMLElement,
    private readonly changed: (pixels: Uint8Array<ArrayBuffer>) => void,
  ) {
    this.canvas = box.querySelector("canvas")!;
    box.addEventListener("pointerdown", (event) => this.begin(event));
    box.addEventListener("pointermove", (event) => this.extend(event));
    box.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.paint()).observe(box);
    onRepaint(() => this.paint());
  }

  get empty(): boolean {
    return this.digit === null && this.strokes.length === 0;
  }

  /** Tells of keys 0 to 9, for those who do not draw. */
  onDigitKey(take: (digit: number) => void): void {
    this.take = take;
  }

  clear(): void {
    this.strokes = [];
    this.digit = null;
    this.paint();
    this.changed(new Uint8Array(784));
  }

  /** Tells once more what is on it. */
  repeat(): void {
    this.changed(this.digit ?? rasterise(this.strokes));
  }

  /** Shows a digit in place of a drawing. */
  show(pixels: Uint8Array<ArrayBuffer>): void {
    this.strokes = [];
    this.digit = pixels;
    this.paint();
    this.changed(pixels);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9]$/.test(event.key)) this.take(Number(event.key));
    else if (["Delete", "Backspace", "Escape"].includes(event.key)) this.clear();
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.box.setPointerCapture(event.pointerId);
    this.digit = null;
    this.strokes.push(this.at(event));
    this.soon();
  }

  private extend(event: PointerEvent): void {
    if (!this.box.hasPointerCapture(event.pointerId)) return;
    const moves = "getCoalescedEvents" in event ? event.getCoalescedEvents() : []; // Safari before 18.2 has none
    for (const move of moves.length > 0 ? moves : [event]) this.strokes.at(-1)!.push(...this.at(move));
    this.soon();
  }

  private at({ clientX, clientY }: PointerEvent): Stroke {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  }

  private soon(): void {
    this.pending ||= requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
      this.changed(rasterise(this.strokes));
    });
  }

  private paint(): void {
    const { canvas, box, digit, strokes } = this;
    box.toggleAttribute("data-empty", this.empty);
    const side = Math.round(canvas.clientWidth * devicePixelRatio);
    if (canvas.width !== side) [canvas.width, canvas.height] = [side, side];
    const context = canvas.getContext("2d")!;
    context.resetTransform();
    context.clearRect(0, 0, side, side);
    if (digit) {
      const small = document.createElement("canvas");
      paintDigit(small, digit);
      context.imageSmoothingQuality = "high";
      context.drawImage(small, 0, 0, side, side);
      return;
    }
    context.scale(side, side);
    context.strokeStyle = palette().ink;
    context.lineWidth = PEN;
    trace(context, strokes);
  }
}
