import { launch } from "../runtime/backend.js";
import { DTypeError } from "../runtime/errors.js";
import { contiguousInput } from "../core/copy.js";
import { dtypeInfo, isFloat } from "../core/dtype.js";
import { composite, op, temporary } from "../core/op.js";
import { keywords, python } from "../core/python.js";
import { sameShape } from "../core/shape.js";
import { type Op, type OpMeta, needs } from "../core/spec.js";
import { Tensor } from "../core/tensor.js";
import { add, div, mul, sub } from "./binary.js";
import { lt } from "./compare.js";
import { copy_ } from "./indexing.js";
import { abs } from "./unary.js";
import { where } from "./where.js";
import type { Operand } from "./families/binary.js";

type Lerp = (start: Tensor, end: Tensor, weight: Operand) => Tensor;

/**
 * start + weight · (end - start), elementwise with broadcasting; exact at weights 0 and 1.
 *
 * @throws DTypeError unless start and end have one floating point dtype
 */
export const lerp: Op<Lerp> = composite(
  {
    name: "lerp",
    torch: (weight: unknown) => `torch.lerp(x, y, ${python(weight)})`,
    samples: [
      { inputs: [[7], [7]], args: [0.25] },
      { inputs: [[4, 17], [17]], args: [0.9] },
      { inputs: [[7], [7], { shape: [7], low: 0, high: 1 }], torch: "torch.lerp(x, y, z)" },
      { inputs: [[3, 1], [5], { shape: [3, 5], low: 0, high: 1 }], torch: "torch.lerp(x, y, z)" },
    ],
    errors: [
      {
        inputs: [{ shape: [2], dtype: "int32" }, [2]],
        args: [0.5],
        throws: /lerp\(\): start and end must have one floating point dtype, got int32 and float32/,
      },
    ],
  },
  (start: Tensor, end: Tensor, weight: Operand) => {
    if (start.dtype !== end.dtype || !isFloat(start.dtype)) {
      throw new DTypeError(`lerp(): start and end must have one floating point dtype, got ${start.dtype} and ${end.dtype}`);
    }
    const span = sub(end, start);
    const fromStart = () => add(start, mul(span, weight));
    const fromEnd = () => sub(end, mul(span, sub(1, weight)));
    if (weight instanceof Tensor) return where(lt(abs(weight), 0.5), fromStart(), fromEnd());
    return Math.abs(weight) < 0.5 ? fromStart() : sub(end, mul(span, 1 - weight));
  },
);

/** start += weight · (end - start), in place: a moving average. */
export const lerp_: Lerp = (start, end, weight) => becomes(start, () => lerp(start, end, weight));

export interface ValueOptions {
  /** What the product or quotient is multiplied by. Default 1. */
  value?: number;
}
type AddC = (x: Tensor, y: Tensor, z: Tensor, options?: ValueOptions) => Tensor;

function addSamples(low: number): OpMeta["samples"] {
  const z = (...shape: number[]) => ({ shape, low, high: 3 });
  return [
    [[7], [7], z(7)],
    [[], [], z()],
    { inputs: [[4, 17], [17], z(4, 1)], args: [{ value: -0.5 }] },
    { inputs: [[5], [3, 5], z(5)], args: [{ value: 2 }] },
  ];
}

/** x + value · y · z of one shape and float dtype, in one pass over memory. */
const addProduct: Op<(x: Tensor, y: Tensor, z: Tensor, value: number) => Tensor> = op({
  name: "_addProduct",
  torch: (value: number) => `torch.addcmul(x, y, z, value=${value})`,
  samples: [
    { inputs: [[7], [7], [7]], args: [1] },
    {
      inputs: [
        [4, 17],
        [4, 17],
        [4, 17],
      ],
      args: [-0.5],
    },
    { inputs: [[0], [0], [0]], args: [2] },
  ],
  prepare: (x: Tensor, y: Tensor, z: Tensor, value: number) => ({ inputs: [x, y, z], args: value }),
  run(inputs, value) {
    const [x, y, z] = inputs.map(contiguousInput) as [Tensor, Tensor, Tensor];
    const out = Tensor.empty(x.shape, x.dtype, "addcmul");
    launch(`addcmul_${dtypeInfo(x.dtype).kernel as "f32" | "f64"}`, [out.ptr, x.ptr, y.ptr, z.ptr, value], out.numel, 2);
    return out;
  },
  define: ([x, y, z], value) => add(x!, mul(y!, z!), { alpha: value }),
  vjp: [
    (g) => g,
    needs([2], (g, c) => mul(g, c.args === 1 ? c.input(2) : mul(c.input(2), c.args))),
    needs([1], (g, c) => mul(g, c.args === 1 ? c.input(1) : mul(c.input(1), c.args))),
  ],
});

/** x + value · y · z, elementwise with broadcasting. */
export const addcmul: Op<AddC> = composite(
  {
    name: "addcmul",
    tensors: [0, 1, 2],
    torch: (options?: ValueOptions) => `torch.addcmul(x, y, z${keywords({ ...options })})`,
    samples: addSamples(-2),
  },
  (x: Tensor, y: Tensor, z: Tensor, { value = 1 }: ValueOptions = {}) => {
    if ([x, y, z].every((operand) => operand.dtype === "bool"))
      throw new DTypeError('addcmul(): expected numbers, got bools; convert with .to("int32")');
    const alike = [y, z].every((part) => part.dtype === x.dtype && sameShape(part.shape, x.shape));
    return alike && isFloat(x.dtype) ? addProduct(x, y, z, value) : add(x, mul(y, z), { alpha: value });
  },
);

/** x += value · y · z, in place. */
export const addcmul_: AddC = (x, y, z, options) => becomes(x, () => addcmul(x, y, z, options));

/** x + value · y / z, elementwise with broadcasting. @throws DTypeError when y and z are both integers */
export const addcdiv: Op<AddC> = composite(
  {
    name: "addcdiv",
    tensors: [0, 1, 2],
    torch: (options?: ValueOptions) => `torch.addcdiv(x, y, z${keywords({ ...options })})`,
    samples: addSamples(0.3),
    errors: [
      {
        inputs: [[2], { shape: [2], dtype: "int32" }, { shape: [2], dtype: "int32" }],
        throws: /addcdiv\(\): y and z must not both be integers/,
      },
    ],
  },
  (x: Tensor, y: Tensor, z: Tensor, { value = 1 }: ValueOptions = {}) => {
    if (!isFloat(y.dtype) && !isFloat(z.dtype))
      throw new DTypeError(`addcdiv(): y and z must not both be integers, got ${y.dtype} and ${z.dtype}; convert one with .to("float32")`);
    return add(x, div(y, z), { alpha: value });
  },
);

/** x += value · y / z, in place. */
export const addcdiv_: AddC = (x, y, z, options) => becomes(x, () => addcdiv(x, y, z, options));

/** x takes the values, and the place in the graph, of what `fn` makes. */
function becomes(x: Tensor, fn: () => Tensor): Tensor {
  return temporary(() => copy_(x, fn()));
}
