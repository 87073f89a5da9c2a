import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { freeing } from "./harness/freeing.js";
import {
  DisposedError,
  F,
  type Tensor,
  arange,
  cat,
  empty,
  eye,
  fromTypedArray,
  full,
  linspace,
  memoryStats,
  nn,
  ones,
  optim,
  rand,
  randint,
  randn,
  randperm,
  slice,
  stack,
  tensor,
  zeros,
} from "../src/index.js";

/*
 * What a user gets wrong: each is refused by an error of ours that names the function and what came; nothing is left
 * behind, and the library goes on working.
 */

const int = (values: Parameters<typeof tensor>[0]): Tensor => tensor(values, { dtype: "int32" });
/** What a program without type checks does. */
const loose = (fn: unknown): ((...params: unknown[]) => unknown) => fn as (...params: unknown[]) => unknown;
const method = (x: Tensor, name: keyof Tensor): ((...params: unknown[]) => unknown) =>
  (x[name] as unknown as (...params: unknown[]) => unknown).bind(x);

type Case = [what: string, call: () => unknown, error: string, message: RegExp];

/** Makes what the call needs first, so that only what the call itself leaves behind counts. */
const refused = ([, call, error, message]: Case): void => {
  freeing(() => {
    const before = memoryStats().inUse;
    let thrown: unknown;
    try {
      call();
    } catch (caught) {
      thrown = caught;
    }
    expect(String(thrown)).toMatch(message);
    expect((thrown as Error).name).toBe(error);
    expect(memoryStats().inUse, "bytes left behind").toBe(before);
    expect(ones([3]).add(1).sum().item()).toBe(6);
  });
};

const x = randn([2, 3, 4]);
const m = randn([3, 4]);
const one = ones([1]);
const scalar = tensor(1);
const whole = zeros([3], { dtype: "int32" });
const bytes = zeros([3], { dtype: "uint8" });
const labels = { high: int([0, 1, 4]), low: int([0, 1, -1]), few: int([0, 1]), far: int([[4]]), rows: int([0, 9]), negative: int([-1]) };

const MAKERS: [string, (shape: unknown) => unknown][] = [
  ["zeros", loose(zeros)],
  ["ones", loose(ones)],
  ["empty", loose(empty)],
  ["rand", loose(rand)],
  ["randn", loose(randn)],
  ["full", (shape) => loose(full)(shape, 1)],
  ["randint", (shape) => loose(randint)(0, 5, shape)],
];
const SHAPES: [string, unknown, string, string][] = [
  ["a negative size", [2, -1], "ShapeError", "sizes must be whole numbers from 0 on, got \\[2, -1\\]"],
  ["NaN", [NaN], "ShapeError", "sizes must be whole numbers from 0 on, got \\[NaN\\]"],
  ["a fraction", [1.5], "ShapeError", "sizes must be whole numbers from 0 on, got \\[1.5\\]"],
  ["no end", [Infinity], "ShapeError", "sizes must be whole numbers from 0 on, got \\[Infinity\\]"],
  ["text", ["2"], "ShapeError", "sizes must be whole numbers from 0 on"],
  ["too many elements", [2 ** 20, 2 ** 20], "ShapeError", "\\[1048576, 1048576\\] has more elements than 4 GiB of memory can hold"],
  ["sizes that a 0 hides", [2 ** 53, 2 ** 53, 0], "ShapeError", ".* has more elements than 4 GiB"],
  ["more bytes than there are", [2 ** 31], "OutOfMemoryError", "out of memory: 8192.0 MiB asked for, .* Use a smaller batch"],
  ["65 dims", Array(65).fill(1), "ShapeError", "a tensor has at most 64 dims, 65 were asked for"],
];
const made = MAKERS.flatMap(([name, make]) =>
  SHAPES.map(([what, shape, error, message]): Case => [
    `${name}() of ${what}`,
    () => make(shape),
    error,
    new RegExp(`${name}\\(\\): ${message}`),
  ]),
);

const circular: unknown[] = [];
circular.push(circular);

const CREATION: Case[] = [
  ["a shape that is a number", () => loose(zeros)(3), "ShapeError", /zeros\(\): expected a list such as \[2, 3\], got 3/],
  ["no shape", () => loose(ones)(), "ShapeError", /ones\(\): expected a list such as \[2, 3\], got undefined/],
  ["an array within itself", () => loose(tensor)(circular), "ShapeError", /tensor\(\): a tensor has at most 64 dims/],
  [
    "rows repeated without end",
    () => tensor(Array<number[]>(1e5).fill(Array<number>(1e5).fill(0))),
    "ShapeError",
    /tensor\(\): \[100000, 100000\] has more elements/,
  ],
  ["a tensor of a tensor", () => loose(tensor)(x), "ArgumentError", /tensor\(\): expected numbers.*got a tensor; use clone\(\)/],
  ["an object with a length", () => loose(tensor)({ length: 1, 0: 1 }), "ArgumentError", /tensor\(\): expected numbers.*got object/],
  ["a hole", () => loose(tensor)([1, undefined]), "ArgumentError", /tensor\(\): expected numbers.*got undefined/],
  ["a bigint", () => loose(tensor)([1n]), "ArgumentError", /tensor\(\): expected numbers.*got bigint/],
  ["bigints", () => loose(tensor)(new BigInt64Array(1)), "DTypeError", /a BigInt64Array has no dtype here; use Float32Array/],
  ["NaN as int32", () => tensor([NaN], { dtype: "int32" }), "DTypeError", /tensor\(\): NaN does not fit int32/],
  ["an array that is not typed", () => loose(fromTypedArray)([1, 2]), "DTypeError", /a Array has no dtype here/],
  ["a value that does not fit", () => full([2], 300, { dtype: "uint8" }), "DTypeError", /full\(\): 300 does not fit uint8 \(0 to 255\)/],
  ["no value", () => loose(full)([2]), "ArgumentError", /full\(\): expected a number as value, got undefined/],
  ["an unknown dtype", () => loose(zeros)([2], { dtype: "float16" }), "DTypeError", /unknown dtype "float16"; use one of float32/],
  [
    "gradients of integers",
    () => zeros([2], { dtype: "int32", requiresGrad: true }),
    "AutogradError",
    /only floating point tensors have gradients/,
  ],
  ["arange() that leads away", () => arange(-3), "ArgumentError", /arange\(\): step 1 does not lead from 0 to -3/],
  ["arange() beyond int32", () => arange(2 ** 31, 2 ** 31 + 2), "DTypeError", /arange\(\): 2147483648 does not fit int32/],
  ["arange() of halves as int32", () => arange(0, 3, 0.5, { dtype: "int32" }), "ArgumentError", /arange\(\): int32 needs whole numbers/],
  ["arange() without end", () => arange(1e12), "ShapeError", /arange\(\): \[1000000000000\] has more elements/],
  ["arange() of text", () => loose(arange)("3"), "ArgumentError", /arange\(\): bounds and step must be finite/],
  ["linspace() in NaN steps", () => linspace(0, 1, NaN), "ShapeError", /linspace\(\): sizes must be whole numbers/],
  ["linspace() that fills all memory", () => linspace(0, 1, 2e9), "OutOfMemoryError", /linspace\(\): out of memory: 7629\.4 MiB/],
  ["eye() of a negative size", () => eye(-1), "ShapeError", /eye\(\): sizes must be whole numbers from 0 on, got \[-1, -1\]/],
  ["randperm() of a fraction", () => randperm(1.5), "ShapeError", /randperm\(\): sizes must be whole numbers/],
  [
    "a layer of a negative size",
    () => new nn.Linear(-1, 2),
    "ArgumentError",
    /Linear\(\): inFeatures must be a whole number from 0 on, got -1/,
  ],
  ["a layer without sizes", () => Reflect.construct(nn.Linear, []) as unknown, "ArgumentError", /Linear\(\): inFeatures.*got undefined/],
  ["a layer larger than memory", () => new nn.Linear(1e6, 1e6), "ShapeError", /\[1000000, 1000000\] has more elements/],
  [
    "a convolution in groups that do not fit",
    () => new nn.Conv2d(3, 2, 3, { groups: 2 }),
    "ArgumentError",
    /Conv2d\(\): groups must be a whole number that divides/,
  ],
  ["a probability above 1", () => new nn.Dropout(2), "ArgumentError", /Dropout\(\): p must be in 0\.\.1, got 2/],
];

const VIEWS: Case[] = [
  ["reshape() to another number of elements", () => x.reshape([5, 5]), "ShapeError", /reshape\(\): \[2, 3, 4\] has 24 elements/],
  ["reshape() with two sizes open", () => x.reshape([-1, -1]), "ShapeError", /reshape\(\): only one size may be -1/],
  ["reshape() to a fraction", () => x.reshape([1.5, 16]), "ShapeError", /reshape\(\): sizes must be whole numbers/],
  ["reshape() without brackets", () => method(x, "reshape")(4, 6), "ShapeError", /reshape\(\): expected a list such as \[2, 3\], got 4/],
  [
    "view() of what does not lie so",
    () => m.t().view([12]),
    "ShapeError",
    /view\(\): \[4, 3\] with strides \[1, 4\] cannot be seen as \[12\] without a copy; use reshape\(\)/,
  ],
  ["view() as 65 dims", () => one.view(Array<number>(65).fill(1)), "ShapeError", /view\(\): a tensor has at most 64 dims/],
  [
    "unsqueeze() beyond 64 dims",
    () => one.view(Array<number>(64).fill(1)).unsqueeze(0),
    "ShapeError",
    /unsqueeze\(\): a tensor has at most 64 dims/,
  ],
  ["expand() of a size that is not 1", () => x.expand([2, 3, 8]), "ShapeError", /expand\(\): \[2, 3, 4\] cannot become \[2, 3, 8\]/],
  ["expand() beyond what can be addressed", () => one.expand([2 ** 33]), "ShapeError", /expand\(\): \[8589934592\] has more elements/],
  ["permute() without brackets", () => method(x, "permute")(0, 1, 2), "ShapeError", /permute\(\): expected a list such as \[2, 3\], got 0/],
  ["permute() with a dim twice", () => x.permute([0, 0, 1]), "ArgumentError", /permute\(\): a dim appears twice/],
  [
    "transpose() of a dim there is not",
    () => x.transpose(0, 3),
    "IndexError",
    /transpose\(\): dim 3 is out of range for a tensor of 3 dim\(s\); expected -3 to 2/,
  ],
  ["select() of an index there is not", () => x.select(0, 2), "IndexError", /select\(\): index 2 is out of range for dim 0 of size 2/],
  ["select() of a fraction", () => x.select(0, 0.5), "IndexError", /select\(\): index 0.5/],
  ["narrow() of a negative length", () => x.narrow(0, 0, -1), "IndexError", /narrow\(\): 0\.\.-1 reaches outside dim 0 of size 2/],
  [
    "narrow() from a fraction",
    () => x.narrow(0, 0.5, 1),
    "IndexError",
    /narrow\(\): start and length must be whole numbers, got 0.5 and 1/,
  ],
  ["narrow() of a scalar", () => scalar.narrow(0, 0, 1), "ShapeError", /narrow\(\): a scalar has no elements/],
  ["split() in negative sizes", () => x.split([-1, 3]), "ArgumentError", /split\(\): sizes must be whole numbers from 0 on, got \[-1, 3\]/],
  ["split() of a scalar", () => scalar.split(1), "ShapeError", /split\(\): a scalar has no dim to cut along/],
  ["unbind() of a scalar", () => scalar.unbind(), "ShapeError", /unbind\(\): a scalar has no dim to cut along/],
  ["chunk() into NaN", () => x.chunk(NaN), "ArgumentError", /chunk\(\): chunks must be a whole number from 1 on, got NaN/],
  ["cat() of one tensor", () => loose(cat)(x), "ArgumentError", /cat\(\): expected a list of tensors, as in cat\(\[x, y\]\)/],
  ["cat() of a number", () => loose(cat)([3]), "ArgumentError", /cat\(\): expected a tensor as argument 0, got the number 3/],
  ["stack() of nothing", () => stack([]), "ArgumentError", /stack\(\): expected at least one tensor/],
];

const INDICES: Case[] = [
  ["undefined", () => loose(x.at.bind(x))(undefined), "ArgumentError", /at\(\): expected a number, slice\(…\).*got undefined/],
  ["a boolean", () => loose(x.at.bind(x))(true), "ArgumentError", /at\(\): expected a number.*got boolean/],
  ["numbers and booleans mixed", () => loose(x.at.bind(x))([true, 1]), "ArgumentError", /at\(\): expected.*got \[true,1\]/],
  ["a nested list", () => loose(x.at.bind(x))([[0], [1]]), "ArgumentError", /make nested lists tensors of int32/],
  ["a negative step", () => x.at(slice(null, null, -1)), "ArgumentError", /slice\(\): step must be a whole number from 1 on, got -1/],
  ["a fraction in a slice", () => x.at(slice(0.5)), "IndexError", /slice\(\): positions must be whole numbers, got 0.5/],
  ["a float tensor", () => x.at(one), "ArgumentError", /at\(\): a tensor used as an index must be int32, uint8 or bool, got float32/],
  ["a scalar's element", () => scalar.at(0), "IndexError", /at\(\): 1 indices for a tensor of 0 dim\(s\)/],
  ["a number outside, to write", () => x.setAt([0, 3], 1), "IndexError", /setAt\(\): index 3 is out of range for dim 1 of size 3/],
  ["no value, to write", () => loose(x.setAt.bind(x))(0), "ArgumentError", /setAt\(\): expected a number as value, got undefined/],
  ["a list, to write", () => loose(x.setAt.bind(x))(0, [1]), "ArgumentError", /setAt\(\): expected a number as value, got object/],
  ["what does not fit, to write", () => x.setAt(0, m.t()), "ShapeError", /setAt\(\): shapes \[4, 3\] and \[3, 4\] do not broadcast/],
  ["a value outside the dtype, to write", () => bytes.setAt(0, 256), "DTypeError", /setAt\(\): 256 does not fit uint8/],
  [
    "an expanded tensor, to write",
    () => one.expand([3]).setAt(0, 1),
    "ArgumentError",
    /setAt\(\): an expanded tensor cannot be changed in place/,
  ],
  ["NaN into integers", () => whole.fill_(NaN), "DTypeError", /fill_\(\): NaN does not fit int32/],
  [
    "a label too high",
    () => F.crossEntropy(m, labels.high),
    "IndexError",
    /crossEntropy\(\): label 4 at position \[2\] is out of range for 4 classes; expected 0 to 3/,
  ],
  [
    "a label too low",
    () => F.nllLoss(m, labels.low),
    "IndexError",
    /nllLoss\(\): label -1 at position \[2\] is out of range for 4 classes/,
  ],
  ["too few labels", () => F.crossEntropy(m, labels.few), "ShapeError", /crossEntropy\(\): the input is \[3, 4\], the labels \[2\]/],
  [
    "a row of no table",
    () => F.embedding(labels.rows, m),
    "IndexError",
    /embedding\(\): index 9 at position \[1\] is out of range for a table of 3 rows/,
  ],
  [
    "a place of gather()",
    () => m.gather(1, labels.far),
    "IndexError",
    /gather\(\): index 4 at position \[0, 0\] is out of range for dim 1 of size 4/,
  ],
  ["a negative class", () => F.oneHot(labels.negative), "IndexError", /oneHot\(\): index -1 at position \[0\]/],
];

describe.each([
  ["shapes", made],
  ["creation", CREATION],
  ["views", VIEWS],
  ["indices and labels", INDICES],
])("%s are refused", (_, cases) => {
  const saved = [x, m, one, whole, bytes].map((tensor) => [tensor, tensor.tolist()] as const);
  // The shared scalars that messages and sums need are there before bytes are counted.
  beforeEach(() => void ones([3]).add(1).sum().item());
  afterEach(() => saved.forEach(([tensor, values]) => expect(tensor.tolist()).toEqual(values)));
  test.each(cases)("%s", (...given) => refused(given));
});

// PyTorch's: the mean of nothing is NaN, the sum 0.
describe("empty batches", () => {
  const none = zeros([0]);
  const LOSSES: [string, number, () => Tensor][] = [
    ["crossEntropy", NaN, () => F.crossEntropy(zeros([0, 4]), int([]))],
    ["crossEntropy summed", 0, () => F.crossEntropy(zeros([0, 4]), int([]), { reduction: "sum" })],
    ["crossEntropy of ignored labels", NaN, () => F.crossEntropy(zeros([2, 4]), int([-100, -100]))],
    ["mseLoss", NaN, () => F.mseLoss(none, none)],
    ["l1Loss", NaN, () => F.l1Loss(none, none)],
    ["mean", NaN, () => none.mean()],
    ["sum", 0, () => none.sum()],
    ["prod", 1, () => none.prod()],
    ["var", NaN, () => none.var()],
    ["std of one value", NaN, () => ones([1]).std()],
  ];
  test.each(LOSSES)("%s is %d", (_, value, loss) => expect(loss().item()).toBe(value));

  const LAYERS: [string, nn.Module & { forward(x: Tensor): Tensor }, () => Tensor, number[]][] = [
    ["Linear", new nn.Linear(3, 2), () => zeros([0, 3]), [0, 2]],
    ["Conv2d", new nn.Conv2d(1, 2, 3), () => zeros([0, 1, 5, 5]), [0, 2, 3, 3]],
    ["LayerNorm", new nn.LayerNorm(3), () => zeros([0, 3]), [0, 3]],
    ["Embedding", new nn.Embedding(4, 3), () => int([]), [0, 3]],
    ["MaxPool2d", new nn.MaxPool2d(2), () => zeros([0, 1, 4, 4]), [0, 1, 2, 2]],
    ["Softmax", new nn.Softmax(1), () => zeros([0, 3]), [0, 3]],
  ];
  test.each(LAYERS)("through %s, with gradients of 0", (_, layer, input, shape) => {
    const out = layer.forward(input());
    expect(out.shape).toEqual(shape);
    if (out.requiresGrad) out.sum().backward();
    for (const parameter of layer.parameters()) expect(parameter.grad!.abs().sum().item()).toBe(0);
  });

  test("have no extreme element", () => {
    expect(() => none.max()).toThrow(/has no elements/);
    expect(() => none.argmax()).toThrow(/argmax\(\): \[0\] has no elements/);
    expect(() => new nn.BatchNorm2d(2).forward(zeros([0, 2, 3, 3]))).toThrow(/needs more than one value per channel/);
  });
});

describe("a disposed tensor", () => {
  const gone = (...shape: number[]): Tensor => {
    const y = randn(shape);
    y.dispose();
    return y;
  };
  const leaf = (): Tensor => randn([3]).requiresGrad_();

  const USES: [string, () => unknown][] = [
    ["its values", () => gone(2).tolist()],
    ["its value", () => gone(1).item()],
    ["its memory", () => gone(2).data()],
    ["its text", () => String(gone(2))],
    ["an op", () => gone(2).exp()],
    ["the other operand", () => ones([2]).add(gone(2))],
    ["a matrix product", () => ones([2, 2]).matmul(gone(2, 2))],
    ["one of several", () => cat([ones([2]), gone(2)])],
    ["a view", () => gone(4).reshape([2, 2])],
    ["an index", () => gone(4).at(0)],
    ["detach()", () => gone(2).detach()],
    ["a change in place", () => gone(2).add_(1)],
    ["a change in place by it", () => ones([2]).add_(gone(2))],
    ["a copy from it", () => ones([2]).copy_(gone(2))],
    ["a write of it", () => ones([2]).setAt([[0, 1]], gone(2))],
    [
      "a view made before",
      () => {
        const y = randn([4]);
        const view = y.view([2, 2]);
        y.dispose();
        return view.sum();
      },
    ],
    [
      "backward() through what it needs",
      () => {
        const factor = randn([3]);
        const loss = leaf().mul(factor).sum();
        factor.dispose();
        loss.backward();
      },
    ],
    [
      "a gradient to add to",
      () => {
        const y = leaf();
        y.sum().backward();
        y.grad!.dispose();
        y.sum().backward();
      },
    ],
    [
      "a step of an optimiser by its gradient",
      () => {
        const y = leaf();
        y.sum().backward();
        y.grad!.dispose();
        new optim.SGD([y], { lr: 1 }).step();
      },
    ],
    [
      "a step of an optimiser on it",
      () => {
        const y = leaf();
        y.sum().backward();
        y.dispose();
        new optim.Adam([y], { lr: 1 }).step();
      },
    ],
    [
      "a module",
      () => {
        const layer = new nn.Linear(2, 2);
        layer.weight.dispose();
        layer.forward(ones([1, 2]));
      },
    ],
  ];
  test.each(USES)("is refused by %s", (_, use) => {
    expect(use).toThrow(DisposedError);
    expect(use).toThrow(/this tensor was disposed of: dispose\(\) frees the memory for all its views; clone\(\) before/);
  });

  test("may be disposed of again, have its gradient cleared, and be left out of a graph that does not need it", () => {
    const y = leaf();
    const loss = y.mul(2).sum();
    const optimizer = new optim.SGD([y], { lr: 1 });
    loss.backward();
    y.grad!.dispose();
    y.grad!.dispose();
    optimizer.zeroGrad();
    expect(y.grad).toBe(null);
  });
});
