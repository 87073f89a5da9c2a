import { ArgumentError } from "../runtime/errors.js";
import { noGrad } from "../core/grad-mode.js";
import { composite, op, temporary } from "../core/op.js";
import { keywords } from "../core/python.js";
import { type InputSpec, type Op, type OpMeta, needs } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { softplus } from "./activation.js";
import { add, div, maximum, mul, sub } from "./binary.js";
import { clamp } from "./clamp.js";
import { lt } from "./compare.js";
import { amax, amin } from "./extreme.js";
import { type LossOptions, checkLoss, reduceLoss } from "./families/loss.js";
import { abs, log, log1p, neg, square } from "./unary.js";
import { where } from "./where.js";

type Loss<O extends LossOptions = LossOptions> = Op<(x: Tensor, target: Tensor, options?: O) => Tensor>;

const SAMPLES: OpMeta["samples"] = [
  {
    inputs: [
      [4, 5],
      [4, 5],
    ],
  },
  { inputs: [[7], [7]], args: [{ reduction: "sum" }] },
  {
    inputs: [
      [2, 3],
      [2, 3],
    ],
    args: [{ reduction: "none" }],
  },
  { inputs: [[], []] },
];

function shapeError(name: string): OpMeta["errors"] {
  return [
    {
      inputs: [[3, 1], [3]],
      throws: new RegExp(`${name}\\(\\): the input is \\[3, 1\\], the target \\[3\\]; they must have the same shape`),
    },
    {
      inputs: [[3], [3]],
      args: [{ reduction: "average" }],
      throws: new RegExp(`${name}\\(\\): reduction must be "mean", "sum" or "none", got "average"`),
    },
  ];
}

interface LossDecl extends Partial<Pick<OpMeta, "samples">> {
  readonly name: string;
  /** The same among PyTorch's functions. */
  readonly torch: string;
}

/** A loss of elements: checked, computed, reduced. */
function loss<O extends LossOptions>(decl: LossDecl, formula: (x: Tensor, target: Tensor, options: O) => Tensor): Loss<O> {
  const { name } = decl;
  return composite(
    {
      name,
      tensors: [0, 1],
      torch: (options?: O) => `torch.nn.functional.${decl.torch}(x, y${keywords({ ...options })})`,
      samples: decl.samples ?? SAMPLES,
      errors: shapeError(name),
    },
    (x: Tensor, target: Tensor, options: O = {} as O) => {
      checkLoss(name, x, target, options.reduction ?? "mean");
      return reduceLoss(formula(x, target, options), options.reduction ?? "mean");
    },
  );
}

/** Squared error (x − target)². Unlike PyTorch, which broadcasts with a warning, it wants equal shapes. @throws ShapeError when they differ */
export const mseLoss: Loss = loss({ name: "mseLoss", torch: "mse_loss" }, (x, target) => square(sub(x, target)));

/** Absolute error |x − target|. @throws ShapeError when the shapes differ */
export const l1Loss: Loss = loss({ name: "l1Loss", torch: "l1_loss" }, (x, target) => abs(sub(x, target)));

export interface SmoothL1Options extends LossOptions {
  /** Below it the error counts squared. Default 1; 0 gives l1Loss. */
  beta?: number;
}

/** With d = |x − target|: d² / (2 beta) where d < beta, else d − beta / 2. @throws ShapeError when the shapes differ */
export const smoothL1Loss: Loss<SmoothL1Options> = loss(
  {
    name: "smoothL1Loss",
    torch: "smooth_l1_loss",
    samples: [...SAMPLES, { inputs: [[9], [9]], args: [{ beta: 0.5 }] }, { inputs: [[9], [9]], args: [{ beta: 0 }] }],
  },
  (x, target, { beta = 1 }) => {
    if (!(beta >= 0)) throw new ArgumentError(`smoothL1Loss(): beta must be 0 or more, got ${beta}`);
    const d = abs(sub(x, target));
    return beta === 0 ? d : where(lt(d, beta), mul(square(d), 0.5 / beta), sub(d, beta / 2));
  },
);

export interface HuberOptions extends LossOptions {
  /** Below it the error counts squared. Default 1. */
  delta?: number;
}

/** With d = |x − target|: d² / 2 where d < delta, else delta (d − delta / 2). @throws ShapeError when the shapes differ */
export const huberLoss: Loss<HuberOptions> = loss(
  { name: "huberLoss", torch: "huber_loss", samples: [...SAMPLES, { inputs: [[9], [9]], args: [{ delta: 0.5 }] }] },
  (x, target, { delta = 1 }) => {
    if (!(delta > 0)) throw new ArgumentError(`huberLoss(): delta must be above 0, got ${delta}`);
    const d = abs(sub(x, target));
    return where(lt(d, delta), mul(square(d), 0.5), mul(sub(d, delta / 2), delta));
  },
);

const PROBABILITY: InputSpec = { shape: [4, 5], low: 0.05, high: 0.95 };

/** target · max(ln x, −100) + (1 − target) · max(ln(1 − x), −100), negated. */
const bce: Op<(x: Tensor, target: Tensor) => Tensor> = op({
  name: "_binaryCrossEntropy",
  torch: "torch.nn.functional.binary_cross_entropy(x, y, reduction='none')",
  samples: [[PROBABILITY, PROBABILITY]],
  run: ([x, target]) =>
    temporary(() => {
      const [hit, miss] = [clamp(log(x!), { min: -100 }), clamp(log1p(neg(x!)), { min: -100 })];
      return sub(mul(sub(target!, 1), miss), mul(target!, hit));
    }),
  vjp: [
    // PyTorch's bound on the slope, rather than that of the clamped logarithm, which would be 0.
    needs([0, 1], (g, c) => div(mul(g, sub(c.input(0), c.input(1))), maximum(mul(c.input(0), sub(1, c.input(0))), 1e-12))),
    needs([0], (g, c) => mul(g, sub(log1p(neg(c.input(0))), log(c.input(0))))),
  ],
});

export interface BceOptions extends LossOptions {
  /** A factor for each element; broadcasts. */
  weight?: Tensor | null;
}

/**
 * −(target ln x + (1 − target) ln(1 − x)) of probabilities x, with logarithms of at least −100.
 *
 * @throws ArgumentError unless all of x is in 0..1; ShapeError when the shapes differ
 */
export const binaryCrossEntropy: Loss<BceOptions> = composite(
  {
    name: "binaryCrossEntropy",
    tensors: [0, 1],
    torch: (options?: BceOptions) => `torch.nn.functional.binary_cross_entropy(x, y${keywords({ reduction: options?.reduction })})`,
    arrange: ([x, target, weight], [options]) => [x, target, weight ? { weight } : options],
    samples: [
      { inputs: [PROBABILITY, PROBABILITY] },
      { inputs: [PROBABILITY, PROBABILITY], args: [{ reduction: "none" }] },
      {
        inputs: [PROBABILITY, PROBABILITY, { shape: [5], grad: false }],
        torch: "torch.nn.functional.binary_cross_entropy(x, y, weight=z)",
      },
      {
        inputs: [
          { shape: [4], values: [0, 0, 1, 1], grad: false },
          { shape: [4], values: [0, 1, 0, 1] },
        ],
        args: [{ reduction: "none" }],
      },
    ],
    errors: [
      {
        inputs: [{ shape: [2], values: [0.5, 1.5] }, [2]],
        throws: /binaryCrossEntropy\(\): all of the input must lie between 0 and 1, got 0.5 to 1.5/,
      },
      ...shapeError("binaryCrossEntropy")!,
    ],
  },
  (x: Tensor, target: Tensor, { weight = null, reduction = "mean" }: BceOptions = {}) => {
    checkLoss("binaryCrossEntropy", x, target, reduction);
    const [low, high] = x.numel === 0 ? [0, 0] : noGrad(() => [amin(x).item(), amax(x).item()]);
    if (!(low >= 0 && high <= 1)) {
      throw new ArgumentError(
        `binaryCrossEntropy(): all of the input must lie between 0 and 1, got ${low} to ${high}; for raw scores use binaryCrossEntropyWithLogits()`,
      );
    }
    const losses = bce(x, target);
    return reduceLoss(weight ? mul(losses, weight) : losses, reduction);
  },
);

export interface BceWithLogitsOptions extends BceOptions {
  /** A factor for the positive part, one per class; broadcasts. */
  posWeight?: Tensor | null;
}

/**
 * −(p target ln σ(x) + (1 − target) ln(1 − σ(x))) of raw scores x, with p = posWeight, without overflow.
 *
 * @throws ShapeError when the shapes differ
 */
export const binaryCrossEntropyWithLogits: Loss<BceWithLogitsOptions> = composite(
  {
    name: "binaryCrossEntropyWithLogits",
    tensors: [0, 1],
    torch: (options?: BceWithLogitsOptions) =>
      `torch.nn.functional.binary_cross_entropy_with_logits(x, y${keywords({ reduction: options?.reduction })})`,
    arrange: ([x, target, posWeight, weight], [options]) => [x, target, posWeight ? { posWeight, weight } : options],
    samples: [
      { inputs: [[4, 5], PROBABILITY] },
      { inputs: [[4, 5], PROBABILITY], args: [{ reduction: "none" }] },
      {
        inputs: [[4, 5], PROBABILITY, { shape: [5], grad: false }, { shape: [4, 1], grad: false }],
        torch: "torch.nn.functional.binary_cross_entropy_with_logits(x, y, pos_weight=z, weight=w)",
      },
      {
        inputs: [
          { shape: [4], values: [1000, -1000, 30, -30] },
          { shape: [4], values: [1, 0, 0.5, 1] },
        ],
        args: [{ reduction: "none" }],
      },
    ],
    errors: shapeError("binaryCrossEntropyWithLogits"),
  },
  (x: Tensor, target: Tensor, { weight = null, posWeight = null, reduction = "mean" }: BceWithLogitsOptions = {}) => {
    checkLoss("binaryCrossEntropyWithLogits", x, target, reduction);
    // ln(1 + e^−x), and −ln(1 − σ(x)) = x + ln(1 + e^−x)
    const rest = softplus(neg(x), { threshold: 40 });
    const share = posWeight ? add(mul(sub(posWeight, 1), target), 1) : null;
    const losses = add(mul(sub(1, target), x), share ? mul(share, rest) : rest);
    return reduceLoss(weight ? mul(losses, weight) : losses, reduction);
  },
);
