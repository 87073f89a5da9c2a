import { ArgumentError, DTypeError, ShapeError } from "../runtime/errors.js";
import { upload } from "../core/copy.js";
import { getDefaultDType, isFloat } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { div, sub } from "../ops/binary.js";
import { to } from "../ops/convert.js";
import { contiguous, permute, unsqueeze } from "../ops/view.js";

/**
 * What a dataset does to each sample: a function, or anything with a `forward`. One that has `batched` too, which
 * does the same to a stack of samples at once, keeps loaders fast.
 */
export type Transform = ((x: Tensor) => Tensor) | TransformObject;

export interface TransformObject {
  forward(x: Tensor): Tensor;
  batched?(x: Tensor): Tensor;
}

/** The transform of one sample. */
export function transformed(transform: Transform | undefined, x: Tensor): Tensor {
  if (!transform) return x;
  return typeof transform === "function" ? transform(x) : transform.forward(x);
}

/** The transform of a stack of samples; null when it has no way to do them at once. */
export function transformedBatch(transform: Transform | undefined, x: Tensor): Tensor | null {
  if (!transform) return x;
  return typeof transform === "function" ? null : (transform.batched?.(x) ?? null);
}

function canBatch(transform: Transform): transform is Required<TransformObject> {
  return typeof transform !== "function" && typeof transform.batched === "function";
}

/** Transforms one after the other. */
export class Compose implements TransformObject {
  readonly batched?: (x: Tensor) => Tensor;

  constructor(readonly transforms: readonly Transform[]) {
    if (transforms.every(canBatch)) this.batched = (x) => tidily(this, () => transforms.reduce((y, transform) => transform.batched(y), x));
  }

  forward(x: Tensor): Tensor {
    return tidily(this, () => this.transforms.reduce((y, transform) => transformed(transform, y), x));
  }
}

/** Frees what `fn` makes on the way, if only transforms of this file run in it: another's may want to keep something. */
export function tidily<R>(transform: Transform | undefined, fn: () => R): R {
  return isOurs(transform) ? temporary(fn) : fn();
}

function isOurs(transform: Transform | undefined): boolean {
  if (transform instanceof Compose) return transform.transforms.every(isOurs);
  return transform === undefined || transform instanceof ToTensor || transform instanceof Normalize;
}

/**
 * An image `[H, W]` or `[H, W, C]` as `[C, H, W]`; uint8 also as float32 in 0..1, other dtypes keep their values.
 *
 * @throws ShapeError when it has another number of dims
 */
export class ToTensor implements TransformObject {
  forward(image: Tensor): Tensor {
    if (image.ndim !== 2 && image.ndim !== 3)
      throw new ShapeError(`ToTensor(): expected an image [H, W] or [H, W, C], got ${show(image.shape)}`);
    return temporary(() => scaled(image.ndim === 2 ? unsqueeze(image, 0) : permute(image, [2, 0, 1])));
  }

  batched(images: Tensor): Tensor {
    if (images.ndim !== 3 && images.ndim !== 4)
      throw new ShapeError(`ToTensor(): expected images [N, H, W] or [N, H, W, C], got ${show(images.shape)}`);
    return temporary(() => scaled(images.ndim === 3 ? unsqueeze(images, 1) : permute(images, [0, 3, 1, 2])));
  }
}

function scaled(x: Tensor): Tensor {
  const ordered = contiguous(x);
  return x.dtype === "uint8" ? div(to(ordered, getDefaultDType()), 255) : ordered;
}

/**
 * (x - mean) / std per channel of a float image `[…, C, H, W]`.
 *
 * @param mean one number per channel, or one for all
 * @throws ArgumentError when a std is 0
 * @throws ShapeError when the channels do not fit
 * @throws DTypeError for an integer image: put ToTensor before
 */
export class Normalize implements TransformObject {
  constructor(
    readonly mean: readonly number[],
    readonly std: readonly number[],
  ) {
    if (std.some((value) => Math.fround(value) === 0))
      throw new ArgumentError(`Normalize(): std ${show(std)} has a 0, by which nothing can be divided`);
  }

  forward(image: Tensor): Tensor {
    const { mean, std } = this;
    if (!isFloat(image.dtype)) throw new DTypeError(`Normalize(): expected a float image, got ${image.dtype}; put ToTensor before`);
    const channels = image.shape.at(-3);
    for (const list of [mean, std]) {
      if (channels === undefined || (list.length !== 1 && list.length !== channels)) {
        throw new ShapeError(
          `Normalize(): an image ${show(image.shape)} does not fit mean ${show(mean)} and std ${show(std)}; expected [C, H, W], and one number or C`,
        );
      }
    }
    const column = (list: readonly number[]): Tensor => upload(list, [list.length, 1, 1], image.dtype, "Normalize");
    return temporary(() => div(sub(image, column(mean)), column(std)));
  }

  batched(images: Tensor): Tensor {
    return this.forward(images);
  }
}

/** A function as a transform. `batched`, if given, must do the same to a stack of samples. */
export class Lambda implements TransformObject {
  readonly batched?: (x: Tensor) => Tensor;

  constructor(
    readonly fn: (x: Tensor) => Tensor,
    options: { batched?: (x: Tensor) => Tensor } = {},
  ) {
    if (options.batched) this.batched = options.batched;
  }

  forward(x: Tensor): Tensor {
    return this.fn(x);
  }
}
