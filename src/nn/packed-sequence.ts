import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import { temporary } from "../core/op.js";
import { show } from "../core/shape.js";
import { Tensor } from "../core/tensor.js";
import { toTypedArray } from "../ops/access.js";
import { full } from "../ops/creation.js";
import { indexSelect } from "../ops/gather.js";
import { cat } from "../ops/join.js";
import { indexCopy } from "../ops/scatter.js";
import { narrow, select } from "../ops/slice.js";
import { reshape, transpose } from "../ops/view.js";

/*
 * torch.nn.utils.rnn: sequences of unequal lengths as one tensor, padded, or packed without the padding.
 */

/**
 * Sequences without padding, step by step: the rows of step 0 of all sequences, longest first, then those of step 1 of
 * the ones that are still there, … Made by `packPaddedSequence`; recurrent layers take it and give it back.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.PackedSequence.html
 */
export interface PackedSequence {
  /** `[sum of the lengths, …]` */
  readonly data: Tensor;
  /** int32 (int64 in PyTorch): how many sequences there are at each step. */
  readonly batchSizes: Tensor;
  /** Where each sequence, longest first, stood in the batch; null when it was sorted already. */
  readonly sortedIndices: Tensor | null;
  /** Where each sequence of the batch stands among the sorted ones. */
  readonly unsortedIndices: Tensor | null;
}

/** Lengths as PyTorch takes them: a list, or a tensor of one dim. */
export type Lengths = readonly number[] | Tensor;

const int32 = (values: readonly number[]): Tensor => upload(values, [values.length], "int32", "packPaddedSequence");

function lengthsOf(name: string, lengths: Lengths): number[] {
  const list = lengths instanceof Tensor ? [...toTypedArray(lengths)] : [...lengths];
  const bad = list.find((length) => !Number.isInteger(length) || length < 1);
  if (bad !== undefined) throw new ArgumentError(`${name}(): every length must be a whole number from 1 on, got ${bad}`);
  return list;
}

/** Steps and batch of a padded tensor. @throws ShapeError with fewer than two dims */
function paddedSizes(name: string, x: Tensor, batchFirst: boolean): { steps: number; batch: number } {
  if (x.ndim < 2)
    throw new ShapeError(`${name}(): expected ${batchFirst ? "[batch, steps, …]" : "[steps, batch, …]"}, got ${show(x.shape)}`);
  const [a, b] = x.shape as [number, number];
  return batchFirst ? { steps: b, batch: a } : { steps: a, batch: b };
}

/** How many of sorted lengths reach each step. */
function sizesOf(sorted: readonly number[]): number[] {
  return Array.from({ length: sorted[0] ?? 0 }, (_, t) => sorted.filter((length) => length > t).length);
}

/** Of each packed row, the row in a padded tensor `[steps, batch]` (or `[batch, steps]`). */
function paddedRows(
  sizes: readonly number[],
  order: readonly number[],
  { steps, batch }: { steps: number; batch: number },
  batchFirst: boolean,
): number[] {
  return sizes.flatMap((size, t) => Array.from({ length: size }, (_, i) => (batchFirst ? order[i]! * steps + t : t * batch + order[i]!)));
}

export interface PackOptions {
  /** The input is `[batch, steps, …]` rather than `[steps, batch, …]`. Default false. */
  batchFirst?: boolean;
  /** The sequences come longest first, which ONNX needs; false sorts them. Default true. */
  enforceSorted?: boolean;
}

/**
 * Packs padded sequences, `[steps, batch, …]`: a recurrent layer then spends no time on padding, and its last states are
 * those at the end of each sequence. Gradients flow through it.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
 *
 * @throws ShapeError when the lengths do not fit the input
 * @throws ArgumentError for a length below 1, or, unless `enforceSorted` is false, when a length is larger than the one before
 */
export function packPaddedSequence(input: Tensor, lengths: Lengths, options: PackOptions = {}): PackedSequence {
  const name = "packPaddedSequence";
  const { batchFirst = false, enforceSorted = true } = options;
  const size = paddedSizes(name, input, batchFirst);
  const list = lengthsOf(name, lengths);
  if (list.length !== size.batch || list.length === 0)
    throw new ShapeError(`${name}(): ${list.length} lengths for a batch of ${size.batch} sequences, ${show(input.shape)}`);
  const longest = Math.max(...list);
  if (longest > size.steps)
    throw new ShapeError(`${name}(): length ${longest} is more than the ${size.steps} steps of ${show(input.shape)}`);
  const order = list.map((_, i) => i);
  if (!enforceSorted) order.sort((a, b) => list[b]! - list[a]!);
  const sorted = order.map((i) => list[i]!);
  const rise = sorted.findIndex((length, i) => i > 0 && length > sorted[i - 1]!);
  if (rise > 0) {
    throw new ArgumentError(
      `${name}(): lengths must not rise, but ${list[rise]} comes after ${list[rise - 1]}; sort the sequences, or pass { enforceSorted: false }`,
    );
  }
  const sizes = sizesOf(sorted);
  const data = temporary(() => {
    const rows = reshape(input, [size.steps * size.batch, ...input.shape.slice(2)]);
    return indexSelect(rows, 0, int32(paddedRows(sizes, order, size, batchFirst)));
  });
  return {
    data,
    batchSizes: int32(sizes),
    sortedIndices: enforceSorted ? null : int32(order),
    unsortedIndices: enforceSorted ? null : int32(inverse(order)),
  };
}

function inverse(order: readonly number[]): number[] {
  const out: number[] = [];
  order.forEach((from, to) => (out[from] = to));
  return out;
}

/** The inverse of a permutation given as an int32 tensor of one dim; null stays null. */
export function invertPermutation(permutation: Tensor | null): Tensor | null {
  return permutation && int32(inverse([...toTypedArray(permutation)]));
}

export interface PadPackedOptions {
  /** Give `[batch, steps, …]` rather than `[steps, batch, …]`. Default false. */
  batchFirst?: boolean;
  /** What stands where a sequence has ended. Default 0. */
  paddingValue?: number;
  /** Steps of the result, when they should be more than those of the longest sequence. */
  totalLength?: number | null;
}

/**
 * The inverse of `packPaddedSequence`: the padded sequences in the order in which they came, and their lengths (int32).
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_packed_sequence.html
 *
 * @throws ArgumentError when `totalLength` is less than the longest sequence
 */
export function padPackedSequence(sequence: PackedSequence, options: PadPackedOptions = {}): [output: Tensor, lengths: Tensor] {
  const { batchFirst = false, paddingValue = 0, totalLength = null } = options;
  const { data, batchSizes, sortedIndices } = sequence;
  const sizes = [...toTypedArray(batchSizes)];
  const batch = sizes[0] ?? 0;
  const steps = totalLength ?? sizes.length;
  if (!Number.isInteger(steps) || steps < sizes.length)
    throw new ArgumentError(`padPackedSequence(): totalLength must be at least ${sizes.length}, the longest length, got ${steps}`);
  const order = sortedIndices ? [...toTypedArray(sortedIndices)] : Array.from({ length: batch }, (_, i) => i);
  const lengths: number[] = [];
  order.forEach((to, i) => (lengths[to] = sizes.filter((size) => size > i).length));
  const output = temporary(() => {
    const rest = data.shape.slice(1);
    const padding = full([steps * batch, ...rest], paddingValue, { dtype: data.dtype });
    const rows = indexCopy(padding, 0, int32(paddedRows(sizes, order, { steps, batch }, batchFirst)), data);
    return reshape(rows, batchFirst ? [batch, steps, ...rest] : [steps, batch, ...rest]);
  });
  return [output, int32(lengths)];
}

export interface PadOptions {
  /** Give `[batch, steps, …]` rather than `[steps, batch, …]`. Default false. */
  batchFirst?: boolean;
  /** Default 0. */
  paddingValue?: number;
  /** Default "right": behind the sequence. */
  paddingSide?: "left" | "right";
}

/**
 * Sequences `[length, …]`, alike but for their lengths, as one tensor, `[longest, batch, …]`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
 *
 * @throws ShapeError naming the first sequence that does not fit
 */
export function padSequence(sequences: readonly Tensor[], options: PadOptions = {}): Tensor {
  const { batchFirst = false, paddingValue = 0, paddingSide = "right" } = options;
  const lengths = checkSequences("padSequence", sequences);
  const first = sequences[0]!;
  const rest = first.shape.slice(1);
  const longest = Math.max(...lengths);
  return temporary(() => {
    const padded = sequences.map((x, i) => {
      const missing = longest - lengths[i]!;
      if (missing === 0) return x;
      const padding = full([missing, ...rest], paddingValue, { dtype: x.dtype });
      return cat(paddingSide === "left" ? [padding, x] : [x, padding]);
    });
    const stacked = reshape(cat(padded), [sequences.length, longest, ...rest]);
    return batchFirst ? stacked : transpose(stacked, 0, 1);
  });
}

function checkSequences(name: string, sequences: readonly Tensor[]): number[] {
  const list: readonly unknown[] = sequences;
  if (!Array.isArray(list) || list.length === 0 || !list.every((x) => x instanceof Tensor))
    throw new ArgumentError(`${name}(): expected a list of at least one tensor, as in ${name}([x, y])`);
  const first = sequences[0]!;
  sequences.forEach((x, i) => {
    const fits = x.ndim > 0 && x.ndim === first.ndim && x.shape.every((size, dim) => dim === 0 || size === first.shape[dim]);
    if (!fits)
      throw new ShapeError(`${name}(): sequence ${i} is ${show(x.shape)}, sequence 0 ${show(first.shape)}: only the first size may differ`);
  });
  return sequences.map((x) => x.shape[0]!);
}

/** Sequences `[length, …]` as padded ones, packed: `packPaddedSequence` of `padSequence`, with the same errors. */
export function packSequence(sequences: readonly Tensor[], options: { enforceSorted?: boolean } = {}): PackedSequence {
  const lengths = checkSequences("packSequence", sequences);
  return temporary(() => packPaddedSequence(padSequence(sequences), lengths, options));
}

/** The inverse of `padSequence`: views of the sequences without their padding. @throws ArgumentError for a length below 1 */
export function unpadSequence(padded: Tensor, lengths: Lengths, options: { batchFirst?: boolean } = {}): Tensor[] {
  const { batch, steps } = paddedSizes("unpadSequence", padded, options.batchFirst ?? false);
  const list = lengthsOf("unpadSequence", lengths);
  const longest = Math.max(0, ...list);
  if (list.length !== batch || longest > steps)
    throw new ShapeError(`unpadSequence(): lengths [${list.join(", ")}] do not fit ${show(padded.shape)}`);
  const rows = options.batchFirst ? padded : transpose(padded, 0, 1);
  return list.map((length, i) => narrow(select(rows, 0, i), 0, 0, length));
}

/** The inverse of `packSequence`: the sequences, in the order in which they came. */
export function unpackSequence(sequence: PackedSequence): Tensor[] {
  const [padded, lengths] = padPackedSequence(sequence);
  return unpadSequence(padded, lengths);
}
