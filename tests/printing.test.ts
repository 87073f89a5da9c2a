import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Tensor, ones, setDefaultDType, tensor, zeros } from "../src/index.js";
import { type PrintCase, elements, golden } from "./fixtures/tensor-golden.js";

const made = ({ shape, dtype, requiresGrad = false, ...given }: PrintCase): Tensor => {
  const x = tensor(elements(given), { dtype }).reshape(shape);
  return requiresGrad ? x.requiresGrad_() : x;
};

const cases = golden.print.map((given): [string, PrintCase] => [
  `${given.dtype} [${given.shape.join(", ")}] ${JSON.stringify(given.values ?? given.formula)}`,
  given,
]);

describe("String(x) is PyTorch's", () => {
  test.each(cases)("%s", (_, given) => {
    expect(String(made(given))).toBe(given.text);
  });

  test("for what lies in memory in another order", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(String(x.t())).toBe("tensor([[1., 4.],\n        [2., 5.],\n        [3., 6.]])");
    expect(String(ones([1]).expand([2, 2]))).toBe("tensor([[1., 1.],\n        [1., 1.]])");
    expect(String(x.at("1, ::2"))).toBe("tensor([4., 6.])");
  });

  test("with the op of a graph, by the name it has here", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(String(x)).toBe("tensor([1., 2.], requiresGrad=true)");
    expect(String(x.mul(2))).toBe("tensor([2., 4.], gradFn=<MulBackward>)");
    expect(String(x.detach())).toBe("tensor([1., 2.])");
  });

  test("and leaves out the default dtype, whichever that is", () => {
    setDefaultDType("float64");
    try {
      expect([String(tensor([1])), String(zeros([1], { dtype: "float32" }))]).toEqual(["tensor([1.])", "tensor([0.], dtype=float32)"]);
    } finally {
      setDefaultDType("float32");
    }
  });
});

test("console.log shows the values, and never throws", () => {
  const x = tensor([1, 2]);
  expect(inspect(x)).toBe("tensor([1., 2.])");
  expect(inspect({ loss: tensor(0.5), x })).toBe("{ loss: tensor(0.5000), x: tensor([1., 2.]) }");
  x.dispose();
  expect(inspect(x)).toBe("tensor(<freed>, size=[2])");
  expect(() => String(x)).toThrow(/disposed/);
});
