import { describe, expect } from "vitest";
import {
  Function,
  type FunctionCtx,
  type Tensor,
  detectAnomaly,
  enableGrad,
  grad,
  gradcheck,
  gradgradcheck,
  isGradEnabled,
  noGrad,
  ones,
  setGradEnabled,
  tensor,
  zeros,
} from "../src/index.js";
import { leaf, story } from "./harness/story.js";

describe("backward", () => {
  story("adds to grad each time", () => {
    const x = leaf([1, 2, 3]);
    x.mul(x).sum().backward();
    x.mul(3).sum().backward();
    expect(x.grad!.tolist()).toEqual([5, 7, 9]);
  });

  story("of a tensor with several elements wants a gradient of its shape", () => {
    const x = leaf([1, 2]);
    expect(() => x.mul(2).backward()).toThrow(
      /backward\(\): only a tensor of one element has an implicit gradient, this one has shape \[2\]/,
    );
    expect(() => x.mul(2).backward(tensor([1, 2, 3], { dtype: "float64" }))).toThrow(/the gradient has shape \[3\], the tensor \[2\]/);
    x.mul(2).backward(tensor([10, 100], { dtype: "float64" }));
    expect(x.grad!.tolist()).toEqual([20, 200]);
  });

  story("gives the graph back, unless it is to be retained", () => {
    const x = leaf(3);
    const y = x.mul(x);
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(x.grad!.item()).toBe(12);
    expect(() => y.backward()).toThrow(/this graph was used by an earlier backward\(\).*retainGraph: true/);
  });

  story("refuses a tensor without a graph", () => {
    expect(() => tensor([1]).sum().backward()).toThrow(/backward\(\): this tensor of shape \[\] does not require grad/);
  });

  story("sums over the paths of a diamond", () => {
    const x = leaf(2);
    const a = x.mul(3);
    const b = a.mul(a);
    b.add(a.mul(5)).add(b.mul(a)).backward(); // 9x² + 15x + 27x³
    expect(x.grad!.item()).toBe(18 * 2 + 15 + 81 * 4);
  });

  story("counts an input that is used twice by one op", () => {
    const x = leaf([2, 3]);
    x.mul(x).add(x.add(x)).sum().backward();
    expect(x.grad!.tolist()).toEqual([6, 8]);
  });

  story("sums over what broadcasting repeated", () => {
    const [row, column, scalar] = [leaf([[1, 2, 3]]), leaf([[10], [20]]), leaf(5)];
    row.mul(column).mul(scalar).sum().backward();
    expect(row.grad!.tolist()).toEqual([[150, 150, 150]]);
    expect(column.grad!.tolist()).toEqual([[30], [30]]);
    expect(scalar.grad!.item()).toBe(180);
  });

  story("brings gradients to the dtype of each input", () => {
    const x = leaf([1, 2], "float32");
    const y = leaf([3, 4], "float64");
    const z = x.mul(y);
    expect(z.dtype).toBe("float64");
    z.sum().backward();
    expect([x.grad!.dtype, y.grad!.dtype]).toEqual(["float32", "float64"]);
    expect(x.grad!.tolist()).toEqual([3, 4]);
  });

  story("walks a chain of 100,000 ops, and the garbage of one goes before the next", () => {
    const x = leaf(1);
    let y: Tensor = x;
    for (let i = 0; i < 100_000; i++) y = y.mul(1);
    y.backward();
    expect(x.grad!.item()).toBe(1);
  });

  story("needs gradients of integers from nobody", () => {
    expect(() => tensor([1, 2], { dtype: "int32", requiresGrad: true })).toThrow(
      /only floating point tensors have gradients, this one is int32/,
    );
    const x = leaf([1.5, 2.5]);
    const whole = x.to("int32");
    expect(whole.requiresGrad).toBe(false);
    x.mul(whole).sum().backward();
    expect(x.grad!.tolist()).toEqual([1, 2]);
  });
});

describe("derivatives of derivatives", () => {
  story("to the third order", () => {
    const x = leaf(1.5);
    const [first] = grad(x.mul(x).exp(), x, { createGraph: true });
    const [second] = grad(first!, x, { createGraph: true });
    const [third] = grad(second!, x);
    // e^(x²) times 2x, 4x² + 2, 8x³ + 12x
    const e = Math.exp(2.25);
    expect(first!.item()).toBeCloseTo(3 * e, 10);
    expect(second!.item()).toBeCloseTo(11 * e, 10);
    expect(third!.item()).toBeCloseTo(45 * e, 10);
  });

  story("by backward() with createGraph, as in a gradient penalty", () => {
    const x = leaf([1, 2]);
    const [g] = grad(x.mul(x).mul(x).sum(), x, { createGraph: true }); // 3x²
    g!.mul(g!).sum().backward(); // 9x⁴ → 36x³
    expect(x.grad!.tolist()).toEqual([36, 288]);
    expect(x.grad!.requiresGrad).toBe(false);
  });

  story("gradcheck and gradgradcheck agree with what is right", () => {
    const x = leaf([
      [0.5, -1.2],
      [2, 0.1],
    ]);
    const y = leaf([0.3, 0.7]);
    const fn = (a: Tensor, b: Tensor): Tensor => a.mul(b).exp().sum(1);
    expect(gradcheck(fn, [x, y])).toBe(true);
    expect(gradcheck(fn, [x, y], { fastMode: true })).toBe(true);
    expect(gradgradcheck(fn, [x, y])).toBe(true);
  });

  story("gradcheck names the entry that is wrong", () => {
    class Wrong extends Function {
      static forward(_: FunctionCtx, x: Tensor): Tensor {
        return x.mul(2);
      }
      static backward(_: FunctionCtx, g: Tensor | null): Tensor {
        return g!.mul(tensor([2, 3], { dtype: "float64" }));
      }
    }
    const x = leaf([1, 2]);
    const fn = (a: Tensor): Tensor => Wrong.apply(a);
    const message =
      /gradcheck\(\): output 0, element 1, by input 0, element 1: the gradient formula gives 3, finite differences (2\.0|1\.9999)/;
    expect(() => gradcheck(fn, [x])).toThrow(message);
    expect(() => gradcheck(fn, [x], { fastMode: true })).toThrow(/random direction/);
    expect(gradcheck(fn, [x], { raiseException: false })).toBe(false);
    expect(() => gradcheck(fn, [leaf([1, 2], "float32")])).toThrow(/input 0 is float32, too coarse for finite differences/);
    expect(() => gradcheck(fn, [tensor([1])])).toThrow(/no input requires grad/);
  });
});

describe("grad()", () => {
  story("returns gradients and leaves grad alone", () => {
    const [x, y] = [leaf([1, 2]), leaf([3, 4])];
    const [gx, gy] = grad(x.mul(y).sum(), [x, y]);
    expect([gx!.tolist(), gy!.tolist()]).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect([x.grad, y.grad]).toEqual([null, null]);
  });

  story("of several outputs, with a gradient for each, and with respect to an intermediate", () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    const outs = [h.mul(h), h.sum()];
    const [g] = grad(outs, h, { gradOutputs: [ones([2], { dtype: "float64" }), null] });
    expect(g!.tolist()).toEqual([7, 13]);
  });

  story("says which input was not used, or gives null for it", () => {
    const [x, other] = [leaf([1]), leaf([2])];
    expect(() => grad(x.mul(2).sum(), [x, other])).toThrow(/grad\(\).*input 1/);
    expect(grad(x.mul(2).sum(), [x, other], { allowUnused: true })[1]).toBe(null);
    expect(() => grad(x.mul(2).sum(), tensor([1]))).toThrow(/grad\(\): input 0 does not require grad/);
  });
});

describe("recording", () => {
  story("stops under noGrad, goes on under enableGrad, and is put back after an error", () => {
    const x = leaf([1, 2]);
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(noGrad(() => enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
    expect(() =>
      noGrad(() => {
        throw new Error("mine");
      }),
    ).toThrow("mine");
    expect(isGradEnabled()).toBe(true);
    setGradEnabled(false);
    expect(x.mul(2).requiresGrad).toBe(false);
    setGradEnabled(true);
  });

  story("ends at detach(), which shares memory", () => {
    const x = leaf([1, 2]);
    const y = x.mul(2);
    const cut = y.detach();
    expect([cut.requiresGrad, cut.isLeaf, cut.storage === y.storage]).toEqual([false, true, true]);
    y.mul(cut).sum().backward();
    expect(x.grad!.tolist()).toEqual([4, 8]);
  });

  story("leaves a graph that can be walked", () => {
    const x = leaf([1, 2]);
    const y = x.mul(2).exp().sum();
    const names: string[] = [];
    let node = y.gradFn;
    while (node) {
      names.push(node.name);
      const next = node.nextFunctions[0];
      node = next && "node" in next ? next.node : null;
      if (next && "leaf" in next) expect(next.leaf).toBe(x);
    }
    expect(names).toEqual(["SumBackward", "ExpBackward", "MulBackward"]);
    expect(x.gradFn).toBe(null);
  });
});

describe("hooks", () => {
  story("on a tensor see its gradient and may change it, until removed", () => {
    const x = leaf([1, 2]);
    const seen: unknown[] = [];
    const run = (): unknown => {
      x.grad = null;
      const h = x.mul(3);
      const remove = h.registerHook((g) => {
        seen.push(g.tolist());
        return g.mul(10);
      });
      const out = h.mul(2).sum();
      if (seen.length > 0) remove();
      out.backward();
      return x.grad!.tolist();
    };
    expect(run()).toEqual([60, 60]);
    expect(run()).toEqual([6, 6]);
    expect(seen).toEqual([[2, 2]]);
  });

  story("on a leaf change what is accumulated", () => {
    const x = leaf([1, 2]);
    const remove = x.registerHook((g) => g.mul(2));
    x.mul(3).sum().backward();
    remove();
    x.mul(3).sum().backward();
    expect(x.grad!.tolist()).toEqual([9, 9]);
    expect(() => tensor([1]).registerHook(() => undefined)).toThrow(/registerHook\(\): this tensor does not require grad/);
    x.registerHook(() => zeros([3], { dtype: "float64" }));
    expect(() => x.mul(2).sum().backward()).toThrow(/the hook returned a gradient of shape \[3\] for one of \[2\]/);
  });

  story("retainGrad keeps the gradient of an intermediate", () => {
    const x = leaf([1, 2]);
    const h = x.mul(3);
    h.retainGrad();
    h.mul(h).sum().backward();
    expect(h.grad!.tolist()).toEqual([6, 12]);
    expect(x.grad!.tolist()).toEqual([18, 36]);
  });

  story("the gradient of a long product with a zero in it takes no square of memory", () => {
    const x = ones([70_000], { dtype: "float64" });
    x.setAt(5, 0);
    x.requiresGrad = true;
    x.prod(0).backward();
    expect([x.grad!.sum().item(), x.grad!.at(5).item()]).toEqual([1, 1]);
  });

  story("retainGrad adds up over several backward() calls, as in PyTorch", () => {
    const h = leaf([1, 2]).mul(3);
    h.retainGrad();
    const loss = h.mul(h).sum();
    loss.backward(null, { retainGraph: true });
    const first = h.grad!;
    loss.backward();
    expect(h.grad!.tolist()).toEqual([12, 24]);
    expect(first.tolist()).toEqual([6, 12]);
  });

  story("where the slope is 0 not even an infinite gradient passes", () => {
    const x = leaf([-2, 0, 3]);
    const g = tensor([Infinity, NaN, -1], { dtype: "float64" });
    for (const flat of [x.sign(), x.floor(), x.round()]) expect(grad(flat, x, { gradOutputs: [g] })[0]!.tolist()).toEqual([0, 0, 0]);
  });
});

describe("a user's Function", () => {
  class Cube extends Function {
    static forward(ctx: FunctionCtx, x: Tensor, factor: number): Tensor {
      ctx.saveForBackward(x);
      ctx["factor"] = factor;
      return x.mul(x).mul(x).mul(factor);
    }
    static backward(ctx: FunctionCtx, g: Tensor | null): (Tensor | null)[] {
      const [x] = ctx.savedTensors as [Tensor];
      return [g!.mul(x.mul(x).mul(3 * (ctx["factor"] as number))), null];
    }
  }

  story("has its own gradient, which is differentiated again", () => {
    const x = leaf([1, -2]);
    const y = Cube.apply(x, 2);
    expect(y.tolist()).toEqual([2, -16]);
    expect(y.gradFn!.name).toBe("CubeBackward");
    y.sum().backward();
    expect(x.grad!.tolist()).toEqual([6, 24]);
    const fn = (a: Tensor): Tensor => Cube.apply(a, 2);
    expect(gradcheck(fn, [x]) && gradgradcheck(fn, [x])).toBe(true);
  });

  story("is told when a saved tensor was changed, or a gradient does not fit", () => {
    const x = leaf([1, 2]);
    const h = x.mul(1);
    const y = Cube.apply(h, 1).sum();
    noGrad(() => h.mul_(2));
    expect(() => y.backward()).toThrow(/saved tensor 0 of Cube is at version 1, expected 0/);
    class Short extends Function {
      static forward(_: FunctionCtx, a: Tensor, b: Tensor): Tensor {
        return a.mul(b);
      }
      static backward(_: FunctionCtx, g: Tensor | null): Tensor | null {
        return g;
      }
    }
    expect(() => Short.apply(x, x).sum().backward()).toThrow(/Short\.backward\(\): returned 1 gradient\(s\) for 2 argument/);
  });
});

describe("anomaly detection", () => {
  story("says where the op was called whose gradient is NaN", () => {
    const x = leaf([0]);
    const makeTrouble = (): Tensor => x.mul(0).div(x.mul(0)); // 0 / 0
    const message = /DivBackward gave NaN for its input 1[^]*makeTrouble/;
    expect(() => detectAnomaly(() => makeTrouble().sum().backward())).toThrow(message);
    makeTrouble().sum().backward();
    expect(x.grad!.tolist()).toEqual([NaN]);
  });
});
