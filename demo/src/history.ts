/** Points of a curve against the digits seen. */
export interface Curve {
  seen: number[];
  loss: number[];
  accuracy: number[];
}

const MOST_POINTS = 500;

const empty = (): Curve => ({ seen: [], loss: [], accuracy: [] });

/** How training went. However long it takes, there are a few hundred points: old neighbours are merged. */
export class History {
  train = empty();
  test = empty();

  clear(): void {
    this.train = empty();
    this.test = empty();
  }

  add(which: "train" | "test", seen: number, loss: number, accuracy: number): void {
    const curve = this[which];
    curve.seen.push(seen);
    curve.loss.push(loss);
    curve.accuracy.push(accuracy);
    if (curve.seen.length >= MOST_POINTS) this[which] = halved(curve);
  }
}

function halved(curve: Curve): Curve {
  // The latest quarter stays as fine as it is.
  const fine = Math.floor((curve.seen.length * 3) / 8) * 2;
  const half = (values: number[]): number[] => [
    ...Array.from({ length: fine / 2 }, (_, i) => (values[2 * i]! + values[2 * i + 1]!) / 2),
    ...values.slice(fine),
  ];
  return { seen: half(curve.seen), loss: half(curve.loss), accuracy: half(curve.accuracy) };
}
