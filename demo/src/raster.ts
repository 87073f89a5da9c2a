/** A line of the pen: x and y by turns, from 0 to 1. */
export type Stroke = number[];

const SIDE = 28;
/** MNIST's digits fill a box of this size, and their centre of mass is in the middle of the picture. */
const BOX = 20;
/** As thick as MNIST's pens are. */
const PEN = 2.5;
/** A dot is not blown up to a ball. */
const MOST_ZOOM = 60;

/** Draws strokes as lines, a lone point as a dot. The pen's width and colour are the context's. */
export function trace(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, strokes: readonly Stroke[]): void {
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0]!, stroke[1]!);
    // Through the middles between the points, so that quick hands draw curves, not polygons.
    for (let i = 2; i + 3 < stroke.length; i += 2) {
      const [x, y, nextX, nextY] = stroke.slice(i, i + 4) as [number, number, number, number];
      context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    context.lineTo(stroke.at(-2)!, stroke.at(-1)!);
    context.stroke();
  }
}

const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true })!;

/** A drawing as MNIST has its digits: 28 × 28, scaled, centred; 0 is paper, 255 ink. */
export function rasterise(strokes: readonly Stroke[]): Uint8Array<ArrayBuffer> {
  if (strokes.length === 0) return new Uint8Array(SIDE * SIDE);
  const all = strokes.flat();
  const [xs, ys] = [all.filter((_, i) => i % 2 === 0), all.filter((_, i) => i % 2 === 1)];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const zoom = Math.min(MOST_ZOOM, (BOX - PEN) / Math.max(right - left, bottom - top, 1e-6));
  const [x, y] = [(SIDE - zoom * (left + right)) / 2, (SIDE - zoom * (top + bottom)) / 2];
  const centre = centreOfMass(draw(strokes, zoom, x, y));
  return draw(strokes, zoom, x + SIDE / 2 - centre.x, y + SIDE / 2 - centre.y);
}

function draw(strokes: readonly Stroke[], zoom: number, x: number, y: number): Uint8Array<ArrayBuffer> {
  context.resetTransform();
  context.clearRect(0, 0, SIDE, SIDE);
  context.setTransform(zoom, 0, 0, zoom, x, y);
  context.lineWidth = PEN / zoom;
  trace(context, strokes);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3]!);
}

function centreOfMass(pixels: Uint8Array): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  pixels.forEach((ink, i) => {
    mass += ink;
    x += ink * ((i % SIDE) + 0.5);
    y += ink * (Math.floor(i / SIDE) + 0.5);
  });
  return mass === 0 ? { x: SIDE / 2, y: SIDE / 2 } : { x: x / mass, y: y / mass };
}
