import { describe, expect, test } from "vitest";
import {
  type Tensor,
  arange,
  eye,
  flushMemory,
  fromTypedArray,
  full,
  linspace,
  memoryStats,
  setDefaultDType,
  tensor,
  zeros,
} from "../src/index.js";
import { type DTypeName, type OperandCase, type Outcome, golden } from "./fixtures/tensor-golden.js";

type Call = (...params: unknown[]) => Tensor;

const operand = ([kind, of]: OperandCase, first: boolean): Tensor | number => {
  const values = first ? [3, 1, 7] : [2, 1, 3];
  if (kind === "number") return of;
  return tensor(kind === "dims" ? values : values[0]!, { dtype: "float64" }).to(of);
};

const outcome = (call: () => Tensor): Outcome => {
  try {
    const out = call();
    return [out.dtype, [...out.shape], [out.tolist()].flat(9) as (number | boolean)[]];
  } catch {
    return "refused";
  }
};

/** Numbers of the format's own precision; what PyTorch wrote as "nan" and "inf" is that. */
const rounded = (result: Outcome): unknown =>
  result === "refused"
    ? result
    : [
        result[0],
        result[1],
        result[2].map((v) =>
          typeof v === "number" ? Number(v.toPrecision(6)) : typeof v === "string" ? Number(v.replace("inf", "Infinity")) : v,
        ),
      ];

const calls = async (name: string): Promise<Call> => {
  const ops: Record<string, unknown> = await import("../src/ops/tensor-ops.js");
  const more: Record<string, unknown> = await import("../src/ops/functional.js");
  return (ops[name] ?? more[name]) as Call;
};

const nameOf = ([kind, of]: OperandCase): string => (kind === "number" ? String(of) : `${of}${kind === "scalar" ? " scalar" : ""}`);

/** The rows of one op, one test each: `[label, result here, result there]`. */
const compare = (rows: readonly [label: string, got: Outcome, want: Outcome][]): void => {
  const shown = (result: Outcome): string => JSON.stringify(rounded(result));
  const wrong = rows
    .filter(([, got, want]) => shown(got) !== shown(want))
    .map(([label, got, want]) => `${label}: ${shown(got)}, PyTorch has ${shown(want)}`);
  expect(wrong).toEqual([]);
};

describe("dtypes are promoted as in PyTorch, with int32 for int64", () => {
  test.each([...new Set(golden.promotion.map(([op]) => op))])("%s", async (name) => {
    const call = await calls(name);
    compare(
      golden.promotion
        .filter(([op]) => op === name)
        .map(([, x, y, want]) => [`${nameOf(x)}, ${nameOf(y)}`, outcome(() => call(operand(x, true), operand(y, false))), want]),
    );
  });

  test.each([...new Set(golden.unary.map(([op]) => op))])("%s of one tensor", async (name) => {
    const call = await calls(name);
    const rest = name === "cumsum" || name === "softmax" ? [0] : [];
    compare(
      golden.unary
        .filter(([op]) => op === name)
        .map(([, dtype, want]) => [dtype, outcome(() => call(operand(["dims", dtype], true), ...rest)), want]),
    );
  });

  test.each([...new Set(golden.inPlace.map(([op]) => op))])("%s, refused where the result does not fit", async (name) => {
    const call = await calls(name);
    compare(
      golden.inPlace
        .filter(([op]) => op === name)
        .map(([, x, y, want]) => [`${nameOf(x)}, ${nameOf(y)}`, outcome(() => call(operand(x, true), operand(y, false))), want]),
    );
  });

  test("a fractional number takes integers to the default dtype", () => {
    setDefaultDType("float64");
    try {
      expect([arange(2).mul(0.1).dtype, arange(2).div(2).dtype, arange(2).exp().dtype, arange(2).to("float32").mul(0.1).dtype]).toEqual([
        "float64",
        "float64",
        "float64",
        "float32",
      ]);
    } finally {
      setDefaultDType("float32");
    }
  });
});

describe("ramps are PyTorch's", () => {
  const EPSILON = { float32: 2 ** -23, float64: 2 ** -52, int32: 0, uint8: 0, bool: 0 } as const;
  const within = (values: ArrayLike<number>, want: readonly number[], dtype: DTypeName, steps: number): void => {
    const most = Math.max(1e-30, ...want.map(Math.abs));
    Array.from(values).forEach((value, i) =>
      expect(Math.abs(value - want[i]!), `element ${i}: ${value}, PyTorch has ${want[i]}`).toBeLessThanOrEqual(
        steps * EPSILON[dtype] * most,
      ),
    );
  };

  test.each(golden.ramps)("%s %j %s", (name, args, dtype, want) => {
    const made = name === "arange" ? arange(...args, { dtype }) : linspace(...args, { dtype });
    expect([made.shape, made.dtype]).toEqual([[want.length], dtype]);
    // PyTorch's last digit depends on its vector length and on fused multiplication.
    within(made.toTypedArray(), want, dtype, 1);
    if (name === "linspace" && want.length > 0) expect(made.at(-1).item()).toBe(want.at(-1));
  });

  test("options may stand behind any number of bounds", () => {
    expect(arange(3, { dtype: "float64" }).dtype).toBe("float64");
    expect(arange(1, 3, { dtype: "uint8" }).tolist()).toEqual([1, 2]);
    expect(arange(1, 2, 0.5, { requiresGrad: true }).requiresGrad).toBe(true);
    expect(eye(2, { dtype: "int32" }).tolist()).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
});

describe("typed arrays", () => {
  test("data() is the memory itself, both ways and through views", () => {
    const x = zeros([2, 3]);
    const memory = x.data();
    memory[4] = 7;
    expect(x.at(1, 1).item()).toBe(7);
    x.select(0, 0).fill_(2);
    expect([...memory]).toEqual([2, 2, 2, 0, 7, 0]);
    expect([...x.select(0, 1).data()]).toEqual([0, 7, 0]);
  });

  test("toTypedArray() and fromTypedArray() copy", () => {
    const source = new Float32Array([1, 2]);
    const x = fromTypedArray(source);
    source[0] = 9;
    const copy = x.toTypedArray();
    copy[1] = 9;
    expect(x.tolist()).toEqual([1, 2]);
    const y = tensor(source);
    source[1] = 5;
    expect(y.tolist()).toEqual([9, 2]);
  });

  test("each dtype has its own; a canvas' clamped bytes are uint8", () => {
    const kinds = (["float32", "float64", "int32", "uint8", "bool"] as const).map(
      (dtype) => zeros([1], { dtype }).toTypedArray().constructor.name,
    );
    expect(kinds).toEqual(["Float32Array", "Float64Array", "Int32Array", "Uint8Array", "Uint8Array"]);
    expect(tensor(new Uint8ClampedArray([1, 255])).dtype).toBe("uint8");
    expect(tensor([new Uint8ClampedArray([1, 255])]).tolist()).toEqual([[1, 255]]);
  });

  test("item() is a number, tolist() a boolean for bools", () => {
    expect([
      tensor(true).item(),
      tensor(true).tolist(),
      tensor([[2]], { dtype: "int32" }).item(),
      tensor(0.1, { dtype: "float64" }).item(),
    ]).toEqual([1, true, 2, 0.1]);
    expect(arange(6).reshape([2, 3]).t().select(0, 2).select(0, 1).item()).toBe(5);
  });

  test("NaN is true, as in PyTorch", () => {
    expect(tensor([NaN, 0, -0, 0.5], { dtype: "bool" }).tolist()).toEqual([true, false, false, true]);
    expect([full([1], 0.5, { dtype: "bool" }).tolist(), full([1], true).tolist(), tensor([NaN]).to("bool").tolist()]).toEqual([
      [true],
      [true],
      [true],
    ]);
    expect(zeros([2], { dtype: "bool" }).setAt(1, NaN).tolist()).toEqual([false, true]);
  });

  test("a long one makes a tensor without a copy of numbers in between", () => {
    flushMemory(); // so that nothing idle goes meanwhile
    const before = memoryStats().inUse;
    const x = tensor(new Uint8Array(3_000_000));
    expect([x.shape, memoryStats().inUse - before]).toEqual([[3_000_000], 3_000_000]);
    x.dispose();
  });
});
