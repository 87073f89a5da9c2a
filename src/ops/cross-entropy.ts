import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { contiguousInput, materialize } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, discard, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { sameShape, show, sizeOf } from "../core/shape.js";
import type { InputSpec, Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, div, mul } from "./binary.js";
import { ne } from "./compare.js";
import { to } from "./convert.js";
import { onesLike } from "./creation.js";
import { checkIndices, requireInt } from "./families/indices.js";
import { type LossOptions, type LossReduction, checkReduction } from "./families/loss.js";
import { gather, indexSelect } from "./gather.js";
import { sum } from "./reduce.js";
import { logSoftmax } from "./softmax.js";
import { neg } from "./unary.js";
import { permute, reshape, squeeze, unsqueeze } from "./view.js";
import { where } from "./where.js";

export interface NllOptions extends LossOptions {
  /** A factor for each class, `[C]`; the mean divides by the sum of the factors of the targets. */
  weight?: Tensor | null;
  /** Targets of this class count for nothing. Default -100. */
  ignoreIndex?: number;
}

export interface CrossEntropyOptions extends NllOptions {
  /** The share of the target that is spread over all classes, 0 to 1. Default 0. */
  labelSmoothing?: number;
}

interface RowArgs {
  reduction: LossReduction;
  ignore: number;
  smoothing: number;
}

/** `[n, C, d…]` as rows `[n · d…, C]`. */
function rowsOf(x: Tensor): Tensor {
  const classes = x.shape[x.ndim === 1 ? 0 : 1]!;
  const last = x.ndim < 3 ? x : permute(x, [0, ...x.shape.keys()].filter((dim, i) => i === 0 || dim > 1).concat(1));
  return reshape(last, [x.numel / Math.max(1, classes), classes]);
}

/** @throws ShapeError, DTypeError, IndexError when targets are not labels of the classes of `x` */
function checkLabels(name: string, x: Tensor, target: Tensor, weight: Tensor | null, ignore: number): void {
  const at = x.ndim === 1 ? 0 : 1;
  const wanted = x.shape.filter((_, dim) => dim !== at);
  const classes = x.shape[at]!;
  requireInt(name, target, "class labels");
  if (!sameShape(target.shape, wanted))
    throw new ShapeError(
      `${name}(): the input is ${show(x.shape)}, the labels ${show(target.shape)}; without the dim of classes, ${at}, the input is ${show(wanted)}`,
    );
  if (weight) checkWeight(name, x, weight, classes);
  checkIndices(name, target, { size: classes, what: `${classes} classes`, noun: "label", ignore });
}

function checkWeight(name: string, x: Tensor, weight: Tensor, classes: number): void {
  if (!sameShape(weight.shape, [classes]))
    throw new ShapeError(
      `${name}(): the weight is ${show(weight.shape)}, expected one factor for each of ${classes} classes, [${classes}]`,
    );
  if (weight.dtype !== x.dtype)
    throw new DTypeError(`${name}(): the weight is ${weight.dtype}, the input ${x.dtype}; convert one with .to(…)`);
}

function checkInput(name: string, x: Tensor, reduction: LossReduction): void {
  checkReduction(name, reduction);
  if (!isFloat(x.dtype)) throw new DTypeError(`${name}(): expected a floating point input, got ${x.dtype}; convert it with .to("float32")`);
  if (x.ndim === 0) throw new ShapeError(`${name}(): expected scores [C], [n, C] or [n, C, d…], got a scalar`);
}

/** −w[t] y[t] of each row of log-probabilities, and w[t]; both 0 where the label is ignored. */
function pickLabels(y: Tensor, labels: Tensor, weight: Tensor | null, ignore: number): { losses: Tensor; own: Tensor } {
  const counts = ne(labels, ignore);
  const safe = where(counts, labels, 0);
  const factor = weight ? indexSelect(weight, 0, safe) : onesLike(labels, { dtype: y.dtype });
  const own = mul(factor, to(counts, y.dtype));
  const picked = squeeze(gather(y, 1, unsqueeze(safe, 1)), 1);
  return { losses: neg(mul(own, where(counts, picked, 0))), own };
}

function reduceRows(losses: Tensor, own: Tensor, reduction: LossReduction): Tensor {
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : div(sum(losses), sum(own));
}

/** What the fused kernel computes, in plain ops. */
function defineRows([x, labels, weight]: readonly Tensor[], { reduction, ignore, smoothing }: RowArgs): Tensor {
  const y = logSoftmax(x!, 1);
  const { losses, own } = pickLabels(y, labels!, weight ?? null, ignore);
  if (smoothing === 0) return reduceRows(losses, own, reduction);
  const all = sum(weight ? mul(y, weight) : y, 1);
  const smooth = mul(where(ne(labels!, ignore), all, 0), -smoothing / x!.shape[1]!);
  return reduceRows(add(mul(losses, 1 - smoothing), smooth), own, reduction);
}

const crossEntropyRows: Op<(x: Tensor, labels: Tensor, weight: Tensor | null, args: RowArgs) => Tensor> = op({
  name: "_crossEntropyRows",
  torch: ({ reduction, ignore, smoothing }: RowArgs) =>
    `torch.nn.functional.cross_entropy(x, y.long(), reduction="${reduction}", ignore_index=${ignore}, label_smoothing=${smoothing})`,
  samples: [
    { inputs: [[5, 3], { shape: [5], dtype: "int32", low: 0, high: 3 }], args: [{ reduction: "mean", ignore: -100, smoothing: 0 }] },
  ],
  arrange: ([x, labels], [args]) => [x, labels, null, args],
  prepare: (x: Tensor, labels: Tensor, weight: Tensor | null, args: RowArgs) => ({
    inputs: weight ? [x, labels, weight] : [x, labels],
    args,
  }),
  run([x, labels, weight], { reduction, ignore, smoothing }, aux) {
    const [rows, classes] = x!.shape as [number, number];
    const [scores, targets] = [contiguousInput(x!), contiguousInput(labels!)];
    const factors = weight ? contiguousInput(weight) : null;
    const type = dtypeInfo(x!.dtype).kernel as "f32" | "f64";
    const empty = (shape: readonly number[]): Tensor => Tensor.empty(shape, x!.dtype, "crossEntropy");
    const [losses, own, y] = [empty([rows]), discard(empty([rows])), empty([rows, classes])];
    aux.push(y);
    const pointers = [losses.ptr, own.ptr, y.ptr, scores.ptr, targets.ptr, factors?.ptr ?? 0];
    launch(`cross_entropy_${type}`, [...pointers, classes, ignore, smoothing], rows, 15 * classes);
    if (reduction === "none") return losses;
    const total = sum(discard(losses));
    if (reduction === "sum") return total;
    const weights = sum(own);
    aux.push(weights);
    return div(discard(total), weights);
  },
  vjpAll: {
    needs: [],
    run(c) {
      const { reduction, ignore, smoothing } = c.args;
      const [rows, classes] = c.shapes[0] as [number, number];
      const g = materialize(c.grads[0]!);
      const [y, total] = [c.aux(0), reduction === "mean" ? c.aux(1) : null];
      const labels = materialize(c.input(1));
      const weight = c.shapes.length > 2 ? materialize(c.input(2)) : null;
      const out = Tensor.empty([rows, classes], y.dtype, "crossEntropy");
      const type = dtypeInfo(y.dtype).kernel as "f32" | "f64";
      const pointers = [out.ptr, g.ptr, total?.ptr ?? 0, y.ptr, labels.ptr, weight?.ptr ?? 0];
      launch(`cross_entropy_grad_${type}`, [...pointers, reduction === "none" ? 1 : 0, classes, ignore, smoothing], rows, 12 * classes);
      return [out, null, null];
    },
  },
  define: defineRows,
});

const LABELS: InputSpec = { shape: [4], dtype: "int32", values: [2, 0, 4, 2] };
const IGNORED: InputSpec = { shape: [4], dtype: "int32", values: [2, -100, 4, 0] };
const WEIGHT: InputSpec = { shape: [5], values: [1, 0.5, 2, 0.25, 1.5], grad: false };
const PICTURES: InputSpec = { shape: [2, 2, 2], dtype: "int32", low: 0, high: 3 };

const LABEL_ERRORS = (name: string): { inputs: InputSpec[]; args?: unknown[]; throws: RegExp }[] => [
  {
    inputs: [[2, 3], { shape: [2], dtype: "int32", values: [0, 3] }],
    throws: new RegExp(`${name}\\(\\): label 3 at position \\[1\\] is out of range for 3 classes; expected 0 to 2`),
  },
  {
    inputs: [[2, 3], { shape: [3], dtype: "int32", values: [0, 1, 2] }],
    throws: new RegExp(`${name}\\(\\): the input is \\[2, 3\\], the labels \\[3\\]`),
  },
  { inputs: [[2, 3], { shape: [2], dtype: "int32", values: [0, 1] }, [2]], throws: new RegExp(`${name}\\(\\): the weight is \\[2\\]`) },
  { inputs: [[], { shape: [], dtype: "int32", values: [0] }], throws: new RegExp(`${name}\\(\\): expected scores \\[C\\]`) },
];

/**
 * −ln softmax(x)[target], for scores x `[n, C]`, `[C]` or `[n, C, d…]`.
 *
 * @param target class labels, int32 of the shape of x without the dim of classes; or class probabilities, of the
 *   shape and dtype of x
 * @throws IndexError naming the first label that is no class; ShapeError or DTypeError when x and target do not fit
 */
export const crossEntropy: Op<(x: Tensor, target: Tensor, options?: CrossEntropyOptions) => Tensor> = composite(
  {
    name: "crossEntropy",
    tensors: [0, 1],
    torch: (options?: CrossEntropyOptions) =>
      `torch.nn.functional.cross_entropy(x, y if y.is_floating_point() else y.long()${keywords({ ...options })})`,
    samples: [
      { inputs: [[4, 5], LABELS] },
      { inputs: [[4, 5], LABELS], args: [{ reduction: "sum", labelSmoothing: 0.1 }] },
      { inputs: [[4, 5], IGNORED], args: [{ reduction: "none" }] },
      {
        inputs: [[4, 5], IGNORED, WEIGHT],
        args: [{ labelSmoothing: 0.2 }],
        torch: "torch.nn.functional.cross_entropy(x, y.long(), weight=z, label_smoothing=0.2)",
      },
      { inputs: [[2, 3, 2, 2], PICTURES], args: [{ reduction: "none" }] },
      { inputs: [[5], { shape: [], dtype: "int32", values: [3] }] },
      { inputs: [[4, 5], { shape: [4, 5], low: 0, high: 1 }], args: [{ labelSmoothing: 0.1 }] },
      {
        inputs: [[4, 5], { shape: [4, 5], low: 0, high: 1 }, WEIGHT],
        args: [{ reduction: "none" }],
        torch: "torch.nn.functional.cross_entropy(x, y, weight=z, reduction='none')",
      },
    ],
    errors: [
      ...LABEL_ERRORS("crossEntropy"),
      {
        inputs: [[2, 3], [2]],
        throws: /crossEntropy\(\): a float32 target holds class probabilities and must have the input's shape \[2, 3\], got \[2\]/,
      },
      {
        inputs: [[2, 3], { shape: [2], dtype: "int32", values: [0, 1] }],
        args: [{ labelSmoothing: 2 }],
        throws: /crossEntropy\(\): labelSmoothing must be in 0\.\.1, got 2/,
      },
    ],
    arrange: ([x, target, weight], [options]) => [x, target, weight ? { ...(options as object), weight } : options],
  },
  (x: Tensor, target: Tensor, options: CrossEntropyOptions = {}) => {
    const { weight = null, ignoreIndex = -100, reduction = "mean", labelSmoothing = 0 } = options;
    checkInput("crossEntropy", x, reduction);
    if (!(labelSmoothing >= 0 && labelSmoothing <= 1))
      throw new ArgumentError(`crossEntropy(): labelSmoothing must be in 0..1, got ${labelSmoothing}`);
    if (isFloat(target.dtype)) return withProbabilities(x, target, weight, reduction, labelSmoothing);
    checkLabels("crossEntropy", x, target, weight, ignoreIndex);
    const losses = crossEntropyRows(rowsOf(x), reshape(target, [-1]), weight, {
      reduction,
      ignore: ignoreIndex,
      smoothing: labelSmoothing,
    });
    return reduction === "none" ? reshape(losses, target.shape) : losses;
  },
);

function withProbabilities(x: Tensor, target: Tensor, weight: Tensor | null, reduction: LossReduction, smoothing: number): Tensor {
  if (!sameShape(x.shape, target.shape)) {
    throw new ShapeError(
      `crossEntropy(): a ${target.dtype} target holds class probabilities and must have the input's shape ${show(x.shape)}, got ${show(target.shape)}; class labels must be int32`,
    );
  }
  const classes = x.shape[x.ndim === 1 ? 0 : 1]!;
  if (weight) checkWeight("crossEntropy", x, weight, classes);
  const [y, p] = [logSoftmax(rowsOf(x), 1), rowsOf(target)];
  const shares = smoothing === 0 ? p : add(mul(p, 1 - smoothing), smoothing / classes);
  const losses = neg(sum(mul(shares, weight ? mul(y, weight) : y), 1));
  if (reduction === "none")
    return reshape(
      losses,
      x.shape.filter((_, dim) => dim !== (x.ndim === 1 ? 0 : 1)),
    );
  return reduction === "sum" ? sum(losses) : div(sum(losses), sizeOf(losses.shape));
}

/**
 * −x[target] for log-probabilities x `[n, C]`, `[C]` or `[n, C, d…]`, as `logSoftmax` gives them.
 *
 * @param target class labels, int32 of the shape of x without the dim of classes
 * @throws IndexError naming the first label that is no class; ShapeError or DTypeError when x and target do not fit
 */
export const nllLoss: Op<(x: Tensor, target: Tensor, options?: NllOptions) => Tensor> = composite(
  {
    name: "nllLoss",
    tensors: [0, 1],
    torch: (options?: NllOptions) => `torch.nn.functional.nll_loss(x, y.long()${keywords({ ...options })})`,
    samples: [
      { inputs: [[4, 5], LABELS] },
      { inputs: [[4, 5], IGNORED], args: [{ reduction: "none" }] },
      {
        inputs: [[4, 5], LABELS, WEIGHT],
        args: [{ ignoreIndex: 2 }],
        torch: "torch.nn.functional.nll_loss(x, y.long(), weight=z, ignore_index=2)",
      },
      { inputs: [[2, 3, 2, 2], PICTURES], args: [{ reduction: "sum" }] },
      { inputs: [[5], { shape: [], dtype: "int32", values: [3] }] },
    ],
    errors: LABEL_ERRORS("nllLoss"),
    arrange: ([x, target, weight], [options]) => [x, target, weight ? { ...(options as object), weight } : options],
  },
  (x: Tensor, target: Tensor, { weight = null, ignoreIndex = -100, reduction = "mean" }: NllOptions = {}) => {
    checkInput("nllLoss", x, reduction);
    checkLabels("nllLoss", x, target, weight, ignoreIndex);
    const { losses, own } = pickLabels(rowsOf(x), reshape(target, [-1]), weight, ignoreIndex);
    return reduction === "none" ? reshape(losses, target.shape) : reduceRows(losses, own, reduction);
  },
);
