/** The colours of the pictures, taken from the style sheet: it knows whether it is dark. */
export interface Palette {
  /** 256 colours, 4 bytes each: from nothing to much. */
  amount: Uint8ClampedArray;
  /** 256 colours from far below 0 to far above; 0 is in the middle. */
  signed: Uint8ClampedArray;
  ink: string;
  inkBytes: [red: number, green: number, blue: number];
  soft: string;
  line: string;
  train: string;
  test: string;
}

let current: Palette | null = null;
const listeners = new Set<() => void>();

export function palette(): Palette {
  return (current ??= read());
}

/** Calls `redraw` when light turns to dark or back. */
export function onRepaint(redraw: () => void): void {
  listeners.add(redraw);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  current = null;
  for (const redraw of listeners) redraw();
});

function read(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const ramp = (...names: string[]): Uint8ClampedArray => rampOf(names.map(colour));
  return {
    amount: ramp("amount-0", "amount-1", "amount-2", "amount-3"),
    signed: ramp("below-2", "below-1", "amount-0", "above-1", "above-2"),
    ink: colour("ink"),
    inkBytes: [...ramp("ink", "ink").subarray(0, 3)] as Palette["inkBytes"],
    soft: colour("soft"),
    line: colour("line"),
    train: colour("train"),
    test: colour("test"),
  };
}

/** 256 colours through the given ones: the browser's gradient, read back. */
function rampOf(colours: readonly string[]): Uint8ClampedArray {
  const canvas = new OffscreenCanvas(256, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const gradient = context.createLinearGradient(0.5, 0, 255.5, 0);
  colours.forEach((colour, i) => gradient.addColorStop(i / (colours.length - 1), colour));
  context.fillStyle = gradient;
  context.fillRect(0, 0, 256, 1);
  return context.getImageData(0, 0, 256, 1).data;
}
