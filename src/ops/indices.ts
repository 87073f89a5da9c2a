import { ArgumentError, IndexError, ShapeError } from "../runtime/errors.js";
import { type Shape, broadcastShapes, broadcastStrides, contiguousStrides, show, sizeOf } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "./access.js";
import { select, sliceDim } from "./slice.js";
import { unsqueeze } from "./view.js";

/** `start:end:step` of Python, for `at()`. */
export class Slice {
  constructor(
    readonly start: number | null,
    readonly end: number | null,
    readonly step: number,
  ) {}
}

/** `start:end:step`; leave out or pass null what Python leaves out. @example x.at(0, slice(1, 3)) */
export function slice(start: number | null = null, end: number | null = null, step = 1): Slice {
  return new Slice(start, end, step);
}

/**
 * One index: a number, a slice, null (a new dim), "..." (all dims between), a list of numbers or of booleans, a
 * tensor of whole numbers (uint8 too, which is a mask in PyTorch), a mask of bools; or a string of Python's numbers
 * and slices: "0, 1:3, ..., None".
 */
export type Index = number | Slice | null | string | readonly number[] | readonly boolean[] | Tensor;

type Item = number | Slice | null | "..." | Mask | readonly number[] | Tensor;

/** Indices along one dim, or along several at once for a mask. */
interface Picks {
  readonly dim: number;
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
}

/** What indexing comes to: a view, and dims of it (if any) from which elements are picked by number. */
export interface Located {
  readonly view: Tensor;
  readonly picks: readonly Picks[];
}

/** Reads the indices. @throws IndexError, ShapeError or ArgumentError when they do not fit `x` */
export function locate(name: string, x: Tensor, indices: readonly Index[]): Located {
  const items = indices.flatMap((index): Item[] => (typeof index === "string" ? parse(name, index) : [known(name, index)]));
  const used = items.reduce<number>(
    (count, item) => count + (item === null || item === "..." ? 0 : isMask(item) ? maskShape(item).length : 1),
    0,
  );
  if (used > x.ndim) throw new IndexError(`${name}(): ${used} indices for a tensor of ${x.ndim} dim(s), ${show(x.shape)}`);
  if (items.filter((item) => item === "...").length > 1) throw new ArgumentError(`${name}(): "..." may stand once`);
  const rest = x.ndim - used;
  let view = x;
  let dim = 0; // of the view, whose dims come and go,
  let own = 0; // and of x, for messages
  const picks: Picks[] = [];
  for (const item of items) {
    if (item === "...") {
      dim += rest;
      own += rest;
    } else if (item === null) view = unsqueeze(view, dim++);
    else if (typeof item === "number" || isNumber(item)) {
      view = select(view, dim, checked(name, typeof item === "number" ? item : toTypedArray(item)[0]!, own++, view.shape[dim]!));
    } else if (item instanceof Slice) {
      view = sliceDim(view, dim++, item.start, item.end, item.step);
      own++;
    } else if (isMask(item)) {
      const ndim = maskShape(item).length;
      if (ndim === 0) view = unsqueeze(view, dim); // all or nothing, along a new dim
      picks.push(...maskPicks(name, item, view.shape, dim));
      dim += Math.max(1, ndim);
      own += ndim;
    } else picks.push(listPicks(name, item, dim, own++, view.shape[dim++]!));
  }
  return { view, picks };
}

/** @throws ArgumentError when it is no index at all */
function known<T extends Exclude<Index, string>>(name: string, index: T): T {
  if (typeof index === "number" || index === null || index instanceof Slice || index instanceof Tensor) return index;
  if (Array.isArray(index) && (index.every((item) => typeof item === "number") || index.every((item) => typeof item === "boolean")))
    return index;
  const got = Array.isArray(index) ? `[${String(index)}]` : typeof index;
  throw new ArgumentError(
    `${name}(): expected a number, slice(…), null, "...", a list of numbers or of booleans, or a tensor as index, got ${got}; make nested lists tensors of int32`,
  );
}

/** The index, if there is such an element. `where` names its place in a list. @throws IndexError */
function checked(name: string, index: number, dim: number, size: number, where = ""): number {
  if (!Number.isInteger(index) || index < -size || index >= size)
    throw new IndexError(`${name}(): index ${index}${where} is out of range for dim ${dim} of size ${size}`);
  return index;
}

function parse(name: string, text: string): (number | Slice | null | "...")[] {
  return text.split(",").map((part) => {
    const item = part.trim();
    if (item === "..." || item === "…") return "...";
    if (item === "None" || item === "null") return null;
    if (/^[+-]?\d+$/.test(item)) return Number(item);
    const match = /^([+-]?\d+)?\s*:\s*([+-]?\d+)?\s*(?::\s*([+-]?\d+)?)?$/.exec(item);
    if (!match)
      throw new ArgumentError(
        `${name}(): cannot read the index ${JSON.stringify(item)}; write numbers, slices a:b:c, "..." or None, with commas between`,
      );
    const number = (digits: string | undefined): number | null => (digits === undefined ? null : Number(digits));
    return new Slice(number(match[1]), number(match[2]), number(match[3]) ?? 1);
  });
}

/** A tensor that holds one whole number is that number, so it gives a view, as in PyTorch. */
function isNumber(item: Item): item is Tensor {
  return item instanceof Tensor && item.ndim === 0 && (item.dtype === "int32" || item.dtype === "uint8");
}

type Mask = Tensor | readonly boolean[];

function isMask(item: Item): item is Mask {
  return item instanceof Tensor ? item.dtype === "bool" : Array.isArray(item) && item.length > 0 && typeof item[0] === "boolean";
}

function maskShape(mask: Mask): Shape {
  return mask instanceof Tensor ? mask.shape : [mask.length];
}

/** The coordinates where a mask is true, one list per dim of it. */
function maskPicks(name: string, mask: Mask, shape: Shape, dim: number): Picks[] {
  const sizes = maskShape(mask);
  if (sizes.length === 0) return [{ dim, shape: [toTypedArray(mask as Tensor)[0]!], values: [0] }];
  const part = shape.slice(dim, dim + sizes.length);
  if (show(sizes) !== show(part))
    throw new ShapeError(`${name}(): a mask of shape ${show(sizes)} does not fit ${show(part)}, the dims it indexes`);
  const flat = mask instanceof Tensor ? toTypedArray(mask) : mask.map(Number);
  const hits: number[] = [];
  for (let i = 0; i < flat.length; i++) if (flat[i]) hits.push(i);
  return contiguousStrides(sizes).map((stride, d) => ({
    dim: dim + d,
    shape: [hits.length],
    values: hits.map((hit) => Math.floor(hit / stride) % sizes[d]!),
  }));
}

function listPicks(name: string, list: readonly number[] | Tensor, dim: number, own: number, size: number): Picks {
  if (list instanceof Tensor && list.dtype !== "int32" && list.dtype !== "uint8") {
    throw new ArgumentError(
      `${name}(): a tensor used as an index must be int32, uint8 or bool, got ${list.dtype}; convert it with .to("int32")`,
    );
  }
  const raw = list instanceof Tensor ? toTypedArray(list) : list;
  const values = Int32Array.from(
    raw,
    (index, at) => checked(name, index, own, size, ` (number ${at} of the list)`) + (index < 0 ? size : 0),
  );
  return { dim, shape: list instanceof Tensor ? list.shape : [list.length], values };
}

/** The picks of all dims as one list of row numbers of the picked dims taken as one, and its shape. */
export function rowsOf(name: string, { view, picks }: Located): { shape: Shape; rows: Int32Array } {
  const shape = picks.map((pick) => pick.shape).reduce((a, b) => broadcastShapes(name, a, b));
  const rows = new Int32Array(sizeOf(shape));
  for (const { dim, values, shape: own } of picks) {
    const size = view.shape[dim]!;
    const strides = broadcastStrides(own, contiguousStrides(own), shape);
    const steps = contiguousStrides(shape);
    for (let i = 0; i < rows.length; i++) {
      let at = 0;
      for (let d = 0; d < shape.length; d++) at += (Math.floor(i / steps[d]!) % shape[d]!) * strides[d]!;
      rows[i] = rows[i]! * size + values[at]!;
    }
  }
  return { shape, rows };
}
