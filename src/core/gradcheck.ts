import { ArgumentError, LanegradError } from "../runtime/errors.js";
import { materialize, upload } from "./copy.js";
import { grad } from "./engine.js";
import { temporary } from "./op.js";
import { show, sizeOf } from "./shape.js";
import { Tensor } from "./tensor.js";

/** A gradient formula disagrees with finite differences. */
export class GradcheckError extends LanegradError {
  override name = "GradcheckError";
}

export interface GradcheckOptions {
  /** Step of the finite differences. Default 1e-6. */
  eps?: number;
  /** Absolute tolerance. Default 1e-5. */
  atol?: number;
  /** Tolerance relative to the finite difference. Default 1e-3. */
  rtol?: number;
  /** Compare one random direction rather than every entry of the Jacobian: two calls in all. Default false. */
  fastMode?: boolean;
  /** Return false instead of throwing. Default: throw. */
  raiseException?: boolean;
}

/** Takes tensors, gives one or several. */
export type Differentiable = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

type Settings = Required<GradcheckOptions> & { readonly name: string };

/**
 * Compares the gradients of `fn` with central differences, `(f(x + eps) - f(x - eps)) / 2 eps`, in float64, as
 * `torch.autograd.gradcheck` does. `fn` must give the same result for the same inputs, and must not change them.
 *
 * @param inputs those that require grad are checked; they must be float64, for float32 is too coarse
 * @returns true when they agree
 * @throws GradcheckError naming the output, the input and both values of the first entry that differs
 * @throws ArgumentError when no input requires grad, or one that does is float32
 */
export function gradcheck(fn: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): boolean {
  return check(fn, inputs, { ...defaults(options), name: "gradcheck" });
}

/**
 * The same for second derivatives: checks the gradients of `(inputs, v) => grad(fn(inputs), inputs, v)` for a
 * random v, as `torch.autograd.gradgradcheck` does.
 *
 * @throws GradcheckError as gradcheck, where "output i" is the gradient of input i
 */
export function gradgradcheck(fn: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): boolean {
  checkInputs("gradgradcheck", inputs);
  const outputs = temporary(() => listOf(fn(...inputs)).map(({ shape, dtype, requiresGrad }) => ({ shape, dtype, requiresGrad })));
  const weights = outputs.filter((out) => out.requiresGrad).map((out, i) => leaf(directions(sizeOf(out.shape), 31 + i), out.shape, true));
  const first: Differentiable = (...all) => {
    const own = all.slice(0, inputs.length);
    const wanted = own.filter((x) => x.requiresGrad);
    const outs = listOf(fn(...own)).filter((out) => out.requiresGrad);
    const found = grad(outs, wanted, { gradOutputs: all.slice(inputs.length), createGraph: true, allowUnused: true });
    return found.filter((g): g is Tensor => g?.requiresGrad === true); // the others are constant
  };
  const all = [...inputs, ...weights];
  try {
    return check(first, all, { ...defaults(options), name: "gradgradcheck" });
  } finally {
    weights.forEach((weight) => weight.dispose());
  }
}

function defaults({
  eps = 1e-6,
  atol = 1e-5,
  rtol = 1e-3,
  fastMode = false,
  raiseException = true,
}: GradcheckOptions): Required<GradcheckOptions> {
  return { eps, atol, rtol, fastMode, raiseException };
}

function checkInputs(name: string, inputs: readonly Tensor[]): void {
  if (!inputs.some((x) => x.requiresGrad))
    throw new ArgumentError(`${name}(): no input requires grad, so there is nothing to check; set requiresGrad`);
  inputs.forEach((x, i) => {
    if (x.requiresGrad && x.dtype !== "float64") {
      throw new ArgumentError(`${name}(): input ${i} is ${x.dtype}, too coarse for finite differences; make it float64`);
    }
  });
}

function check(fn: Differentiable, inputs: readonly Tensor[], settings: Settings): boolean {
  checkInputs(settings.name, inputs);
  try {
    (settings.fastMode ? compareDirection : compareJacobian)(fn, inputs, settings);
    return true;
  } catch (error) {
    if (!settings.raiseException && error instanceof GradcheckError) return false;
    throw error;
  }
}

/** Every d(output element)/d(input element): a row by backward, a column by finite differences. */
function compareJacobian(fn: Differentiable, inputs: readonly Tensor[], settings: Settings): void {
  const exact = analytical(fn, inputs);
  inputs.forEach((x, i) => {
    if (!x.requiresGrad) return;
    for (let k = 0; k < x.numel; k++) {
      const unit = new Float64Array(x.numel);
      unit[k] = 1;
      const slopes = numerical(fn, inputs, (j) => (j === i ? unit : null), settings.eps);
      slopes.forEach((slope, o) => {
        slope.forEach((expected, e) => {
          const got = exact[o]?.[e]?.[i]?.[k] ?? 0;
          compare(settings, got, expected, `output ${o}, element ${e}, by input ${i}, element ${k}`);
        });
      });
    }
  });
}

/** `[output][element of it][input]`: the gradient, null where there is none. */
function analytical(fn: Differentiable, inputs: readonly Tensor[]): (Float64Array | null)[][][] {
  return temporary(() => {
    const outputs = listOf(fn(...inputs));
    return outputs.map((out) =>
      Array.from({ length: out.requiresGrad ? out.numel : 0 }, (_, e) => {
        const one = new Float64Array(out.numel);
        one[e] = 1;
        return gradients(out, inputs, one, true);
      }),
    );
  });
}

/** d(direction of the outputs)/d(direction of the inputs), both directions random. */
function compareDirection(fn: Differentiable, inputs: readonly Tensor[], settings: Settings): void {
  const along = inputs.map((x, i) => (x.requiresGrad ? directions(x.numel, 7 + i) : null));
  const slopes = numerical(fn, inputs, (i) => along[i]!, settings.eps);
  const exact = temporary(() =>
    listOf(fn(...inputs)).map((out, o) => {
      if (!out.requiresGrad) return 0;
      const found = gradients(out, inputs, directions(out.numel, 101 + o), true);
      return found.reduce((sum, g, i) => sum + (g ? dot(g, along[i]!) : 0), 0);
    }),
  );
  slopes.forEach((slope, o) => {
    const expected = dot(slope, directions(slope.length, 101 + o));
    compare(settings, exact[o]!, expected, `output ${o} along a random direction (fastMode: false says which element)`);
  });
}

function gradients(out: Tensor, inputs: readonly Tensor[], weights: Float64Array, retainGraph: boolean): (Float64Array | null)[] {
  const weight = leaf(weights, out.shape, false);
  const wanted = inputs.filter((x) => x.requiresGrad);
  const found = grad([out], wanted, { gradOutputs: [weight], retainGraph, allowUnused: true });
  let next = 0;
  return inputs.map((x) => {
    const g = x.requiresGrad ? found[next++]! : null;
    return g && numbers(g);
  });
}

/** Central differences of every output, along one direction. */
function numerical(
  fn: Differentiable,
  inputs: readonly Tensor[],
  along: (input: number) => Float64Array | null,
  eps: number,
): Float64Array[] {
  const at = (step: number): Float64Array[] =>
    temporary(() => {
      const moved = inputs.map((x, i) => {
        const direction = x.requiresGrad ? along(i) : null;
        return direction
          ? leaf(
              numbers(x).map((value, k) => value + step * direction[k]!),
              x.shape,
              true,
            )
          : x;
      });
      return listOf(fn(...moved)).map(numbers);
    });
  const [up, down] = [at(eps), at(-eps)];
  // Equal values may be infinite: a masked fill.
  return up.map((values, o) => values.map((value, e) => (value === down[o]![e] ? 0 : (value - down[o]![e]!) / (2 * eps))));
}

function compare({ name, atol, rtol }: Settings, got: number, expected: number, where: string): void {
  if (Math.abs(got - expected) <= atol + rtol * Math.abs(expected)) return;
  throw new GradcheckError(`${name}(): ${where}: the gradient formula gives ${got}, finite differences ${expected}`);
}

function listOf(result: Tensor | readonly Tensor[]): readonly Tensor[] {
  return result instanceof Tensor ? [result] : result;
}

function leaf(values: Float64Array, shape: readonly number[], requiresGrad: boolean): Tensor {
  const x = upload(values, shape, "float64", "gradcheck");
  x.requiresGrad = requiresGrad;
  return x;
}

/** The elements as doubles. */
function numbers(x: Tensor): Float64Array {
  if (x.dtype !== "float64")
    throw new ArgumentError(`gradcheck(): the function gave ${x.dtype} of ${show(x.shape)}; from float64 it should give float64`);
  const source = materialize(x);
  const { bytes } = source.storage;
  const from = bytes.byteOffset + source.offset * 8;
  const copy = new Float64Array(bytes.buffer as ArrayBuffer, from, x.numel).slice();
  if (source !== x) source.dispose();
  return copy;
}

/** Fixed numbers in 0.5..1.5, so that no element drops out of a sum. */
function directions(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => 0.5 + (((((i + 1) * seed * 0.6180339887498949) % 1) + 1) % 1));
}

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0);
}
