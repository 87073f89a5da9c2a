import { describe, expect, test } from "vitest";
import { type Tensor, memoryStats, ones, slice, tensor, zeros } from "../src/index.js";
import { type IndexCase, type Written, baseShape, golden, indexOf, layOut, ramp } from "./fixtures/tensor-golden.js";

// All numbers are PyTorch's.

const numbers = (...shape: number[]): Tensor => ramp(shape);
const x = numbers(2, 3, 4);
const flat = (y: Tensor): unknown[] => [y.shape, [...y.toTypedArray()]];

describe("as x[…] in PyTorch", () => {
  const name = ({ shape, layout, index }: IndexCase): string => `[${shape.join(", ")}] ${layout} ${JSON.stringify(index)}`;
  const cases = golden.index.map((given): [string, IndexCase] => [name(given), given]);
  const values = (y: Tensor | null): number[] => [...y!.toTypedArray()];

  test.each(cases)("reads, and its gradient: %s", (_, { shape, layout, index, read }) => {
    const base = ramp(baseShape(layout, shape)).requiresGrad_();
    const out = layOut(base, layout, shape).at(...index.map(indexOf));
    expect([out.shape, values(out)]).toEqual([read.shape, read.values]);
    out.mul(ramp(out.shape, 1)).sum().backward();
    expect(values(base.grad)).toEqual(read.grad);
  });

  const written = cases.flatMap(([text, given]) =>
    (["same", "fewer", "more"] as const).flatMap((kind): [string, IndexCase, Written][] =>
      given[kind] ? [[`${kind} dims in ${text}`, given, given[kind]]] : [],
    ),
  );
  test.each(written)("writes, and both gradients: %s", (_, { shape, layout, index }, want) => {
    const leaf = ramp(baseShape(layout, shape)).requiresGrad_();
    const value = ramp(want.value, 100).requiresGrad_();
    const changed = leaf.mul(1);
    layOut(changed, layout, shape).setAt(index.map(indexOf), value.mul(1));
    expect(values(changed)).toEqual(want.base);
    changed.mul(ramp(changed.shape, 1)).sum().backward();
    expect([values(leaf.grad), values(value.grad)]).toEqual([want.grad, want.valueGrad]);
  });
});

describe("at()", () => {
  const STRINGS: [string, () => Tensor][] = [
    ["1", () => x.at(1)],
    ["-1, 0", () => x.at(-1, 0)],
    [":, 1:", () => x.at(slice(), slice(1))],
    [" ..., ::2 ", () => x.at("...", slice(null, null, 2))],
    ["0, None, 2", () => x.at(0, null, 2)],
    ["-1, :-1, -3:-1:2", () => x.at(-1, slice(null, -1), slice(-3, -1, 2))],
  ];
  test.each(STRINGS)("reads x[%s] from a string, as a view", (text, index) => {
    expect(flat(x.at(text))).toEqual(flat(index()));
    expect(x.at(text).storage).toBe(x.storage);
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
    expect(
      zeros([2], { dtype: "int32" })
        .copy_(tensor([-1.5, 1]))
        .tolist(),
    ).toEqual([-1, 1]);
    expect(
      zeros([3], { dtype: "int32" })
        .setAt([[2, 0]], tensor([1.5, 2.5]))
        .tolist(),
    ).toEqual([2, 0, 1]);
  });
});

describe("views share memory", () => {
  const VIEWS: [string, (y: Tensor) => Tensor, number[]][] = [
    ["a number", (y) => y.at(1), [0, 1, 2, 30, 40, 50]],
    ["a slice", (y) => y.at(slice(), slice(1)), [0, 10, 20, 3, 40, 50]],
    ["a step", (y) => y.at("..., ::2"), [0, 1, 20, 30, 4, 50]],
    ["a new dim", (y) => y.at(null, 0), [0, 10, 20, 3, 4, 5]],
    ["a scalar tensor", (y) => y.at(tensor(-1, { dtype: "int32" })), [0, 1, 2, 30, 40, 50]],
    ["select()", (y) => y.select(1, 0), [0, 1, 2, 30, 4, 5]],
    ["narrow()", (y) => y.narrow(1, 1, 1), [0, 10, 2, 3, 40, 5]],
    ["t()", (y) => y.t().at(0), [0, 1, 2, 30, 4, 5]],
    ["reshape()", (y) => y.reshape([6]).at(slice(4)), [0, 1, 2, 3, 40, 50]],
    ["flatten()", (y) => y.flatten().at(slice(2, 4)), [0, 1, 20, 30, 4, 5]],
    ["split()", (y) => y.split(1)[1]!, [0, 1, 2, 30, 40, 50]],
    ["unbind()", (y) => y.unbind(1)[2]!, [0, 1, 20, 3, 4, 50]],
    ["detach()", (y) => y.detach().at(0, 1), [0, 10, 2, 3, 4, 5]],
  ];
  test.each(VIEWS)("through %s", (_, view, values) => {
    const y = numbers(2, 3);
    view(y).mul_(10);
    expect([...y.toTypedArray()]).toEqual(values);
  });

  test("and picks, and reshape() where no view is possible, do not", () => {
    const y = numbers(2, 3);
    for (const copy of [y.at([0]), y.at(y.ge(0)), y.t().reshape([6]), y.clone()]) copy.mul_(10);
    expect([...y.toTypedArray()]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("a write may read the same memory", () => {
    const y = numbers(5);
    y.setAt(slice(1), y.at(slice(0, 4)));
    expect(y.tolist()).toEqual([0, 0, 1, 2, 3]);
    const square = numbers(2, 2);
    square.setAt([[0, 1]], square.t());
    expect([...square.toTypedArray()]).toEqual([0, 2, 1, 3]);
  });

  test("gradients pass writes through views of views, as in PyTorch", () => {
    const leaf = numbers(2, 3).requiresGrad_();
    const y = leaf.mul(1);
    const corner = y.at(0).at(slice(1));
    corner.mul_(corner.detach());
    y.setAt([slice(), [0]], y.at(slice(), [2]));
    y.at("1, 1").fill_(7);
    y.mul(y).sum().backward();
    expect([...y.toTypedArray()]).toEqual([4, 1, 4, 5, 7, 5]);
    expect(leaf.grad!.tolist()).toEqual([
      [0, 2, 32],
      [0, 0, 20],
    ]);
  });
});
