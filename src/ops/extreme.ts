import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import type { KernelName } from "../runtime/kernels.js";
import { contiguousInput } from "../core/copy.js";
import { dtypeInfo } from "../core/dtype.js";
import { composite, discard, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { contiguousStrides, normalizeDim, show } from "../core/shape.js";
import { type Op, type OpMeta, type Vjp, needs } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";
import { div, maximum, minimum, mul } from "./binary.js";
import { eq } from "./compare.js";
import { to } from "./convert.js";
import { zeros } from "./creation.js";
import { type KeepDim, REDUCTION_SAMPLES, type Reduction, aroundDim, reducedShape, reduction, spread } from "./families/reduction.js";
import { scatterAdd } from "./gather.js";
import { sum } from "./reduce.js";
import { reshape } from "./view.js";

function refuseEmpty(name: string) {
  return (x: Tensor, { dims }: { dims: readonly number[] }): void => {
    const empty = dims.find((dim) => x.shape[dim] === 0);
    if (empty !== undefined)
      throw new ShapeError(`${name}(): dim ${empty} of ${show(x.shape)} has no elements, so there is no extreme one`);
  };
}

/** The gradient of an extreme goes in equal parts to all elements that reach it. */
const toExtremes = needs<{ dims: readonly number[]; keepdim: boolean }>([0, "out"], (g, c) => {
  const { dims } = c.args;
  const shape = c.shapes[0]!;
  const reached = to(eq(c.input(0), spread(c.output(), shape, dims)), g.dtype);
  return div(mul(spread(g, shape, dims), reached), spread(sum(reached, dims), shape, dims));
});

const EXTREME_SAMPLES = [...REDUCTION_SAMPLES.slice(0, -1), { inputs: [{ shape: [5], values: [1, 3, 3, -2, 3] }] }];

/** Largest element over `dim` (default: all); NaN if one is NaN. The gradient is shared by all that reach it. */
export const amax: Reduction = reduction({
  name: "amax",
  kernel: "amax",
  samples: EXTREME_SAMPLES,
  dtypes: ["float64", "int32", "uint8"],
  errors: [{ inputs: [[2, 0]], args: [1], throws: /amax\(\): dim 1 of \[2, 0\] has no elements/ }],
  refuse: refuseEmpty("amax"),
  vjp: [toExtremes],
});

/** Smallest element over `dim` (default: all); NaN if one is NaN. The gradient is shared by all that reach it. */
export const amin: Reduction = reduction({
  name: "amin",
  kernel: "amin",
  samples: EXTREME_SAMPLES,
  dtypes: ["float64", "int32", "uint8"],
  errors: [{ inputs: [[2, 0]], args: [1], throws: /amin\(\): dim 1 of \[2, 0\] has no elements/ }],
  refuse: refuseEmpty("amin"),
  vjp: [toExtremes],
});

/** Elements and where they stood along the dim, as int32 (PyTorch's is int64). */
export interface Found {
  values: Tensor;
  indices: Tensor;
}

type Extreme = Op<{
  (x: Tensor): Tensor;
  (x: Tensor, dim: number, options?: KeepDim): Found;
  (x: Tensor, y: Tensor): Tensor;
}>;

/** Where `g` (the reduced dim kept) belongs: at `indices` along `dim`, zeros elsewhere. */
export const placeAlong: Vjp<{ dim: number }> = (g, c) => {
  const index = c.aux(0);
  return scatterAdd(zeros(c.shapes[0]!, { dtype: g.dtype }), c.args.dim, index, reshape(g, index.shape));
};

function withIndex(name: "max" | "min"): Op<(x: Tensor, dim: number, options?: KeepDim) => Tensor[]> {
  return op({
    name: `_${name}Along`,
    torch: (dim: number, options?: KeepDim) => `(lambda r: r.values + r.indices)(x.${name}(${dim}${keywords({ ...options })}))`,
    samples: [
      { inputs: [[2, 3, 4]], args: [1] },
      { inputs: [[3, 5]], args: [-1, { keepdim: true }] },
      { inputs: [{ shape: [2, 3], values: [1, 1, 0, 2, 5, 5] }], args: [1] },
      { inputs: [[]], args: [0] },
    ],
    dtypes: ["float64", "int32", "uint8"],
    check: ([values, indices]) => values!.add(indices!),
    prepare(x: Tensor, dim: number, { keepdim = false }: KeepDim = {}) {
      const at = normalizeDim(name, dim, x.ndim);
      if (x.shape[at] === 0) throw new ShapeError(`${name}(): dim ${at} of ${show(x.shape)} has no elements, so there is no extreme one`);
      return { inputs: [x], args: { dim: at, keepdim } };
    },
    run([x], { dim, keepdim }, aux) {
      const { n, inner } = aroundDim(x!.shape, dim);
      const shape = reducedShape(x!.shape, [dim], keepdim);
      const source = contiguousInput(x!);
      const values = Tensor.empty(shape, x!.dtype, name);
      const indices = Tensor.empty(shape, "int32", name);
      const kernel = `${name}_with_index_${dtypeInfo(x!.dtype).kernel}` as KernelName;
      launch(kernel, [values.ptr, indices.ptr, source.ptr, n, inner], values.numel, n);
      const kept = reducedShape(x!.shape, [dim], true);
      aux.push(viewOf(indices, kept, contiguousStrides(kept), 0));
      return [values, indices];
    },
    vjp: [placeAlong],
  });
}

const maxAlong = withIndex("max");
const minAlong = withIndex("min");

const EXTREME_META: Pick<OpMeta, "samples"> = {
  samples: [{ inputs: [[2, 3, 4]] }, { inputs: [[]] }, { inputs: [{ shape: [4], values: [2, 5, 5, 1] }] }],
};

function extreme(
  name: "max" | "min",
  whole: Reduction,
  along: ReturnType<typeof withIndex>,
  pair: (x: Tensor, y: Tensor) => Tensor,
): Extreme {
  const fn = (x: Tensor, dim?: number | Tensor, options?: KeepDim): Tensor | Found => {
    if (dim === undefined) return whole(x);
    if (dim instanceof Tensor) return pair(x, dim);
    if (typeof dim !== "number")
      throw new ArgumentError(`${name}(): the second argument is one dim or a tensor, got ${String(dim)}; for several dims use a${name}()`);
    const [values, indices] = along(x, dim, options);
    return { values: values!, indices: indices! };
  };
  return composite({ name, torch: `x.${name}()`, ...EXTREME_META }, fn) as unknown as Extreme;
}

/**
 * Without a dim: the largest element of all. With one: `{ values, indices }` along it, the first of equals; NaN
 * counts as largest. With a tensor: `maximum(x, y)`.
 *
 * The gradient goes to the element found; without a dim, in equal parts to all that are equal to it.
 * @throws ShapeError when there are no elements to choose from
 */
export const max: Extreme = extreme("max", amax, maxAlong, maximum);

/**
 * Without a dim: the smallest element of all. With one: `{ values, indices }` along it, the first of equals; NaN
 * counts as smallest. With a tensor: `minimum(x, y)`.
 *
 * The gradient goes to the element found; without a dim, in equal parts to all that are equal to it.
 * @throws ShapeError when there are no elements to choose from
 */
export const min: Extreme = extreme("min", amin, minAlong, minimum);

type ArgExtreme = Op<(x: Tensor, dim?: number | null, options?: KeepDim) => Tensor>;

function argExtreme(name: "argmax" | "argmin"): ArgExtreme {
  return op({
    name,
    torch: (dim?: number | null, options?: KeepDim) => `x.${name}(${dim ?? "None"}${keywords({ ...options })})`,
    samples: [
      { inputs: [[2, 3, 4]] },
      { inputs: [[2, 3, 4]], args: [1] },
      { inputs: [[3, 5]], args: [-1, { keepdim: true }] },
      { inputs: [[3, 5]], args: [null, { keepdim: true }] },
      { inputs: [[]] },
    ],
    dtypes: ["float64", "int32", "uint8"],
    errors: [{ inputs: [[2, 0]], args: [1], throws: new RegExp(`${name}\\(\\): dim 1 of \\[2, 0\\] has no elements`) }],
    prepare(x: Tensor, dim: number | null = null, { keepdim = false }: KeepDim = {}) {
      if (x.dtype === "bool") throw new DTypeError(`${name}(): bools have no order; convert them with .to("uint8")`);
      const at = dim === null ? null : normalizeDim(name, dim, x.ndim);
      if (at === null ? x.numel === 0 : x.shape[at] === 0)
        throw new ShapeError(`${name}(): ${at === null ? "" : `dim ${at} of `}${show(x.shape)} has no elements`);
      return { inputs: [x], args: { dim: at, keepdim } };
    },
    run([x], { dim, keepdim }) {
      const { n, inner } = dim === null ? { n: x!.numel, inner: 1 } : aroundDim(x!.shape, dim);
      const source = contiguousInput(x!);
      const shape = reducedShape(x!.shape, dim === null ? [...x!.shape.keys()] : [dim], keepdim);
      const indices = Tensor.empty(shape, "int32", name);
      const values = discard(Tensor.empty(shape, x!.dtype, name));
      const kernel = `${name.slice(3)}_with_index_${dtypeInfo(x!.dtype).kernel}` as KernelName;
      launch(kernel, [values.ptr, indices.ptr, source.ptr, n, inner], indices.numel, n);
      return indices;
    },
    vjp: [null],
  });
}

/** The position of the largest element along `dim` (default: in the flattened tensor), as int32; the first of equals. @throws ShapeError without elements */
export const argmax: ArgExtreme = argExtreme("argmax");

/** The position of the smallest element along `dim` (default: in the flattened tensor), as int32; the first of equals. @throws ShapeError without elements */
export const argmin: ArgExtreme = argExtreme("argmin");
