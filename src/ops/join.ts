import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { cast, copyStrided } from "../core/copy.js";
import { promoteTypes } from "../core/dtype.js";
import { composite, discard, op } from "../core/op.js";
import { normalizeDim, sameShape, show } from "../core/shape.js";
import type { Op } from "../core/spec.js";
import { Tensor, viewOf } from "../core/tensor.js";
import { narrow, select, sliceDim } from "./slice.js";
import { reshape, unsqueeze } from "./view.js";

/**
 * The tensors one behind the other along `dim` (default 0). All other sizes must agree; dtypes are promoted. A
 * tensor of shape `[0]` adds nothing to any other, as in PyTorch.
 *
 * @throws ShapeError naming the first tensor that does not fit
 */
export const cat: Op<(tensors: readonly Tensor[], dim?: number) => Tensor> = op({
  name: "cat",
  torch: (dim = 0) => `torch.cat(list(inputs), ${dim})`,
  samples: [
    {
      inputs: [
        [2, 3],
        [4, 3],
      ],
    },
    {
      inputs: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      args: [1],
    },
    { inputs: [[3], [0], [2]], args: [-1] },
    { inputs: [[2, 1, 3]], args: [2] },
    { inputs: [[0], [2, 3], [0], [1, 3]] },
  ],
  errors: [
    {
      inputs: [
        [2, 3],
        [2, 4],
      ],
      throws: /cat\(\): tensor 1 is \[2, 4\], tensor 0 is \[2, 3\]/,
    },
    { inputs: [[]], throws: /cat\(\): tensor 0 is a scalar/ },
    { inputs: [], throws: /cat\(\): expected at least one tensor/ },
  ],
  listInput: true,
  prepare(tensors: readonly Tensor[], dim = 0) {
    checkList("cat", tensors);
    const from = Math.max(
      0,
      tensors.findIndex((x) => !isNothing(x)),
    );
    const first = tensors[from]!;
    const at = normalizeDim("cat", dim, first.ndim);
    tensors.forEach((x, i) => {
      if (isNothing(x)) return;
      if (x.ndim === 0) throw new ShapeError(`cat(): tensor ${i} is a scalar, which has no dim to join along; use stack()`);
      const fits = x.ndim === first.ndim && x.shape.every((size, d) => d === at || size === first.shape[d]);
      if (!fits)
        throw new ShapeError(
          `cat(): tensor ${i} is ${show(x.shape)}, tensor ${from} is ${show(first.shape)}: all sizes but that of dim ${at} must agree`,
        );
    });
    return { inputs: tensors, args: { dim: at, sizes: tensors.map((x) => (isNothing(x) ? 0 : x.shape[at]!)), first } };
  },
  run(tensors, { dim, sizes, first }) {
    const dtype = tensors.map((x) => x.dtype).reduce(promoteTypes);
    const total = sizes.reduce((a, b) => a + b, 0);
    const shape = first.shape.map((size, d) => (d === dim ? total : size));
    const out = Tensor.empty(shape, dtype, "cat");
    let start = 0;
    for (const x of tensors) {
      if (isNothing(x)) continue;
      const source = x.dtype === dtype ? x : discard(cast(x, dtype));
      copyStrided(viewOf(out, x.shape, out.strides, start * out.strides[dim]!), source);
      start += x.shape[dim]!;
    }
    return out;
  },
  vjpAll: {
    needs: [],
    run({ grads: [g], shapes, args: { dim, sizes }, wants }) {
      let start = 0;
      return sizes.map((size, i) => {
        const piece = wants[i] ? reshape(narrow(g!, dim, start, size), shapes[i]!) : null;
        start += size;
        return piece;
      });
    },
  },
});

function checkList(name: string, tensors: unknown): void {
  if (!Array.isArray(tensors)) throw new ArgumentError(`${name}(): expected a list of tensors, as in ${name}([x, y])`);
  if (tensors.length === 0) throw new ArgumentError(`${name}(): expected at least one tensor, got an empty list`);
}

function isNothing(x: Tensor): boolean {
  return x.ndim === 1 && x.shape[0] === 0;
}

/** The tensors, all of one shape, along a new dim (default 0). @throws ShapeError when the shapes differ */
export const stack: Op<(tensors: readonly Tensor[], dim?: number) => Tensor> = composite(
  {
    name: "stack",
    torch: (dim = 0) => `torch.stack(list(inputs), ${dim})`,
    samples: [
      {
        inputs: [
          [2, 3],
          [2, 3],
        ],
      },
      {
        inputs: [
          [2, 3],
          [2, 3],
        ],
        args: [-1],
      },
      { inputs: [[], [], []] },
    ],
    errors: [{ inputs: [[2], [3]], throws: /stack\(\): tensor 1 is \[3\], tensor 0 is \[2\]/ }],
    listInput: true,
  },
  (tensors: readonly Tensor[], dim = 0) => {
    checkList("stack", tensors);
    const first = tensors[0]!;
    const other = tensors.findIndex((x) => !sameShape(x.shape, first.shape));
    if (other >= 0)
      throw new ShapeError(
        `stack(): tensor ${other} is ${show(tensors[other]!.shape)}, tensor 0 is ${show(first.shape)}: all must have one shape`,
      );
    const at = normalizeDim("stack", dim, first.ndim + 1);
    return cat(
      tensors.map((x) => unsqueeze(x, at)),
      at,
    );
  },
);

/** Pieces of `size` along `dim` (the last may be smaller), or of the listed sizes. Views. */
export const split: Op<(x: Tensor, size: number | readonly number[], dim?: number) => Tensor[]> = composite(
  {
    name: "split",
    torch: (size: number | number[], dim = 0) =>
      `torch.cat([p * (i + 1) for i, p in enumerate(x.split(${JSON.stringify(size)}, ${dim}))], ${dim})`,
    samples: [
      { inputs: [[5, 2]], args: [2] },
      { inputs: [[2, 5]], args: [[1, 4], 1] },
    ],
    errors: [
      { inputs: [[5]], args: [0], throws: /split\(\): sizes must be whole numbers/ },
      { inputs: [[5]], args: [[2, 2]], throws: /split\(\): the sizes \[2, 2\] add up to 4, dim 0 has 5/ },
    ],
    check: (pieces, [, dim = 0]) =>
      cat(
        pieces.map((piece, i) => piece.mul(i + 1)),
        dim as number,
      ),
  },
  (x: Tensor, size: number | readonly number[], dim = 0) => {
    const at = dimOf("split", x, dim);
    const total = x.shape[at]!;
    const sizes = typeof size === "number" ? cut(total, size) : size;
    if (!sizes.every((length) => Number.isInteger(length) && length >= 0))
      throw new ArgumentError(`split(): sizes must be whole numbers from 0 on, got ${show(sizes)}`);
    const sum = sizes.reduce((a, b) => a + b, 0);
    if (sum !== total) throw new ShapeError(`split(): the sizes ${show(sizes)} add up to ${sum}, dim ${at} has ${total}`);
    let start = 0;
    return sizes.map((length) => sliceDim(x, at, start, (start += length)));
  },
);

/** @throws ShapeError on a scalar, which has no dim to cut */
function dimOf(name: string, x: Tensor, dim: number): number {
  if (x.ndim === 0) throw new ShapeError(`${name}(): a scalar has no dim to cut along`);
  return normalizeDim(name, dim, x.ndim);
}

function cut(total: number, size: number): number[] {
  if (!(Number.isInteger(size) && size > 0)) throw new ArgumentError(`split(): sizes must be whole numbers from 1 on, got ${size}`);
  const count = Math.max(1, Math.ceil(total / size));
  return Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
}

/** At most `chunks` pieces of equal size along `dim` (the last may be smaller). Views. */
export const chunk: Op<(x: Tensor, chunks: number, dim?: number) => Tensor[]> = composite(
  {
    name: "chunk",
    torch: (chunks: number, dim = 0) => `torch.cat([p * (i + 1) for i, p in enumerate(x.chunk(${chunks}, ${dim}))], ${dim})`,
    samples: [
      { inputs: [[5, 2]], args: [2] },
      { inputs: [[2, 6]], args: [3, -1] },
    ],
    errors: [{ inputs: [[5]], args: [0], throws: /chunk\(\): chunks must be a whole number from 1 on, got 0/ }],
    check: (pieces, [, dim = 0]) =>
      cat(
        pieces.map((piece, i) => piece.mul(i + 1)),
        dim as number,
      ),
  },
  (x: Tensor, chunks: number, dim = 0) => {
    if (!(Number.isInteger(chunks) && chunks > 0))
      throw new ArgumentError(`chunk(): chunks must be a whole number from 1 on, got ${chunks}`);
    const size = x.shape[dimOf("chunk", x, dim)]!;
    return split(x, Math.max(1, Math.ceil(size / chunks)), dim);
  },
);

/** The slices along `dim`, without that dim. Views. */
export const unbind: Op<(x: Tensor, dim?: number) => Tensor[]> = composite(
  {
    name: "unbind",
    torch: (dim = 0) => `torch.stack([p * (i + 1) for i, p in enumerate(x.unbind(${dim}))])`,
    samples: [{ inputs: [[3, 2]] }, { inputs: [[3, 2]], args: [1] }],
    check: (pieces) => stack(pieces.map((piece, i) => piece.mul(i + 1))),
  },
  (x: Tensor, dim = 0) => {
    const at = dimOf("unbind", x, dim);
    return Array.from({ length: x.shape[at]! }, (_, i) => select(x, at, i));
  },
);
