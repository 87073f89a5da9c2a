import { describe, expect, test } from "vitest";
import { type Tensor, arange, memoryStats, ones, slice, tensor, zeros } from "../src/index.js";

// All numbers are PyTorch's.

const numbers = (...shape: number[]): Tensor =>
  arange(shape.reduce((a, b) => a * b, 1))
    .to("float32")
    .reshape(shape);
const x = numbers(2, 3, 4);
const flat = (y: Tensor): unknown[] => [y.shape, [...y.toTypedArray()]];

describe("at() gives what x[…] gives in Python", () => {
  const CASES: [string, () => Tensor, number[], number[]][] = [
    ["1", () => x.at(1), [3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]],
    ["-1, 0", () => x.at(-1, 0), [4], [12, 13, 14, 15]],
    [":, 1:", () => x.at(slice(), slice(1)), [2, 2, 4], [4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]],
    ["..., ::2", () => x.at("...", slice(null, null, 2)), [2, 3, 2], [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]],
    ["0, None, 2", () => x.at(0, null, 2), [1, 4], [8, 9, 10, 11]],
  ];
  test.each(CASES)("x[%s], also from a string, as a view", (text, index, shape, values) => {
    expect(flat(index())).toEqual([shape, values]);
    expect(flat(x.at(text))).toEqual([shape, values]);
    expect(x.at(text).storage).toBe(x.storage);
  });

  const PICKS: [string, () => Tensor, number[], number[]][] = [
    ["a list along one dim", () => x.at(slice(), [0, 2]), [2, 2, 4], [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23]],
    ["two lists together", () => x.at([0, 1], [2, 0]), [2, 4], [8, 9, 10, 11, 12, 13, 14, 15]],
    ["lists apart: their dim comes first", () => x.at([0, 1], slice(), [3, 1]), [2, 3], [3, 7, 11, 13, 17, 21]],
    ["lists side by side stay where they are", () => x.at(slice(), [0, 2], [1, 3]), [2, 2], [1, 11, 13, 23]],
    ["negative numbers in a list", () => x.at([-1], [-3]), [1, 4], [12, 13, 14, 15]],
    [
      "a tensor of any shape",
      () =>
        x
          .at(
            tensor(
              [
                [0, 1],
                [1, 0],
              ],
              { dtype: "int32" },
            ),
          )
          .sum([2, 3]),
      [2, 2],
      [66, 210, 210, 66],
    ],
    ["a mask", () => x.at(x.gt(20)), [3], [21, 22, 23]],
    ["a list of booleans", () => x.at(slice(), [true, false, true]).sum(-1), [2, 2], [6, 38, 54, 86]],
    ["an empty list", () => x.at(slice(), []), [2, 0, 4], []],
  ];
  test.each(PICKS)("%s", (_, pick, shape, values) => {
    expect(flat(pick())).toEqual([shape, values]);
  });

  test("the gradient of what is picked twice adds up", () => {
    const leaf = numbers(6).requiresGrad_();
    leaf
      .at([0, 0, 3])
      .mul(tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(leaf.grad!.tolist()).toEqual([3, 0, 0, 3, 0, 0]);
  });

  test("bad indices are refused, and nothing is left behind", () => {
    const before = memoryStats().inUse;
    const errors: [() => Tensor, RegExp][] = [
      [() => x.at(2), /at\(\): index 2 is out of range for dim 0 of size 2/],
      [() => x.at(0, 0, 0, 0), /at\(\): 4 indices for a tensor of 3 dim\(s\)/],
      [() => x.at([0, 5]), /at\(\): index 5 \(number 1 of the list\) is out of range for dim 0 of size 2/],
      [() => x.at([true, false, true]), /at\(\): a mask of shape \[3\] does not fit \[2\]/],
      [() => x.at("1,,2"), /at\(\): cannot read the index ""/],
      [() => x.at("...", 0, "..."), /"\.\.\." may stand once/],
      [() => x.at([0, 1], [0, 1, 2]), /at\(\): shapes \[2\] and \[3\] do not broadcast/],
      [() => x.at(0.5), /at\(\): index 0.5 is out of range/],
    ];
    for (const [call, message] of errors) expect(call).toThrow(message);
    expect(memoryStats().inUse).toBe(before);
  });
});

describe("setAt() does what x[…] = y does", () => {
  test("with numbers, slices, lists and masks, and gradients of the values", () => {
    const w = ones([4]).requiresGrad_();
    const y = zeros([3, 4]);
    y.setAt(1, w.mul(2));
    y.setAt([slice(), 0], w.at(1).mul(3));
    y.setAt(
      [
        [0, 2],
        [3, 3],
      ],
      w.at(slice(0, 2)).mul(5),
    );
    y.mul(numbers(3, 4)).sum().backward();
    expect(y.tolist()).toEqual([
      [3, 0, 0, 5],
      [3, 2, 2, 2],
      [3, 0, 0, 5],
    ]);
    expect(w.grad!.tolist()).toEqual([15, 101, 12, 14]);
  });

  test("with a number under a mask, and from a string", () => {
    const y = numbers(2, 3);
    y.setAt(y.gt(3), -1);
    y.setAt("0, 1:", 9);
    expect(y.tolist()).toEqual([
      [0, 9, 9],
      [3, -1, -1],
    ]);
  });

  test("changes nothing when it does not fit", () => {
    const y = numbers(2, 3);
    expect(() => y.setAt(0, tensor([1, 2]))).toThrow(/shapes \[2\] and \[3\] do not broadcast|does not fit/);
    expect(() => y.setAt([slice(), 3], 0)).toThrow(/index 3 is out of range for dim 1 of size 3/);
    expect(() => y.setAt(0, zeros([2, 3]))).toThrow(/does not fit \[3\]/);
    expect(() => y.requiresGrad_().setAt(0, 1)).toThrow(/a leaf that requires grad/);
    expect(y.tolist()).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
  });

  test("copy_, fill_ and zero_ write through views, and pass gradients on", () => {
    const y = numbers(2, 3);
    y.select(1, 0).fill_(7);
    y.select(0, 1).narrow(0, 1, 2).zero_();
    expect(y.tolist()).toEqual([
      [7, 1, 2],
      [7, 0, 0],
    ]);
    const source = tensor([1, 2, 3], { requiresGrad: true });
    const target = source.mul(10);
    target.narrow(0, 0, 2).copy_(source.narrow(0, 1, 2));
    expect(target.tolist()).toEqual([2, 3, 30]);
    target.sum().backward();
    expect(source.grad!.tolist()).toEqual([0, 1, 11]);
    expect(() => y.copy_(zeros([4]))).toThrow(/shapes \[4\] and \[2, 3\] do not broadcast/);
    expect(() => zeros([2], { dtype: "int32" }).copy_(tensor([0.5, 1]))).toThrow(/a float32 result cannot be stored in a int32 tensor/);
  });
});
