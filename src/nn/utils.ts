import { ArgumentError, ShapeError } from "../runtime/errors.js";
import { copyInto } from "../core/copy.js";
import { noGrad } from "../core/grad-mode.js";
import { temporary } from "../core/op.js";
import { Tensor } from "../core/tensor.js";
import { item } from "../ops/access.js";
import { mul_ } from "../ops/binary.js";
import { clamp_ } from "../ops/clamp.js";
import { detach } from "../ops/convert.js";
import { tensor } from "../ops/creation.js";
import { cat } from "../ops/join.js";
import { narrow } from "../ops/slice.js";
import { norm } from "../ops/statistics.js";
import { reshape } from "../ops/view.js";

/*
 * torch.nn.utils
 */

export * as rnn from "./packed-sequence.js";

type Parameters = Tensor | Iterable<Tensor>;

function gradsOf(parameters: Parameters): Tensor[] {
  const list = parameters instanceof Tensor ? [parameters] : [...parameters];
  return list.map((p) => p.ownGrad).filter((grad): grad is Tensor => grad !== null);
}

/**
 * Scales all gradients by one factor so that their norm, taken together, is at most `maxNorm`. Returns the norm
 * that they had.
 *
 * @param options `normType`: p of the norm, default 2, Infinity for the largest; `errorIfNonfinite`: default false
 * @throws ArgumentError when `maxNorm` is negative, or the norm is not finite and `errorIfNonfinite` is set
 */
export function clipGradNorm_(
  parameters: Parameters,
  maxNorm: number,
  options: { normType?: number; errorIfNonfinite?: boolean } = {},
): Tensor {
  const { normType: p = 2, errorIfNonfinite = false } = options;
  if (!(maxNorm >= 0)) throw new ArgumentError(`clipGradNorm_(): maxNorm must be a number from 0 on, got ${maxNorm}`);
  if (!(p > 0)) throw new ArgumentError(`clipGradNorm_(): normType must be above 0, got ${p}`);
  const grads = gradsOf(parameters);
  const norms = noGrad(() => grads.map((grad) => temporary(() => item(norm(grad, p)))));
  const total = p === Infinity ? Math.max(0, ...norms) : norms.reduce((sum, value) => sum + value ** p, 0) ** (1 / p);
  if (errorIfNonfinite && !Number.isFinite(total))
    throw new ArgumentError(`clipGradNorm_(): the norm of the gradients is ${total}, so they cannot be clipped`);
  const factor = Math.min(1, maxNorm / (total + 1e-6));
  if (factor !== 1) noGrad(() => grads.forEach((grad) => mul_(grad, factor)));
  return tensor(total);
}

/** Cuts every element of the gradients to −`clipValue` … `clipValue`. @throws ArgumentError when it is negative */
export function clipGradValue_(parameters: Parameters, clipValue: number): void {
  if (!(clipValue >= 0)) throw new ArgumentError(`clipGradValue_(): clipValue must be a number from 0 on, got ${clipValue}`);
  noGrad(() => gradsOf(parameters).forEach((grad) => clamp_(grad, { min: -clipValue, max: clipValue })));
}

/** All parameters, one after the other, as one vector. Gradients flow through it. */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  return temporary(() => cat([...parameters].map((p) => reshape(p, [-1]))));
}

/** Copies a vector, as `parametersToVector` gives it, back into the parameters. @throws ShapeError when the sizes differ */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  const list = [...parameters];
  const total = list.reduce((sum, p) => sum + p.numel, 0);
  if (vector.ndim !== 1 || vector.numel !== total)
    throw new ShapeError(`vectorToParameters(): the parameters have ${total} elements, the vector has shape [${vector.shape.join(", ")}]`);
  const values = detach(vector);
  let start = 0;
  for (const p of list) {
    const part = narrow(values, 0, start, p.numel);
    temporary(() => copyInto(p, reshape(part, p.shape)));
    p.storage.version++;
    start += p.numel;
  }
}
