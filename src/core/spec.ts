import type { DType } from "./dtype.js";
import type { Shape } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** A tensor that a test makes: a shape of floats drawn from the op's domain, or more exactly said. */
export type InputSpec =
  | readonly number[]
  | {
      readonly shape: readonly number[];
      readonly dtype?: DType;
      /** Values are drawn from `low..high` (integers: high excluded). */
      readonly low?: number;
      readonly high?: number;
      /** Exact values instead. */
      readonly values?: readonly number[];
      /** False: never asked for a gradient. */
      readonly grad?: false;
    };

/** One call that tests make: the inputs, then the other arguments. */
export interface Sample {
  readonly inputs: readonly InputSpec[];
  readonly args?: readonly unknown[];
  /** The PyTorch expression of this call, where the op's own does not say it. */
  readonly torch?: string;
  /** False: the gradient is not the derivative, on purpose (a padding row gets none). */
  readonly finiteDifferences?: false;
}

/** A call that must be refused. */
export interface ErrorCase {
  readonly inputs: readonly InputSpec[];
  readonly args?: readonly unknown[];
  readonly throws: RegExp;
}

/** What a gradient formula may look at. It says in `needs` which tensors it wants held for it. */
export interface Ctx<A = unknown> {
  readonly args: A;
  /** Shape and dtype of each input. */
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
  /** Which inputs want a gradient. */
  readonly wants: readonly boolean[];
  input(i: number): Tensor;
  output(i?: number): Tensor;
  /** What `run` put aside. */
  aux(i: number): Tensor;
  /** Whether nobody else waits for `g`, so that a formula which reads it once may put its result there. */
  isSpare(g: Tensor): boolean;
  /** The gradients of all outputs: null for one that none came to. */
  readonly grads: readonly (Tensor | null)[];
}

/** d(loss)/d(input), given `g` = d(loss)/d(output), in tensor ops: so it can be differentiated again. */
export interface Vjp<A = unknown> {
  (g: Tensor, c: Ctx<A>): Tensor | null;
  needs?: readonly Need[];
}

/** The number of an input, or "out". */
export type Need = number | "out";

/** A gradient formula that reads the named inputs or the output. One that reads none is a plain function. */
export function needs<A>(what: readonly Need[], formula: (g: Tensor, c: Ctx<A>) => Tensor | null): Vjp<A> {
  return Object.assign((g: Tensor, c: Ctx<A>) => formula(g, c), { needs: what });
}

/** What tests and docs alone read of a declaration. dist/ is made without it: see scripts/setup/tests-out.mjs. */
export interface OpTests {
  /**
   * The same in PyTorch, as a Python expression over x, y, z, w (the inputs); a function of the other
   * arguments where they matter.
   */
  readonly torch: string | ((...args: never[]) => string);
  readonly samples: readonly (readonly InputSpec[] | Sample)[];
  readonly errors?: readonly ErrorCase[];
  /** Where inputs are drawn from: [low, high]. Default [-2, 2]. */
  readonly domain?: readonly [number, number];
  /** Largest error against PyTorch, relative to max(1, |value|). Default 1e-6 (float32), 1e-12 (float64). */
  readonly tolerance?: { readonly float32?: number; readonly float64?: number };
  /** Dtypes that inputs of a test may have beside float32. Default: float64 for differentiable ops. */
  readonly dtypes?: readonly DType[];
  /**
   * The parameters of a call from a sample's inputs and other arguments, where they are not simply inputs first:
   * `(inputs, args) => [x, dim, index]`, or tensors among the options.
   */
  readonly arrange?: (inputs: readonly Tensor[], args: readonly unknown[]) => unknown[];
  /**
   * Element by element, defined for every float: tests also put NaN, ±Infinity and ±0 through it and through PyTorch.
   * Families set it.
   */
  readonly elementwise?: true;
  /** What it gives or accepts depends on the strides of its inputs, so tests leave them plain. */
  readonly plainInputs?: true;
  /** One tensor that stands for a result of several, as `torch` computes it; gets the result and the arguments. */
  readonly check?: (result: Tensor[], args: readonly unknown[]) => Tensor;
  /** Random draws: not compared with PyTorch by value in the generic test. */
  readonly random?: true;
}

interface OpHead {
  /** The public name: PyTorch's in camelCase. */
  readonly name: string;
  /** Which parameters are tensors, where they are there at all. Default the first. What else came is told when it fails. */
  readonly tensors?: readonly number[];
  /** The inputs are passed as one list. */
  readonly listInput?: true;
}

/** What a declaration says beside how to compute it. */
export interface OpMeta extends OpHead, OpTests {}

export interface Prepared<A> {
  readonly inputs: readonly Tensor[];
  readonly args: A;
}

export interface OpSpec<P extends unknown[] = unknown[], A = unknown, R = unknown> extends OpHead {
  /**
   * The front desk: checks everything and throws before anything is allocated, promotes dtypes, fills defaults.
   * Left out, all parameters are tensors, and there is nothing to check.
   */
  readonly prepare?: (...params: P) => Prepared<A>;
  /**
   * Computes, trusting its inputs: allocate, take addresses, launch. What it pushes to `aux` is held for backward.
   * `out`, if given, is where to put the result (in-place ops; only with `acceptsOut`).
   */
  readonly run: (inputs: readonly Tensor[], args: A, aux: Tensor[], out?: Tensor) => R;
  /** `run` can write into a given contiguous tensor of the right shape and dtype, even one of its inputs. */
  readonly acceptsOut?: boolean;
  /** The output looks into the memory of input 0. */
  readonly view?: boolean;
  /** One formula per input; null: no gradient flows there. A missing entry is a type error in the families. */
  readonly vjp?: readonly (Vjp<A> | null)[];
  /** All gradients at once, where one kernel gives them together. Reads `needs`. */
  readonly vjpAll?: { readonly needs: readonly Need[]; readonly run: (c: Ctx<A>) => (Tensor | null)[] };
  /** The meaning of a fused op in plain ops: test oracle, and the gradient of the gradient. */
  readonly define?: (inputs: readonly Tensor[], args: A) => Tensor | Tensor[];
  readonly kind: "primitive" | "composite" | "fused";
}

/** A whole declaration, as tests read it. */
export type DeclaredSpec = OpSpec & OpTests;

/** A public op: a function, with its declaration. */
export type Op<F> = F & { readonly spec: OpSpec };
