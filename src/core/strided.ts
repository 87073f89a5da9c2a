import type { Shape } from "./shape.js";

/** A loop nest over one shape, with the strides of each operand. */
export interface Nest {
  shape: number[];
  strides: number[][];
}

/**
 * The same loop nest with as few dims as possible: sizes of 1 go, and neighbours that every operand walks
 * without a gap become one. Most calls end up with one dim or two.
 */
export function collapse(shape: Shape, operands: readonly Shape[]): Nest {
  const outShape: number[] = [];
  const strides: number[][] = operands.map(() => []);
  for (let dim = 0; dim < shape.length; dim++) {
    const size = shape[dim]!;
    if (size === 1) continue;
    const last = outShape.length - 1;
    const joins = last >= 0 && operands.every((operand, k) => strides[k]![last] === operand[dim]! * size);
    if (joins) {
      outShape[last] = outShape[last]! * size;
      operands.forEach((operand, k) => (strides[k]![last] = operand[dim]!));
    } else {
      outShape.push(size);
      operands.forEach((operand, k) => strides[k]!.push(operand[dim]!));
    }
  }
  if (outShape.length === 0) {
    outShape.push(1);
    strides.forEach((list) => list.push(1));
  }
  return { shape: outShape, strides };
}
