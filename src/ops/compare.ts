import { composite } from "../core/op.js";
import type { Op, OpMeta } from "../core/spec.js";
import type { Tensor } from "../core/tensor.js";
import { to } from "./convert.js";
import { type Binary, BINARY_SAMPLES, binary } from "./families/binary.js";
import { ELEMENTWISE_SAMPLES, type Unary, unary } from "./families/unary.js";

/** A comparison: a bool tensor, and no gradient. */
function comparison(decl: Pick<OpMeta, "name" | "torch">): Binary {
  return binary({ ...decl, kernel: decl.name, result: "bool", vjp: [null, null] });
}

/** x == y, elementwise with broadcasting, as a bool tensor. NaN equals nothing. */
export const eq: Binary = comparison({ name: "eq", torch: "x == y" });

/** x != y, elementwise with broadcasting, as a bool tensor. True where either is NaN. */
export const ne: Binary = comparison({ name: "ne", torch: "x != y" });

/** x < y, elementwise with broadcasting, as a bool tensor. */
export const lt: Binary = comparison({ name: "lt", torch: "x < y" });

/** x <= y, elementwise with broadcasting, as a bool tensor. */
export const le: Binary = comparison({ name: "le", torch: "x <= y" });

/** x > y, elementwise with broadcasting, as a bool tensor. */
export const gt: Binary = comparison({ name: "gt", torch: "x > y" });

/** x >= y, elementwise with broadcasting, as a bool tensor. */
export const ge: Binary = comparison({ name: "ge", torch: "x >= y" });

const bools = (...shape: number[]) => ({ shape, dtype: "bool" }) as const;
const BOOL_SAMPLES = [
  [bools(19), bools(19)],
  [bools(3, 1), bools(5)],
  [bools(), bools(4)],
];

type Logical = Op<(x: Tensor, y: Tensor) => Tensor>;

/** A logical op. Numbers count as true unless they are 0. */
function logical(name: string, kernel: string): Logical {
  const meta: Pick<OpMeta, "torch"> = { torch: `torch.${kernel}(x, y)` };
  const ofBools = binary({ ...meta, name: `_${name}`, kernel, result: "bool", samples: BOOL_SAMPLES, vjp: [null, null] });
  return composite({ ...meta, name, samples: BINARY_SAMPLES, elementwise: true }, (x: Tensor, y: Tensor) =>
    ofBools(to(x, "bool"), to(y, "bool")),
  );
}

/** x and y, elementwise with broadcasting, as a bool tensor. Numbers count as true unless they are 0. */
export const logicalAnd: Logical = logical("logicalAnd", "logical_and");

/** x or y, elementwise with broadcasting, as a bool tensor. Numbers count as true unless they are 0. */
export const logicalOr: Logical = logical("logicalOr", "logical_or");

/** Either x or y but not both, elementwise with broadcasting, as a bool tensor. Numbers count as true unless they are 0. */
export const logicalXor: Logical = logical("logicalXor", "logical_xor");

const not: Unary = unary({
  name: "_not",
  torch: "torch.logical_not(x)",
  kernel: "logical_not",
  integers: "keep",
  result: "bool",
  samples: [[bools(19)], [bools()], [bools(0)]],
  vjp: [null],
});

/** Not x, elementwise, as a bool tensor. Numbers count as true unless they are 0. */
export const logicalNot: Op<(x: Tensor) => Tensor> = composite(
  { name: "logicalNot", torch: "torch.logical_not(x)", samples: ELEMENTWISE_SAMPLES, elementwise: true },
  (x: Tensor) => not(to(x, "bool")),
);
