import { ArgumentError } from "../runtime/errors.js";
import { isFloat } from "../core/dtype.js";
import { inPlace, op } from "../core/op.js";
import { needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { mul, sub } from "./binary.js";
import { eq, ge, logicalAnd } from "./compare.js";
import { to } from "./convert.js";
import { zerosLike } from "./creation.js";
import {
  BINARY_SAMPLES,
  type Binary,
  type BinaryArgs,
  type BinaryInPlace,
  type Operand,
  inDType,
  prepareBinary,
  refuseBools,
  runBinary,
} from "./families/binary.js";
import { runUnary } from "./families/unary.js";
import { log } from "./unary.js";
import { where } from "./where.js";

interface PowArgs extends BinaryArgs {
  /** The exponent, if it is a number. */
  readonly exponent: number | null;
}

/** Exponents with a kernel of their own, for floats. As in PyTorch: (-Infinity) ** 0.5 is NaN, not Infinity. */
const SHORT: Readonly<Record<string, string>> = { 2: "square", 3: "cube", 0.5: "sqrt", [-0.5]: "rsqrt", [-1]: "reciprocal" };

/**
 * x ** y, elementwise with broadcasting; either may be a number. 1 where y is 0; NaN where x is negative and y not
 * whole. Integers wrap around.
 *
 * @throws ArgumentError for integers to a negative number
 */
export const pow: Binary = op({
  name: "pow",
  torch: "torch.pow(x, y)",
  samples: [...BINARY_SAMPLES, ...[2, 3, 0.5, -0.5, -1, -2, 0, 1, 1.7].map((n) => ({ inputs: [[19]], args: [n], torch: `x ** ${n}` }))],
  domain: [0.2, 2.5],
  elementwise: true,
  acceptsOut: true,
  errors: [{ inputs: [{ shape: [2], dtype: "int32" }], args: [-1], throws: /pow\(\): integers cannot be raised to the negative power -1/ }],
  prepare(x: Operand, y: Operand) {
    const exponent = typeof y === "number" ? y : null;
    if (exponent !== null && exponent < 0 && Number.isInteger(exponent) && x instanceof Tensor && !isFloat(x.dtype)) {
      throw new ArgumentError(`pow(): integers cannot be raised to the negative power ${exponent}; convert the base with .to("float32")`);
    }
    const { inputs, args } = prepareBinary("pow", x, y);
    refuseBools("pow", args.dtype);
    return { inputs, args: { ...args, exponent } satisfies PowArgs };
  },
  run([x, y], args, _aux, target) {
    const short = args.exponent !== null && isFloat(args.dtype) ? SHORT[args.exponent] : undefined;
    if (short) return runUnary({ name: "pow", kernel: short }, inDType(x!, args.dtype), target);
    return runBinary({ name: "pow", kernel: "pow", result: args.dtype, cost: 60 }, x!, y!, args, target);
  },
  vjp: [
    needs([0, 1], (g, c) => {
      const { exponent } = c.args as PowArgs;
      const x = c.input(0);
      if (exponent !== null) return exponent === 0 ? zerosLike(g) : mul(g, mul(pow(x, exponent - 1), exponent));
      const y = c.input(1);
      return where(eq(y, 0), 0, mul(g, mul(y, pow(x, sub(y, 1)))));
    }),
    needs([0, 1, "out"], (g, c) => {
      const x = to(c.input(0), c.args.dtype);
      // 0 ** y is flat for y ≥ 0, where the formula has 0 · -Infinity.
      const flat = logicalAnd(eq(x, 0), ge(c.input(1), 0));
      return where(flat, 0, mul(g, mul(c.output(), log(x))));
    }),
  ],
});
/** x **= y, in place. */
export const pow_: BinaryInPlace = inPlace(pow);
