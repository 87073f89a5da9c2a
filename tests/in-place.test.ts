import { describe, expect } from "vitest";
import { full, grad, noGrad, tensor } from "../src/index.js";
import { leaf, story } from "./harness/story.js";

describe("changes in place", () => {
  story("of what a gradient needs are found out", () => {
    const x = leaf([1, 2]);
    const y = x.exp();
    const z = y.mul(y).sum();
    y.mul_(2);
    expect(() => z.backward()).toThrow(
      /a tensor needed for the gradient of mul was changed in place: input \d of mul\(\) is at version 1, expected 0/,
    );
  });

  story("of a leaf that requires grad are refused, also through a view, but not under noGrad", () => {
    const x = leaf([1, 2]);
    const refused = /a leaf that requires grad.*cannot be changed in place/;
    expect(() => x.mul_(2)).toThrow(refused);
    expect(() => x.narrow(0, 0, 1).mul_(2)).toThrow(refused);
    noGrad(() => x.mul_(2));
    expect(x.tolist()).toEqual([2, 4]);
  });

  // The numbers of this group are PyTorch's.
  story("of a view reach the history of its base", () => {
    const x = leaf([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const y = x.mul(2);
    const row = y.select(0, 0);
    row.mul_(tensor([10, 20, 30], { dtype: "float64" }));
    y.mul(y).sum().backward();
    expect(row.tolist()).toEqual([20, 80, 180]);
    expect(x.grad!.tolist()).toEqual([
      [800, 6400, 21600],
      [32, 40, 48],
    ]);
  });

  story("of a base reach the history of its views", () => {
    const x = leaf([1, 2, 3, 4]);
    const y = x.mul(1);
    const middle = y.narrow(0, 1, 2);
    y.mul_(tensor([2, 3, 4, 5], { dtype: "float64" }));
    middle.mul(middle).sum().backward();
    expect(middle.tolist()).toEqual([6, 12]);
    expect(x.grad!.tolist()).toEqual([0, 36, 96, 0]);
  });

  story("can be differentiated again, through the value that was overwritten", () => {
    const x = leaf([0.7, -1.2]);
    const y = x.cos();
    y.mul_(x); // x cos x, whose gradient reads the old y
    const [first] = grad(y.sum(), x, { createGraph: true });
    const [second] = grad(first!.sum(), x);
    x.toTypedArray().forEach((v, i) => {
      expect(first!.toTypedArray()[i]).toBeCloseTo(Math.cos(v) - v * Math.sin(v), 14);
      expect(second!.toTypedArray()[i]).toBeCloseTo(-2 * Math.sin(v) - v * Math.cos(v), 14);
    });
  });

  story("of a view can be differentiated again", () => {
    const x = leaf([0.7, -1.2]);
    const y = x.cos();
    y.narrow(0, 1, 1).mul_(x.narrow(0, 1, 1));
    const [first] = grad(y.sum(), x, { createGraph: true });
    const [second] = grad(first!.sum(), x);
    const [a, b] = x.toTypedArray() as unknown as [number, number];
    expect(second!.toTypedArray()[0]).toBeCloseTo(-Math.cos(a), 14);
    expect(second!.toTypedArray()[1]).toBeCloseTo(-2 * Math.sin(b) - b * Math.cos(b), 14);
  });

  story("of a view of a view, by something that has a gradient too", () => {
    const x = leaf([
      [1, 2],
      [3, 4],
    ]);
    const w = leaf([5, 6]);
    const y = x.clone();
    y.t().select(0, 1).mul_(w);
    y.mul(
      tensor(
        [
          [1, 2],
          [3, 4],
        ],
        { dtype: "float64" },
      ),
    )
      .sum()
      .backward();
    expect(y.tolist()).toEqual([
      [1, 10],
      [3, 24],
    ]);
    expect(x.grad!.tolist()).toEqual([
      [1, 10],
      [3, 24],
    ]);
    expect(w.grad!.tolist()).toEqual([4, 16]);
  });

  story("collect rows in a tensor that had no history", () => {
    const w = leaf([5, 6]);
    const rows = full([2, 2], 1, { dtype: "float64" });
    rows.select(0, 0).mul_(w);
    rows.select(0, 1).mul_(w.mul(2));
    rows.mul(rows).sum().backward();
    expect(rows.tolist()).toEqual([
      [5, 6],
      [10, 12],
    ]);
    expect(w.grad!.tolist()).toEqual([50, 60]);
  });

  story("of an expanded tensor are refused, for its elements share memory", () => {
    const x = leaf([1]);
    expect(() => x.mul(1).expand([3]).mul_(2)).toThrow(/expand.*clone\(\)/);
  });

  story("of a tensor whose elements lie in another order", () => {
    const w = leaf([10, 20]);
    const turned = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: "float64" },
    )
      .t()
      .detach();
    const early = turned.select(0, 2); // made before there is any history
    turned.select(0, 1).mul_(w);
    expect(early.requiresGrad).toBe(true);
    const loss = turned
      .mul(
        tensor(
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          { dtype: "float64" },
        ),
      )
      .sum();
    loss.backward(null, { retainGraph: true });
    loss.backward();
    expect(w.grad!.tolist()).toEqual([12, 40]);
  });

  story("are refused before they happen where autograd cannot follow", () => {
    const gaps = tensor(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      { dtype: "float64" },
    )
      .narrow(1, 0, 2)
      .detach();
    expect(() => gaps.select(0, 0).mul_(leaf([1, 2]))).toThrow(/has gaps in memory/);
    expect(gaps.tolist()).toEqual([
      [1, 2],
      [4, 5],
    ]);
  });

  story("of a view that was made a leaf are those of a leaf", () => {
    const x = tensor([1, 2, 3, 4], { dtype: "float64" }).reshape([2, 2]).requiresGrad_();
    expect(() => x.mul_(2)).toThrow(/a leaf that requires grad/);
    expect(() => x.select(0, 0).mul_(2)).toThrow(/a leaf that requires grad \(through its view\)/);
  });
});
