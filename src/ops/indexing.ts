import { ShapeError } from "../runtime/errors.js";
import { launch } from "../runtime/backend.js";
import { constant } from "../core/constant.js";
import { cast, contiguousInput, copyStrided, upload } from "../core/copy.js";
import { type DType, bitsOf, checkFill } from "../core/dtype.js";
import { checkInPlace, discard, inPlace, op, temporary } from "../core/op.js";
import { broadcastShapes, sameShape, show, sizeOf } from "../core/shape.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { arange } from "./creation.js";
import { indexSelect } from "./gather.js";
import { type Index, type Located, locate, rowsOf } from "./indices.js";
import { expand, permute, reshape } from "./view.js";

/**
 * `x[…]`: numbers, slices and new dims give a view that shares memory; lists, tensors and masks a copy, with
 * NumPy's rules (several lists go together; a mask stands for the places where it is true).
 *
 * @example x.at(0, slice(1, 3)); x.at("..., ::2"); x.at([0, 2]); x.at(x.gt(0))
 * @throws IndexError when an index is out of range, ShapeError when a mask does not fit
 */
export function at(x: Tensor, ...indices: Index[]): Tensor {
  const located = locate("at", x, indices);
  return located.picks.length === 0 ? located.view : temporary(() => pick(located));
}

function pick(located: Located): Tensor {
  const { view, picks } = located;
  const dims = picks.map((p) => p.dim);
  const rest = [...view.shape.keys()].filter((dim) => !dims.includes(dim));
  const sizes = rest.map((dim) => view.shape[dim]!);
  const { shape, rows } = rowsOf("at", located);
  const index = upload(rows, [rows.length], "int32", "at");
  const table = reshape(permute(view, [...dims, ...rest]), [sizeOf(dims.map((dim) => view.shape[dim]!)), ...sizes]);
  const picked = reshape(indexSelect(table, 0, index), [...shape, ...sizes]);
  // Neighbouring indexed dims are replaced where they stood; scattered ones come first.
  const together = dims.every((dim, i) => i === 0 || dim === dims[i - 1]! + 1);
  const before = together ? rest.filter((dim) => dim < dims[0]!).length : 0;
  const order = sizes.map((_, i) => shape.length + i);
  return permute(picked, [...order.slice(0, before), ...shape.keys(), ...order.slice(before)]);
}

/**
 * `x[…] = value`, in place, with the indices of `at()`. The value broadcasts, and takes the dtype of `x`. Of several values for one
 * place the last wins.
 *
 * @throws IndexError, ShapeError as `at()`, or when the value does not broadcast, DTypeError when the dtype cannot
 *   hold it; nothing is changed then
 */
export function setAt(x: Tensor, indices: Index | readonly Index[], value: Tensor | number | boolean): Tensor {
  const list = (Array.isArray(indices) && !isList(indices) ? indices : [indices]) as readonly Index[];
  checkInPlace("setAt", x);
  const located = locate("setAt", x, list);
  const source = value instanceof Tensor ? value : constant(checkFill("setAt", value, x.dtype), x.dtype);
  temporary(() => {
    const { view, picks } = located;
    if (picks.length === 0) return copy_(view, fitTo("setAt", lessOnes(source, view.ndim), view.shape));
    const places = pick({ picks, view: locate("setAt", reshape(arange(x.numel), x.shape), list).view }); // by number
    return put_(x, fitTo("setAt", lessOnes(source, places.ndim), places.shape), places); // which holds the places if it is recorded
  });
  return x;
}

/** The value without dims of size 1 that it has in front beyond those of its place, which PyTorch allows too. */
function lessOnes(value: Tensor, ndim: number): Tensor {
  const over = value.shape.length - ndim;
  return over > 0 && value.shape.slice(0, over).every((size) => size === 1) ? reshape(value, value.shape.slice(over)) : value;
}

function isList(indices: readonly unknown[]): boolean {
  return indices.length > 0 && indices.every((index) => typeof index === "boolean");
}

function fitTo(name: string, value: Tensor, shape: readonly number[]): Tensor {
  if (!sameShape(broadcastShapes(name, value.shape, shape), shape)) {
    throw new ShapeError(`${name}(): a value of shape ${show(value.shape)} does not fit ${show(shape)}`);
  }
  return expand(value, shape);
}

const assign: Op<(x: Tensor, y: Tensor) => Tensor> = op({
  name: "_assign",
  torch: "x * 0 + y",
  samples: [
    [[2, 3], [3]],
    [[4], []],
  ],
  acceptsOut: true,
  prepare: (x: Tensor, y: Tensor) => ({ inputs: [x, fitTo("copy_", y, x.shape)], args: undefined }),
  run([x, y], _args, _aux, target) {
    const out = target ?? Tensor.empty(x!.shape, x!.dtype, "copy_");
    copyStrided(out, castTo(y!, out.dtype));
    return out;
  },
  vjp: [(g) => expand(constant(0, g.dtype), g.shape), (g) => g],
});

/** Copies `y` into x, element by element, in x's dtype; `y` broadcasts. @throws ShapeError when it does not fit */
export const copy_: (x: Tensor, y: Tensor) => Tensor = inPlace(assign);

/** Sets all elements to `value`. @throws DTypeError when the dtype cannot hold it */
export function fill_(x: Tensor, value: number | boolean): Tensor {
  return copy_(x, constant(checkFill("fill_", value, x.dtype), x.dtype));
}

/** Sets all elements to 0. */
export function zero_(x: Tensor): Tensor {
  return fill_(x, 0);
}

/** A copy of `x` in which element `places[i]` (counted in row-major order) is `y[i]`. */
const put: Op<(x: Tensor, y: Tensor, places: Tensor) => Tensor> = op({
  name: "_put",
  torch: "x.put(z.long(), y)",
  samples: [{ inputs: [[2, 3], [2], { shape: [2], dtype: "int32", values: [4, 0] }] }],
  prepare: (x: Tensor, y: Tensor, places: Tensor) => ({ inputs: [x, y, places], args: undefined }),
  run([x, y, places]) {
    const out = Tensor.empty(x!.shape, x!.dtype, "setAt");
    copyStrided(out, x!);
    const source = contiguousInput(castTo(y!, out.dtype));
    const numbers = contiguousInput(places!);
    const count = numbers.numel;
    if (count > 0)
      launch(`scatter_${bitsOf(x!.dtype)}`, [out.ptr, source.ptr, numbers.ptr, out.numel, count, 1], 1, count, { inPlace: true });
    return out;
  },
  vjp: [
    needs([2], (g, c) => put(g, expand(constant(0, g.dtype), c.shapes[1]!), c.input(2))),
    needs([2], (g, c) => reshape(indexSelect(reshape(g, [-1]), 0, reshape(c.input(2), [-1])), c.shapes[1]!)),
    null,
  ],
});
const put_ = inPlace(put);

function castTo(y: Tensor, dtype: DType): Tensor {
  return y.dtype === dtype ? y : discard(cast(y, dtype, "copy_"));
}
