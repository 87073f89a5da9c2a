import { expect, test } from "vitest";
import { tensor, noGrad } from "lanegrad";

// The outside, in well under a second: if this fails, nothing else matters.

test("adds and multiplies", () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(x.add(tensor([10, 20])).tolist()).toEqual([
    [11, 22],
    [13, 24],
  ]);
  expect(x.matmul(x).tolist()).toEqual([
    [7, 10],
    [15, 22],
  ]);
  expect(x.sum().item()).toBe(10);
});

test("gives gradients", () => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  x.mul(x).sum().backward();
  expect(x.grad!.tolist()).toEqual([2, 4, 6]);
});

test("learns", () => {
  const x = tensor([
    [1, 0],
    [0, 1],
    [1, 1],
  ]);
  const y = tensor([[1], [2], [3]]);
  const w = tensor([[0], [0]], { requiresGrad: true });
  const losses = [0, 1, 2].map(() => {
    const error = x.matmul(w).sub(y);
    const loss = error.mul(error).sum();
    w.grad = null;
    loss.backward();
    noGrad(() => w.sub_(w.grad!.mul(0.1)));
    return loss.item();
  });
  // PyTorch's numbers.
  expect(losses[0]).toBe(14);
  expect(losses[1]).toBeCloseTo(2.48, 5);
  expect(losses[2]).toBeCloseTo(0.5504, 5);
});
