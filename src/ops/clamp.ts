import { ArgumentError } from "../runtime/errors.js";
import { type DType, promoteScalar } from "../core/dtype.js";
import { composite, inPlace, op } from "../core/op.js";
import { keywords } from "../core/python.js";
import { type Op, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { maximum, minimum } from "./binary.js";
import { type Operand, inDType } from "./families/binary.js";
import { type Slope, slope } from "./families/slope.js";
import { runUnary } from "./families/unary.js";

export interface ClampOptions {
  /** The lower bound: a number, or a tensor that broadcasts. */
  min?: Operand | null;
  /** The upper bound: a number, or a tensor that broadcasts. */
  max?: Operand | null;
}

interface Bounds {
  readonly dtype: DType;
  readonly min: number;
  readonly max: number;
}

const between: Op<(x: Tensor, min: number | null, max: number | null) => Tensor> = op({
  name: "_clamp",
  torch: (min: number | null, max: number | null) => `torch.clamp(x${keywords({ min: min ?? undefined, max: max ?? undefined })})`,
  samples: [{ inputs: [[19]], args: [-1, 1] }],
  acceptsOut: true,
  prepare(x: Tensor, min: number | null, max: number | null) {
    const bounds = [min, max].filter((bound) => bound !== null);
    const dtype = bounds.reduce((type, bound) => promoteScalar(type, bound), x.dtype);
    return { inputs: [x], args: { dtype, min: min ?? -Infinity, max: max ?? Infinity } satisfies Bounds };
  },
  run: ([x], { dtype, min, max }, _aux, target) =>
    runUnary({ name: "clamp", kernel: "clamp", scalars: [min, max], integers: "keep" }, inDType(x!, dtype), target),
  vjp: [needs([0], (g, c) => clampGrad(g, c.input(0), c.args.min, c.args.max))],
});

const clampGrad: Slope<[min: number, max: number]> = slope<[min: number, max: number]>({
  name: "_clampGrad",
  torch: (min: number, max: number) => `torch.where((y > ${min}) & (y < ${max}), x, 0)`,
  samples: [{ inputs: [[19], [19]], args: [-1, 1] }],
  kernel: "clamp_grad",
  vjp: [needs([1], (g, c) => clampGrad(g, c.input(1), ...c.args)), null],
});

/**
 * min(max(x, options.min), options.max), elementwise: `max` where min > max; NaN stays NaN. With bounds that are
 * numbers no gradient passes at a bound itself; with tensors it is shared, as in maximum().
 *
 * @throws ArgumentError without a bound
 */
export const clamp: Op<(x: Tensor, options: ClampOptions) => Tensor> = composite(
  {
    name: "clamp",
    torch: (options: ClampOptions) => `torch.clamp(x${keywords({ ...options })})`,
    samples: [
      ...[[7], [], [0], [4, 17]].map((shape) => ({ inputs: [shape], args: [{ min: -0.5, max: 1 }] })),
      { inputs: [[19]], args: [{ min: 0 }] },
      { inputs: [[19]], args: [{ max: 0.5 }] },
      { inputs: [[19]], args: [{ min: 1, max: -1 }] },
    ],
    elementwise: true,
    errors: [{ inputs: [[2]], args: [{}], throws: /clamp\(\): at least one of min and max must be given/ }],
  },
  (x: Tensor, { min = null, max = null }: ClampOptions) => {
    checkBounds("clamp", min, max);
    if (!(min instanceof Tensor) && !(max instanceof Tensor)) return between(x, min, max);
    const raised = min === null ? x : maximum(x, min);
    return max === null ? raised : minimum(raised, max);
  },
);

function checkBounds(name: string, min: Operand | null, max: Operand | null): void {
  if (min === null && max === null) throw new ArgumentError(`${name}(): at least one of min and max must be given`);
}

const between_ = inPlace(between);

/** clamp() in place, with bounds that are numbers. @throws ArgumentError without a bound */
export function clamp_(x: Tensor, { min = null, max = null }: { min?: number | null; max?: number | null }): Tensor {
  checkBounds("clamp_", min, max);
  return between_(x, min, max);
}
