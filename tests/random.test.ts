import {
  F,
  Generator,
  type Tensor,
  arange,
  bernoulli,
  cat,
  empty,
  manualSeed,
  multinomial,
  normal,
  noGrad,
  rand,
  randint,
  randn,
  randperm,
  tensor,
} from "lanegrad";
import { describe, expect, test } from "vitest";
import golden from "./golden/random.json" with { type: "json" };

const x = arange(1, 41).float().div(8).keep();
const weights = tensor([
  [0.1, 0.2, 0.3, 0.4],
  [4, 0, 1, 2],
]).keep();
const f64 = { dtype: "float64" } as const;
const from = (y: Tensor, start: number): Tensor => y.narrow(0, y.numel - start, start);

/** The calls of golden/random.py, by the same names. */
const calls: Record<keyof typeof golden, () => Tensor> = {
  rand: () => rand([20]),
  "rand far on": () => from(rand([2000]), 5),
  "rand float64": () => rand([2, 5], f64),
  "randn 1": () => randn([1]),
  "randn 15": () => randn([15]),
  "randn 16": () => randn([16]),
  "randn 17": () => randn([17]),
  "randn 1001": () => from(randn([1001]), 20),
  "randn float64": () => randn([5, 5], f64),
  "randn few float64": () => randn([3], f64),
  "randn pairs": () => cat([randn([1]), randn([20]), randn([2])]),
  randint: () => randint(10, [20]),
  "randint from": () => randint(-5, 5, [20]),
  "randint wide": () => randint(-(2 ** 31), 2 ** 31 - 1, [20]),
  "randint 2^28": () => randint(2 ** 28, [5]),
  "randint below 2^28": () => randint(2 ** 28 - 1, [5]),
  "randint uint8": () => randint(256, [9], { dtype: "uint8" }),
  "randint float32": () => randint(7, [9], { dtype: "float32" }),
  randperm: () => randperm(30),
  "randperm 1": () => randperm(1),
  normal: () => normal(2, 0.5, [33]),
  "normal tensors": () => normal(x, x.div(8)),
  bernoulli: () => bernoulli(x.div(5)),
  "bernoulli float64": () => bernoulli(x.div(5).double()),
  uniform_: () => empty([9]).uniform_(-0.3, 0.7),
  "uniform_ float64": () => empty([9], f64).uniform_(-0.3, 0.7),
  normal_: () => empty([5]).normal_(1, 3),
  exponential_: () => empty([20]).exponential_(2),
  "exponential_ float64": () => empty([9], f64).exponential_(),
  bernoulli_: () => empty([30]).bernoulli_(0.3),
  "bernoulli_ bool": () => empty([30], { dtype: "bool" }).bernoulli_(),
  "random_ 2": () => empty([1, 20]).random_(2),
  "random_ from": () => empty([9], { dtype: "int32" }).random_(-3, 4),
  "random_ float32": () => empty([5]).random_(),
  "random_ float64": () => empty([5], f64).random_(),
  "random_ int32": () => empty([5], { dtype: "int32" }).random_(),
  "random_ uint8": () => empty([9], { dtype: "uint8" }).random_(),
  dropout: () => F.dropout(x, { p: 0.3 }),
  "dropout of nothing": () => F.dropout(x, { p: 0 }),
  "dropout of all": () => F.dropout(x, { p: 1 }),
  "dropout float64": () => F.dropout(x.double(), { p: 0.1 }),
  dropout2d: () => F.dropout2d(x.reshape([2, 5, 2, 2]), { p: 0.4 }),
  multinomial: () => multinomial(weights, 3),
  "multinomial 1": () => multinomial(weights, 1, { replacement: true }),
  "multinomial replacement": () => multinomial(weights, 10, { replacement: true }),
};

/** Logarithms and angles differ from PyTorch's in the last bits; everything else is equal. */
function tolerance(name: string): number {
  if (!/normal|randn|exponential/.test(name)) return 0;
  return name.includes("float64") ? 4e-15 : 5e-7;
}

describe("the numbers of PyTorch's generator", () => {
  test.each(Object.keys(golden) as (keyof typeof golden)[])("%s", (name) => {
    const { seed, shape, values, next } = golden[name];
    manualSeed(seed);
    const y = calls[name]();
    expect(y.shape).toEqual(shape);
    const drawn = Array.from(y.toTypedArray());
    const off = drawn.map((value, i) => Math.abs(value - values[i]!) / Math.max(1, Math.abs(values[i]!)));
    expect(Math.max(...off), `${drawn.join(", ")}\n${values.join(", ")}`).toBeLessThanOrEqual(tolerance(name));
    expect(rand([1]).item()).toBe(next);
  });
});

test("a generator has its own stream, which can be saved and gone back to", () => {
  const generator = new Generator(3);
  manualSeed(7);
  const before = rand([1]).item();
  manualSeed(7);
  expect(Array.from(rand([20], { generator }).toTypedArray())).toEqual(golden.rand.values);
  const state = generator.getState();
  const first = randn([3], { generator }).toTypedArray();
  generator.setState(state);
  expect(randn([3], { generator }).toTypedArray()).toEqual(first);
  expect(rand([1]).item()).toBe(before);
});

test("dropout's gradient passes where its elements did", () => {
  manualSeed(1);
  const ones = tensor(new Float32Array(200).fill(1), { requiresGrad: true });
  const y = F.dropout(ones, { p: 0.25 });
  y.sum().backward();
  expect(ones.grad!.toTypedArray()).toEqual(y.toTypedArray());
  expect(F.dropout(ones, { training: false })).toBe(ones);
});

test("filling in place cuts the graph and is refused on a leaf that requires grad", () => {
  const leaf = tensor([1, 2, 3], { requiresGrad: true });
  const y = leaf.mul(2);
  y.normal_();
  y.sum().backward();
  expect(leaf.grad?.tolist() ?? [0, 0, 0]).toEqual([0, 0, 0]);
  expect(() => leaf.uniform_()).toThrow(/uniform_\(\): a leaf that requires grad/);
  expect(noGrad(() => leaf.uniform_()).requiresGrad).toBe(true);
});

test("a strided tensor is filled in its own order", () => {
  manualSeed(3);
  const flat = rand([6]).tolist();
  manualSeed(3);
  expect(empty([3, 2]).t().uniform_().reshape([6]).tolist()).toEqual(flat);
});

test.each<[() => unknown, RegExp]>([
  [() => rand([2], { dtype: "int32" }), /rand\(\): random int32 numbers are drawn by randint\(\)/],
  [() => rand([-1]), /rand\(\): sizes must be whole numbers/],
  [() => randint(5, 5, [2]), /randint\(\): expected whole numbers low < high, got 5 and 5/],
  [() => randint(300, [2], { dtype: "uint8" }), /randint\(\): 0\.\.299 does not fit uint8/],
  [() => normal(0, -1, [2]), /normal\(\): the standard deviation must be 0 or more, got -1/],
  [() => normal(0, 1), /normal\(\): a mean and a standard deviation that are numbers need a shape/],
  [() => empty([2]).uniform_(1, 0), /uniform_\(\): expected from ≤ to, got 1 and 0/],
  [() => empty([2], { dtype: "int32" }).normal_(), /normal_\(\): expected a floating point tensor, got int32/],
  [() => empty([2]).exponential_(0), /exponential_\(\): lambda must be above 0, got 0/],
  [() => empty([2]).bernoulli_(2), /bernoulli_\(\): p must be in 0\.\.1, got 2/],
  [() => empty([2]).random_(5, 2), /random_\(\): expected whole numbers low < high/],
  [() => F.dropout(rand([2]), { p: 1.5 }), /dropout\(\): p must be in 0\.\.1, got 1.5/],
  [() => multinomial(tensor([0, 1]), 2), /multinomial\(\): 2 samples without replacement, but row 0 has only 1 weights above 0/],
  [() => multinomial(tensor([-1, 1]), 1), /multinomial\(\): weights must be 0 or more and finite, got -1/],
])("%s is refused", (call, message) => {
  expect(call).toThrow(message);
});
