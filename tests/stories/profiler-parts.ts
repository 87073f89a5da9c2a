import { Function, type FunctionCtx, type OpRow, type Profile, type Tensor, nn, optim, profile, tensor } from "lanegrad";
import { assert } from "./case.js";

/*
 * What the stories of the profiler share: nets whose ops are known, and questions.
 */

/** x · weight, then tanh. */
export class Scale extends nn.Module {
  weight = new nn.Parameter(tensor([1, 2, 3]));
  forward(x: Tensor): Tensor {
    return x.mul(this.weight).tanh();
  }
}

export class Block extends nn.Module {
  first = new Scale();
  second = new Scale();
  forward(x: Tensor): Tensor {
    return this.second.forward(this.first.forward(x)).neg();
  }
}

export class Net extends nn.Module {
  block = new Block();
  head = new Scale();
  forward(x: Tensor): Tensor {
    return this.head.forward(this.block.forward(x));
  }
}

/** One exp inside of it, or another Twice. */
export class Twice extends Function {
  static forward(_: FunctionCtx, x: Tensor, depth = 0): Tensor {
    return depth > 0 ? Twice.apply(x, depth - 1) : x.exp();
  }
  static backward(_: FunctionCtx, g: Tensor): (Tensor | null)[] {
    return [g, null];
  }
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  assert(a === b, `${what}: expected ${b}, got ${a}`);
}

export function near(actual: number, expected: number, what: string): void {
  assert(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: expected ${expected}, got ${actual}`);
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

export const opOf = (p: Profile<unknown>, name: string): OpRow => {
  const row = p.ops.find((one) => one.name === name);
  assert(row !== undefined, `no op ${name} among ${p.ops.map((one) => one.name).join(", ")}`);
  return row;
};

export const callsOf = (p: Profile<unknown>, ...names: string[]): number[] => names.map((name) => opOf(p, name).calls);

/** The last two steps of three of a small net. */
export function training(): Profile<number> {
  const net = new Net();
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
  const x = tensor([1, 2, 3]);
  const step = (): number => {
    const loss = net.forward(x).sum();
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss.item();
  };
  step();
  return profile(() => step() + step());
}
