import { ArgumentError, ShapeError } from "../../runtime/errors.js";
import { sameShape, show } from "../../core/shape.js";
import type { Tensor } from "../../core/tensor.js";
import { mean, sum } from "../reduce.js";

/** What becomes of the losses of the elements: their mean (default), their sum, or nothing. */
export type LossReduction = "mean" | "sum" | "none";

export interface LossOptions {
  reduction?: LossReduction;
}

/** @throws ArgumentError for an unknown reduction */
export function checkReduction(name: string, reduction: LossReduction): void {
  if (!["mean", "sum", "none"].includes(reduction))
    throw new ArgumentError(`${name}(): reduction must be "mean", "sum" or "none", got ${JSON.stringify(reduction)}`);
}

/**
 * Before the losses are computed. PyTorch only warns when shapes differ, and broadcasts: `[n, 1]` against `[n]`
 * then gives n² losses, a mistake that trains badly without a word.
 *
 * @throws ShapeError when the shapes differ, ArgumentError for an unknown reduction
 */
export function checkLoss(name: string, x: Tensor, target: Tensor, reduction: LossReduction): void {
  checkReduction(name, reduction);
  if (sameShape(x.shape, target.shape)) return;
  const hint = x.numel === target.numel ? "; reshape() one of them, squeeze() for a last dim of 1" : "";
  throw new ShapeError(`${name}(): the input is ${show(x.shape)}, the target ${show(target.shape)}; they must have the same shape${hint}`);
}

export function reduceLoss(losses: Tensor, reduction: LossReduction): Tensor {
  return reduction === "mean" ? mean(losses) : reduction === "sum" ? sum(losses) : losses;
}
