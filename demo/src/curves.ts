import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onRepaint, palette } from "./colours.js";
import { calm, element, whole } from "./dom.js";
import type { Curve, History } from "./history.js";

const HEIGHT = 240;
/** Curves are drawn at most this often; the second for those who asked for less motion. */
const EVERY_MS = [200, 2000] as const;
const FONT = "12px 'Archivo Variable', system-ui, sans-serif";

/** The plots of loss and of digits right, both on scales that give the last errors as much room as the first. */
export class Curves {
  private readonly plots: Plot[];
  private pending = 0;

  constructor(private readonly history: History) {
    this.plots = [
      new Plot(
        "loss",
        "Loss",
        (curve) => curve.loss,
        [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 100],
        1,
        String,
        (value) => value.toFixed(3),
      ),
      new Plot(
        "right",
        "Digits right",
        wrong,
        [100, 50, 20, 10, 5, 2, 1, 0.5, 0.2],
        -1,
        rightOf,
        (value) => `${(100 - value).toFixed(1)} %`,
      ),
    ];
  }

  /** There are new points. */
  update(): void {
    this.pending ||= window.setTimeout(() => this.draw(), EVERY_MS[calm() ? 1 : 0]);
  }

  private draw(): void {
    this.pending = 0;
    for (const plot of this.plots) plot.draw(this.history);
  }
}

/** The share of wrong digits in percent: what the accuracy's scale is really of. */
const wrong = (curve: Curve): number[] => curve.accuracy.map((right) => Math.max(0.05, 100 * (1 - right)));
const rightOf = (value: number): string => `${+(100 - value).toFixed(1)} %`;

class Plot {
  private readonly plot: uPlot;
  private readonly box: HTMLElement;

  constructor(
    private readonly name: "loss" | "right",
    private readonly title: string,
    private readonly pick: (curve: Curve) => number[],
    ticks: number[],
    dir: 1 | -1,
    label: (tick: number) => string,
    private readonly say: (value: number) => string,
  ) {
    this.box = element(`${name}-plot`);
    const grid = { stroke: () => palette().line, width: 1 };
    const axis = { stroke: () => palette().soft, font: FONT, ticks: { show: false }, grid };
    const line = { spanGaps: true, points: { show: false } };
    this.plot = new uPlot(
      {
        width: this.box.clientWidth || 300,
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        padding: [8, 14, 0, 0],
        scales: {
          x: { time: false, range: (_, _min, max) => [0, Math.max(max || 0, 5000)] },
          y: { distr: 3, dir, range: (_, min, max) => within(ticks, min, max) },
        },
        axes: [
          { ...axis, grid: { show: false }, size: 28, gap: 8, values: (_, ticks) => ticks.map(thousands), space: 64 },
          {
            ...axis,
            size: 46,
            gap: 8,
            filter: (_, at) => at,
            splits: (_, __, min, max) => ticks.filter((t) => t >= min * 0.999 && t <= max * 1.001),
            values: (_, at) => at.map(label),
          },
        ],
        series: [
          {},
          { ...line, stroke: () => palette().train, width: 1.5 },
          { ...line, stroke: () => palette().test, width: 2, points: { show: true, size: 5, fill: () => palette().test } },
        ],
      },
      [[], [], []],
      this.box,
    );
    new ResizeObserver(() => this.plot.setSize({ width: this.box.clientWidth, height: HEIGHT })).observe(this.box);
    onRepaint(() => this.plot.redraw());
  }

  draw({ train, test }: History): void {
    const table = (curve: Curve): uPlot.AlignedData => [curve.seen, this.pick(curve)];
    this.plot.setData(uPlot.join([table(train), table(test)]));
    const now = (curve: Curve): string => (curve.seen.length > 0 ? this.say(this.pick(curve).at(-1)!) : "–");
    element(`${this.name}-train`).textContent = now(train);
    element(`${this.name}-test`).textContent = now(test);
    const seen = Math.max(0, ...train.seen.slice(-1), ...test.seen.slice(-1));
    this.box.setAttribute("aria-label", `${this.title} after ${whole(seen)} digits: training ${now(train)}, test ${now(test)}`);
  }
}

const thousands = (seen: number): string => (seen === 0 ? "0" : seen < 1000 ? String(seen) : `${+(seen / 1000).toFixed(1)}k`);

/** From tick to tick, so that the scale stands still while the curve moves. */
function within(ticks: readonly number[], min: number | null, max: number | null): [number, number] {
  const sorted = [...ticks].sort((a, b) => a - b);
  const low = sorted.filter((tick) => tick <= (min ?? sorted[0]!)).at(-1) ?? sorted[0]!;
  const high = sorted.find((tick) => tick >= (max ?? sorted.at(-1)!)) ?? max ?? sorted.at(-1)!;
  return low < high ? [low, high] : [low / 2, high * 2];
}
