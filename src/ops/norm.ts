import { launch } from "../runtime/backend.js";
import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { contiguousInput, copyInto, materialize } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, op, temporary } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { type Shape, sameShape, show, sizeOf } from "../core/shape.js";
import type { InputSpec, Op } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "./binary.js";
import { full } from "./creation.js";
import { mean } from "./reduce.js";
import { square, sqrt } from "./unary.js";
import { reshape } from "./view.js";

/** Weight and bias, or neither; one alone gets its partner. */
function affine(weight: Tensor | null, bias: Tensor | null): Tensor[] {
  if (!weight && !bias) return [];
  const like = (weight ?? bias)!;
  return [weight ?? full(like.shape, 1, { dtype: like.dtype }), bias ?? full(like.shape, 0, { dtype: like.dtype })];
}

function checkPart(name: string, x: Tensor, part: Tensor | null | undefined, what: string, shape: Shape): void {
  if (!part) return;
  if (!sameShape(part.shape, shape))
    throw new ShapeError(`${name}(): the ${what} is ${show(part.shape)}, expected ${show(shape)} for an input of ${show(x.shape)}`);
  if (part.dtype !== x.dtype)
    throw new DTypeError(`${name}(): the ${what} is ${part.dtype}, the input ${x.dtype}; convert one with .to(…)`);
}

function checkFloat(name: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw new DTypeError(`${name}(): expected a floating point input, got ${x.dtype}; convert it with .to("float32")`);
}

const typeOf = (x: Tensor): "f32" | "f64" => dtypeInfo(x.dtype).kernel as "f32" | "f64";

/** `[n, c, l]` of an input `[n, c, …]`. */
function planes({ shape }: { readonly shape: Shape }): [n: number, c: number, l: number] {
  return [shape[0]!, shape[1]!, sizeOf(shape.slice(2))];
}

/** One value per channel, to be broadcast over `[n, c, …]`. */
function perChannel(x: Tensor, ndim: number): Tensor {
  return reshape(x, [-1, ...new Array<number>(ndim - 2).fill(1)]);
}

const RUNNING_MEAN: InputSpec = { shape: [3], grad: false };
const RUNNING_VAR: InputSpec = { shape: [3], low: 0.5, high: 2, grad: false };

interface BatchArgs {
  eps: number;
  /** Gets the mean and the biased variance of the batch. */
  observe?: (mean: Tensor, variance: Tensor) => void;
}

function normalise(x: Tensor, average: Tensor, variance: Tensor, parts: readonly Tensor[], eps: number): Tensor {
  const [weight, bias] = parts.map((part) => perChannel(part, x.ndim));
  const normal = div(sub(x, perChannel(average, x.ndim)), sqrt(add(perChannel(variance, x.ndim), eps)));
  return weight && bias ? add(mul(normal, weight), bias) : normal;
}

/** Launches the forward kernel. */
function applyBatch(x: Tensor, average: Tensor, variance: Tensor, [weight, bias]: readonly Tensor[], eps: number): Tensor {
  const source = contiguousInput(x);
  const [n, c, l] = planes(x);
  const [w, b] = [weight && contiguousInput(weight), bias && contiguousInput(bias)];
  const out = Tensor.empty(x.shape, x.dtype, "batchNorm");
  const pointers = [out.ptr, source.ptr, average.ptr, variance.ptr, w?.ptr ?? 0, b?.ptr ?? 0];
  launch(`batch_norm_${typeOf(x)}`, [...pointers, c, l, eps], n * c, 3 * l);
  return out;
}

/** Gradients of x, weight and bias. `batch`: mean and variance are those of x itself, so they depend on it. */
function batchGrads(
  g: Tensor,
  x: Tensor,
  average: Tensor,
  variance: Tensor,
  weight: Tensor | null,
  eps: number,
  batch: boolean,
): [Tensor, Tensor, Tensor] {
  const [n, c, l] = planes(x);
  const [dy, source] = [materialize(g), materialize(x)];
  const empty = (shape: Shape): Tensor => Tensor.empty(shape, x.dtype, "batchNorm");
  const [gx, gw, gb] = [empty(x.shape), empty([c]), empty([c])];
  const type = typeOf(x);
  const stats = [average.ptr, variance.ptr];
  launch(`batch_norm_grad_affine_${type}`, [gw.ptr, gb.ptr, dy.ptr, source.ptr, ...stats, n, c, l, eps], c, 5 * n * l);
  const sums = batch ? [gw.ptr, gb.ptr] : [0, 0];
  launch(`batch_norm_grad_input_${type}`, [gx.ptr, dy.ptr, source.ptr, ...stats, weight?.ptr ?? 0, ...sums, n, c, l, eps], n * c, 6 * l);
  return [gx, gw, gb];
}

const trainBatch: Op<(x: Tensor, parts: readonly Tensor[], args: BatchArgs) => Tensor> = op({
  name: "_batchNormTrain",
  torch: ({ eps }: BatchArgs) => `torch.nn.functional.batch_norm(x, None, None, y, z, True, 0.1, ${eps})`,
  samples: [{ inputs: [[4, 3, 5], [3], [3]], args: [{ eps: 1e-5 }] }],
  arrange: ([x, ...parts], [args]) => [x, parts, args],
  prepare: (x: Tensor, parts: readonly Tensor[], args: BatchArgs) => ({ inputs: [x, ...parts], args }),
  run([x, ...parts], { eps, observe }, aux) {
    const [n, c, l] = planes(x!);
    const source = contiguousInput(x!);
    const average = Tensor.empty([c], x!.dtype, "batchNorm");
    const variance = Tensor.empty([c], x!.dtype, "batchNorm");
    aux.push(average, variance);
    launch(`batch_norm_stats_${typeOf(x!)}`, [average.ptr, variance.ptr, source.ptr, n, c, l], c, 4 * n * l);
    observe?.(average, variance);
    return applyBatch(source, average, variance, parts, eps);
  },
  vjpAll: {
    needs: [],
    run(c) {
      const weight = c.shapes.length > 1 ? materialize(c.input(1)) : null;
      return batchGrads(c.grads[0]!, c.input(0), c.aux(0), c.aux(1), weight, c.args.eps, true).slice(0, c.shapes.length);
    },
  },
  define([x, ...parts], { eps }) {
    const dims = [...x!.shape.keys()].filter((dim) => dim !== 1);
    const average = mean(x!, dims);
    const variance = mean(square(sub(x!, perChannel(average, x!.ndim))), dims);
    return normalise(x!, average, variance, parts, eps);
  },
});

const evalBatch: Op<(x: Tensor, average: Tensor, variance: Tensor, parts: readonly Tensor[], eps: number) => Tensor> = op({
  name: "_batchNormEval",
  torch: (eps: number) => `torch.nn.functional.batch_norm(x, y, z, None, None, False, 0.1, ${eps})`,
  samples: [{ inputs: [[4, 3, 5], RUNNING_MEAN, RUNNING_VAR], args: [1e-5] }],
  arrange: ([x, average, variance], [eps]) => [x, average, variance, [], eps],
  prepare: (x: Tensor, average: Tensor, variance: Tensor, parts: readonly Tensor[], eps: number) => ({
    inputs: [x, average, variance, ...parts],
    args: eps,
  }),
  run: ([x, average, variance, ...parts], eps) => applyBatch(x!, contiguousInput(average!), contiguousInput(variance!), parts, eps),
  vjpAll: {
    needs: [],
    run(c) {
      const [average, variance] = [materialize(c.input(1)), materialize(c.input(2))];
      const weight = c.shapes.length > 3 ? materialize(c.input(3)) : null;
      const [gx, gw, gb] = batchGrads(c.grads[0]!, c.input(0), average, variance, weight, c.args, false);
      return [gx, null, null, gw, gb].slice(0, c.shapes.length);
    },
  },
  define: ([x, average, variance, ...parts], eps) => normalise(x!, average!, variance!, parts, eps),
});

export interface BatchNormOptions {
  /** Normalise by the batch and move the running statistics, or normalise by them. Default false. */
  training?: boolean;
  /** The weight of the batch in the running statistics. Default 0.1. */
  momentum?: number;
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/** running ← (1 − momentum) running + momentum · scale · value, in place. */
function track(running: Tensor | null, value: Tensor, momentum: number, scale = 1): void {
  if (!running) return;
  temporary(() => copyInto(running, add(mul(running, 1 - momentum), mul(value, momentum * scale))));
  running.storage.version++;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias per channel of x `[n, c, …]`, with the mean and the (biased)
 * variance of the batch while training, else the running ones. Training moves those, with the unbiased variance.
 *
 * @throws ArgumentError when training on a single value per channel, or without running statistics otherwise
 */
export const batchNorm: Op<
  (
    x: Tensor,
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    weight?: Tensor | null,
    bias?: Tensor | null,
    options?: BatchNormOptions,
  ) => Tensor
> = composite(
  {
    name: "batchNorm",
    tensors: [0, 1, 2, 3, 4],
    torch: (options?: BatchNormOptions) => `torch.nn.functional.batch_norm(x, y.clone(), z.clone(), w${keywords({ ...options })})`,
    samples: [
      { inputs: [[4, 3, 5], RUNNING_MEAN, RUNNING_VAR, [3]], args: [{ training: true }] },
      { inputs: [[4, 3], RUNNING_MEAN, RUNNING_VAR, [3]], args: [{ training: true, eps: 0.1 }] },
      { inputs: [[2, 3, 2, 4], RUNNING_MEAN, RUNNING_VAR, [3]] },
    ],
    errors: [
      {
        inputs: [[1, 3], [3], [3]],
        args: [{ training: true }],
        throws: /batchNorm\(\): training needs more than one value per channel, got an input of \[1, 3\]/,
      },
      { inputs: [[2, 3], [2], [3]], throws: /batchNorm\(\): the running mean is \[2\], expected \[3\]/ },
      { inputs: [[3], [3], [3]], throws: /batchNorm\(\): expected an input \[n, c, …\], got \[3\]/ },
    ],
    arrange: ([x, average, variance, weight], [options]) => [x, average, variance, weight, null, options],
  },
  (
    x: Tensor,
    runningMean,
    runningVar,
    weight = null,
    bias = null,
    { training = false, momentum = 0.1, eps = 1e-5 }: BatchNormOptions = {},
  ) => {
    const name = "batchNorm";
    checkFloat(name, x);
    if (x.ndim < 2) throw new ShapeError(`batchNorm(): expected an input [n, c, …], got ${show(x.shape)}`);
    const [n, c, l] = planes(x);
    checkPart(name, x, runningMean, "running mean", [c]);
    checkPart(name, x, runningVar, "running variance", [c]);
    checkPart(name, x, weight, "weight", [c]);
    checkPart(name, x, bias, "bias", [c]);
    const parts = affine(weight, bias);
    if (!training) {
      if (!runningMean || !runningVar)
        throw new ArgumentError("batchNorm(): without running statistics only training is possible; pass { training: true }");
      return evalBatch(x, runningMean, runningVar, parts, eps);
    }
    if (n * l <= 1)
      throw new ArgumentError(
        `batchNorm(): training needs more than one value per channel, got an input of ${show(x.shape)}; use a larger batch, or eval()`,
      );
    const observe = (average: Tensor, variance: Tensor): void => {
      track(runningMean, average, momentum);
      track(runningVar, variance, momentum, (n * l) / (n * l - 1));
    };
    return trainBatch(x, parts, { eps, observe });
  },
);

const layerRows: Op<(x: Tensor, parts: readonly Tensor[], size: number, eps: number) => Tensor> = op({
  name: "_layerNorm",
  torch: (size: number, eps: number) => `torch.nn.functional.layer_norm(x.reshape(-1, ${size}), [${size}], y, z, ${eps}).reshape(x.shape)`,
  samples: [{ inputs: [[3, 7], [7], [7]], args: [7, 1e-5] }],
  arrange: ([x, ...parts], [size, eps]) => [x, parts, size, eps],
  prepare: (x: Tensor, parts: readonly Tensor[], size: number, eps: number) => ({ inputs: [x, ...parts], args: { size, eps } }),
  run([x, weight, bias], { size, eps }, aux) {
    const source = contiguousInput(x!);
    const [w, b] = [weight && contiguousInput(weight), bias && contiguousInput(bias)];
    const rows = x!.numel / Math.max(1, size);
    const [average, rstd] = [Tensor.empty([rows], x!.dtype, "layerNorm"), Tensor.empty([rows], x!.dtype, "layerNorm")];
    aux.push(average, rstd);
    const out = Tensor.empty(x!.shape, x!.dtype, "layerNorm");
    const pointers = [out.ptr, average.ptr, rstd.ptr, source.ptr, w?.ptr ?? 0, b?.ptr ?? 0];
    launch(`layer_norm_${typeOf(x!)}`, [...pointers, size, eps], rows, 6 * size);
    return out;
  },
  vjpAll: {
    needs: [],
    run(c) {
      const { size } = c.args as { size: number };
      const x = materialize(c.input(0));
      const g = materialize(c.grads[0]!);
      const weight = c.shapes.length > 1 ? materialize(c.input(1)) : null;
      const [average, rstd] = [c.aux(0), c.aux(1)];
      const rows = average.numel;
      const type = typeOf(x);
      const gx = Tensor.empty(x.shape, x.dtype, "layerNorm");
      launch(`layer_norm_grad_input_${type}`, [gx.ptr, g.ptr, x.ptr, average.ptr, rstd.ptr, weight?.ptr ?? 0, size], rows, 10 * size);
      if (!weight) return [gx];
      const [gw, gb] = [Tensor.empty(c.shapes[1]!, x.dtype, "layerNorm"), Tensor.empty(c.shapes[2]!, x.dtype, "layerNorm")];
      launch(`layer_norm_grad_affine_${type}`, [gw.ptr, gb.ptr, g.ptr, x.ptr, average.ptr, rstd.ptr, rows, size], size, 5 * rows);
      return [gx, gw, gb];
    },
  },
  define([x, weight, bias], { size, eps }) {
    const rows = reshape(x!, [-1, size]);
    const centred = sub(rows, mean(rows, 1, { keepdim: true }));
    const normal = reshape(div(centred, sqrt(add(mean(square(centred), 1, { keepdim: true }), eps))), x!.shape);
    return weight && bias ? add(mul(normal, weight), bias) : normal;
  },
});

export interface EpsOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number;
}

/**
 * (x − mean) / √(variance + eps) · weight + bias, with the mean and (biased) variance over the last dims.
 *
 * @param normalizedShape the sizes of those dims; weight and bias have this shape
 * @throws ShapeError when x does not end in these sizes
 */
export const layerNorm: Op<
  (x: Tensor, normalizedShape: Shape, weight?: Tensor | null, bias?: Tensor | null, options?: EpsOptions) => Tensor
> = composite(
  {
    name: "layerNorm",
    torch: (shape: Shape, options?: EpsOptions) => `torch.nn.functional.layer_norm(x, ${python(shape)}, y, z${keywords({ ...options })})`,
    samples: [
      { inputs: [[4, 7]], args: [[7]], torch: "torch.nn.functional.layer_norm(x, [7])" },
      {
        inputs: [
          [2, 3, 5],
          [3, 5],
          [3, 5],
        ],
        args: [[3, 5]],
        torch: "torch.nn.functional.layer_norm(x, [3, 5], y, z)",
      },
      { inputs: [[2, 5], [5]], args: [[5], { eps: 0.1 }], torch: "torch.nn.functional.layer_norm(x, [5], y, eps=0.1)" },
    ],
    errors: [
      { inputs: [[2, 3]], args: [[2]], throws: /layerNorm\(\): the input \[2, 3\] does not end in the normalised shape \[2\]/ },
      { inputs: [[2, 3], [2]], args: [[3]], throws: /layerNorm\(\): the weight is \[2\], expected \[3\]/ },
    ],
    arrange: ([x, weight, bias], [shape, options]) => [x, shape, weight, bias, options],
  },
  (x: Tensor, normalizedShape: Shape, weight = null, bias = null, { eps = 1e-5 }: EpsOptions = {}) => {
    checkFloat("layerNorm", x);
    const tail = x.shape.slice(x.ndim - normalizedShape.length);
    if (normalizedShape.length === 0 || !sameShape(tail, normalizedShape))
      throw new ShapeError(`layerNorm(): the input ${show(x.shape)} does not end in the normalised shape ${show(normalizedShape)}`);
    checkPart("layerNorm", x, weight, "weight", normalizedShape);
    checkPart("layerNorm", x, bias, "bias", normalizedShape);
    return layerRows(x, affine(weight, bias), sizeOf(normalizedShape), eps);
  },
);

/**
 * Normalises each sample's channels in `numGroups` groups: mean and (biased) variance over the channels of a group
 * and all that follows. Weight and bias are per channel, `[c]`.
 *
 * @throws ShapeError when the channels do not divide into the groups
 */
export const groupNorm: Op<(x: Tensor, numGroups: number, weight?: Tensor | null, bias?: Tensor | null, options?: EpsOptions) => Tensor> =
  composite(
    {
      name: "groupNorm",
      tensors: [0, 2, 3],
      torch: (groups: number, options?: EpsOptions) => `torch.nn.functional.group_norm(x, ${groups}, y, z${keywords({ ...options })})`,
      samples: [
        { inputs: [[2, 6, 3], [6], [6]], args: [3] },
        { inputs: [[2, 4], [4], [4]], args: [2, { eps: 0.1 }] },
      ],
      errors: [{ inputs: [[2, 5]], args: [2], throws: /groupNorm\(\): 5 channels do not divide into 2 groups/ }],
      arrange: ([x, weight, bias], [groups, options]) => [x, groups, weight, bias, options],
    },
    (x: Tensor, numGroups: number, weight = null, bias = null, { eps = 1e-5 }: EpsOptions = {}) => {
      checkFloat("groupNorm", x);
      if (x.ndim < 2) throw new ShapeError(`groupNorm(): expected an input [n, c, …], got ${show(x.shape)}`);
      const [n, c] = planes(x);
      if (!(numGroups > 0 && c % numGroups === 0))
        throw new ShapeError(`groupNorm(): ${c} channels do not divide into ${numGroups} groups`);
      checkPart("groupNorm", x, weight, "weight", [c]);
      checkPart("groupNorm", x, bias, "bias", [c]);
      const rows = reshape(x, [n * numGroups, x.numel / Math.max(1, n * numGroups)]);
      const normal = reshape(layerRows(rows, [], rows.shape[1]!, eps), x.shape);
      const scaled = weight ? mul(normal, perChannel(weight, x.ndim)) : normal;
      return bias ? add(scaled, perChannel(bias, x.ndim)) : scaled;
    },
  );
