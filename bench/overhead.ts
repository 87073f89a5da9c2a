// What one call costs when the numbers are few: 16 elements, so that the kernel itself takes next to nothing.
import { type Tensor, fromTypedArray } from "lanegrad";
import { leaving } from "./lane.js";
import { type Row, type Side, uniform } from "./row.js";

const SIZE = 16;
const CHAIN = 100;
const [a, b] = [uniform(1, SIZE), uniform(2, SIZE)];

const loop = (fn: (x: Tensor, y: Tensor) => Tensor, requiresGrad: boolean) => (): Side => {
  const [x, y] = [fromTypedArray(a, [SIZE], { requiresGrad }), fromTypedArray(b)];
  return leaving(() => fn(x, y));
};

export const rows: Row[] = [
  { name: `add, ${SIZE} elements, no gradient`, calls: 1, lanegrad: loop((x, y) => x.add(y), false) },
  { name: `add, ${SIZE} elements, recorded`, calls: 1, lanegrad: loop((x, y) => x.add(y), true) },
  {
    name: `${CHAIN} adds of ${SIZE} elements, forward + backward`,
    calls: CHAIN,
    lanegrad: loop((x, y) => {
      x.grad = null;
      let out = x;
      for (let i = 0; i < CHAIN; i++) out = out.add(y);
      out.sum().backward();
      return x.grad!;
    }, true),
  },
];
