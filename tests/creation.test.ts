import { describe, expect, test } from "vitest";
import {
  type DType,
  arange,
  empty,
  emptyLike,
  eye,
  fromTypedArray,
  full,
  fullLike,
  linspace,
  memoryStats,
  ones,
  onesLike,
  setDefaultDType,
  tensor,
  zeros,
  zerosLike,
} from "../src/index.js";

describe("tensor()", () => {
  test("takes the shape from nested arrays, the dtype from what is in them", () => {
    expect([tensor(3).shape, tensor(3).dtype]).toEqual([[], "float32"]);
    expect([tensor([[1, 2, 3]]).shape, tensor([[true], [false]]).dtype]).toEqual([[1, 3], "bool"]);
    expect([tensor([]).shape, tensor([[], []]).shape]).toEqual([[0], [2, 0]]);
    expect(tensor(new Int32Array([1, 2])).dtype).toBe("int32");
    expect(tensor([new Float64Array([1, 2])]).dtype).toBe("float64");
    expect(tensor([[1, true]]).tolist()).toEqual([[1, 1]]);
  });

  const DTYPES: [DType, unknown][] = [
    ["float32", [0.10000000149011612, -2, 3]],
    ["float64", [0.1, -2, 3]],
    ["bool", [true, true, true]],
  ];
  test.each(DTYPES)("converts to %s", (dtype, values) => {
    expect(tensor([0.1, -2, 3], { dtype }).tolist()).toEqual(values);
  });

  test("keeps NaN, infinities and the sign of zero", () => {
    expect([...tensor([NaN, Infinity, -Infinity, -0]).toTypedArray()]).toEqual([NaN, Infinity, -Infinity, -0]);
  });

  test("refuses what is no tensor, before anything is allocated", () => {
    tensor(0);
    const before = memoryStats().inUse;
    const wrong = tensor as (data: unknown, options?: { dtype?: string }) => unknown;
    const errors: [() => unknown, RegExp][] = [
      [() => tensor([[1, 2], [3]]), /tensor\(\): rows differ in length: 1 and 2 at depth 1/],
      [() => tensor([1, [2]]), /tensor\(\): an array stands where a number was expected/],
      [() => tensor([[1], 2]), /tensor\(\): a number stands where an array of 1 was expected/],
      [() => wrong("1"), /tensor\(\): expected numbers, booleans or arrays of them, got string/],
      [() => wrong([null]), /got null/],
      [() => wrong([1], { dtype: "float16" }), /unknown dtype "float16"; use one of float32/],
      [() => tensor([300], { dtype: "uint8" }), /tensor\(\): 300 does not fit uint8 \(0 to 255\)/],
      [() => tensor([2 ** 31], { dtype: "int32" }), /tensor\(\): 2147483648 does not fit int32/],
      [() => tensor([1], { dtype: "int32", requiresGrad: true }), /only floating point tensors have gradients/],
    ];
    for (const [call, message] of errors) expect(call).toThrow(message);
    expect(memoryStats().inUse).toBe(before);
  });
});

describe("filled tensors", () => {
  test("have the shape, the dtype and the value that was asked for", () => {
    expect([zeros([2, 2]).tolist(), ones([3], { dtype: "int32" }).tolist(), full([], 2.5).item()]).toEqual([
      [
        [0, 0],
        [0, 0],
      ],
      [1, 1, 1],
      2.5,
    ]);
    expect([zeros([0, 3]).shape, empty([4, 5]).shape, full([2], 1, { dtype: "bool" }).tolist()]).toEqual([
      [0, 3],
      [4, 5],
      [true, true],
    ]);
    expect(ones([2], { requiresGrad: true }).requiresGrad).toBe(true);
  });

  test("are modelled on another", () => {
    const x = tensor([[1, 2]], { dtype: "float64" });
    for (const like of [zerosLike(x), onesLike(x), fullLike(x, 3), emptyLike(x)])
      expect([like.shape, like.dtype]).toEqual([[1, 2], "float64"]);
    expect([zerosLike(x).tolist(), onesLike(x, { dtype: "int32" }).tolist(), fullLike(x, 3).tolist()]).toEqual([
      [[0, 0]],
      [[1, 1]],
      [[3, 3]],
    ]);
  });

  test("refuse sizes that are none", () => {
    expect(() => zeros([-1])).toThrow(/full\(\): sizes must be whole numbers from 0 on, got \[-1\]|zeros\(\): sizes/);
    expect(() => empty([1.5])).toThrow(/empty\(\): sizes must be whole numbers from 0 on, got \[1.5\]/);
    expect(() => ones([2 ** 20, 2 ** 20])).toThrow(/more elements than 4 GiB/);
  });

  test("follow the default dtype", () => {
    setDefaultDType("float64");
    expect([zeros([1]).dtype, tensor([1]).dtype, linspace(0, 1, 2).dtype, tensor([true]).dtype]).toEqual([
      "float64",
      "float64",
      "float64",
      "bool",
    ]);
    setDefaultDType("float32");
    expect(() => setDefaultDType("int32")).toThrow(/int32 is not a floating point type/);
  });
});

// The numbers of this group are PyTorch's.
describe("ramps", () => {
  test("arange() stops before the end, and is whole when all is whole", () => {
    expect([arange(5, 0, -2).tolist(), arange(5, 0, -2).dtype]).toEqual([[5, 3, 1], "int32"]);
    expect(arange(0, 1, 0.25).tolist()).toEqual([0, 0.25, 0.5, 0.75]);
    expect([arange(3).tolist(), arange(0).tolist(), arange(2, 2).shape]).toEqual([[0, 1, 2], [], [0]]);
    // PyTorch's last digit depends on the processor's fused multiplication.
    arange(0.1, 0.8, 0.1, { dtype: "float64" })
      .toTypedArray()
      .forEach((value, i) => expect(value).toBeCloseTo(0.1 + 0.1 * i, 14));
    arange(0.1, 0.8, 0.1)
      .toTypedArray()
      .forEach((value, i) => expect(value).toBeCloseTo(0.1 + 0.1 * i, 6));
    expect([arange(0.1, 0.8, 0.1).shape, arange(1, 2, 0.1).shape]).toEqual([[7], [10]]);
    expect(() => arange(0, 1, 0)).toThrow(/arange\(\): step 0 does not lead from 0 to 1/);
    expect(() => arange(0, 1, -1)).toThrow(/arange\(\): step -1 does not lead from 0 to 1/);
    expect(() => arange(NaN)).toThrow(/must be finite/);
  });

  test("linspace() has both ends", () => {
    expect(linspace(0, 1, 5).tolist()).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(-1, 1, 4).tolist()).toEqual([-1, -0.3333333134651184, 0.3333333134651184, 1]);
    expect(linspace(0.1, 0.7, 7).tolist()).toEqual([
      0.10000000149011612, 0.19999998807907104, 0.29999998211860657, 0.4000000059604645, 0.5, 0.6000000238418579, 0.699999988079071,
    ]);
    expect(linspace(0.1, 0.7, 7, { dtype: "float64" }).tolist()).toEqual([0.1, 0.2, 0.3, 0.39999999999999997, 0.5, 0.6, 0.7]);
    expect([linspace(3, 7, 1).tolist(), linspace(3, 7, 0).tolist()]).toEqual([[3], []]);
  });

  test("eye() has ones on the diagonal", () => {
    expect(eye(2, 3).tolist()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    expect([eye(2, 2, { dtype: "int32" }).dtype, eye(0).shape]).toEqual(["int32", [0, 0]]);
  });
});

test("fromTypedArray() copies once, into a shape", () => {
  const array = new Float32Array([1, 2, 3, 4]);
  const x = fromTypedArray(array, [2, 2]);
  array[0] = 9;
  expect([x.tolist(), x.dtype]).toEqual([
    [
      [1, 2],
      [3, 4],
    ],
    "float32",
  ]);
  expect(fromTypedArray(new Uint8Array([0, 2]), [2], { dtype: "bool" }).tolist()).toEqual([false, true]);
  expect(() => fromTypedArray(array, [3])).toThrow(/fromTypedArray\(\): 4 elements do not fit the shape \[3\]/);
  expect(() => fromTypedArray(new Float64Array([0.5, 3e9]), [2], { dtype: "int32" })).toThrow(/does not fit int32/);
});

test("data() looks into the memory, toTypedArray() copies", () => {
  const x = tensor([1, 2, 3]);
  x.data()[1] = 20;
  x.toTypedArray()[2] = 30;
  expect(x.tolist()).toEqual([1, 20, 3]);
  expect(() =>
    tensor([
      [1, 2],
      [3, 4],
    ])
      .t()
      .data(),
  ).toThrow(/data\(\): the elements of \[2, 2\] with strides \[1, 2\] do not lie in order/);
  expect(
    tensor([
      [1, 2],
      [3, 4],
    ])
      .t()
      .toTypedArray(),
  ).toEqual(new Float32Array([1, 3, 2, 4]));
  expect(() => x.item()).toThrow(/item\(\): expected one element, got shape \[3\]/);
});
