// lanegrad itself, in Node and in a browser.
import { F, type InitOptions, type Tensor, backend, fromTypedArray, grad, init, memoryStats, noGrad, rand, randn, zeros } from "lanegrad";
import { type InputSpec, type Row, type Side, values } from "../row.js";
import { type Peer, kindOf } from "../serve.js";
import { infer, train } from "./model.js";

type Inputs = Record<string, Tensor>;
type Kind = (inputs: Inputs, row: Row) => Side;

export const place = (spec: InputSpec): Tensor => fromTypedArray(values(spec), [...spec.shape]);

/** Each result is given back before the next, so that memory plays no part: PyTorch's reference count does the same. */
function disposing(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last?.dispose();
      last = fn();
    },
    result: () => last!.toTypedArray(),
  };
}

/** Times `fn` as it stands in a user's loop: its results are left to the library. */
function leaving(fn: () => Tensor): Side {
  let last: Tensor | undefined;
  return {
    run() {
      last = fn();
    },
    result: () => last!.toTypedArray(),
  };
}

/** What the rows say beside their inputs. */
interface Args {
  fn: "exp" | "tanh" | "gelu" | "sigmoid" | "relu";
  dim: number | null;
  k: number;
  n: number;
  p: number;
}

const argsOf = (row: Row): Args => row.args as unknown as Args;

const unary = { exp: (x: Tensor) => x.exp(), tanh: F.tanh, gelu: F.gelu, sigmoid: F.sigmoid, relu: F.relu };

/** An op without a graph. */
const op =
  (fn: (inputs: Inputs, args: Args) => Tensor): Kind =>
  (inputs, row) =>
    disposing(() => noGrad(() => fn(inputs, argsOf(row))));

/** The gradient with respect to one input, of a graph recorded once. */
const gradient =
  (of: string, forward: (inputs: Inputs, args: Args) => Tensor): Kind =>
  (inputs, row) => {
    const wanted = inputs[of]!;
    wanted.requiresGrad = true;
    const out = forward(inputs, argsOf(row));
    return disposing(() => grad(out, wanted, { gradOutputs: [inputs["grad"]!], retainGraph: true })[0]!);
  };

const conv = ({ x, weight }: Inputs, args: object): Tensor => F.conv2d(x!, weight!, null, args);

const kinds: Record<string, Kind> = {
  // A transposed operand is a view, of a copy made once.
  matmul(inputs, { args }) {
    const [a, b] = (["a", "b"] as const).map((name) => (args[name] ? inputs[name]!.t().contiguous().t() : inputs[name]!)) as [
      Tensor,
      Tensor,
    ];
    return disposing(() => noGrad(() => a.matmul(b)));
  },
  conv: op(conv),
  convInputGradient: gradient("x", conv),
  convWeightGradient: gradient("weight", conv),
  multiplyAdd: op(({ a, b, c }) => c!.addcmul(a!, b!)),
  unary: op(({ x }, { fn }) => unary[fn](x!)),
  sum: op(({ x }, { dim }) => (dim === null ? x!.sum() : x!.sum(dim))),
  mean: op(({ x }, { dim }) => (dim === null ? x!.mean() : x!.mean(dim))),
  softmax: op(({ x }) => x!.softmax(1)),
  crossEntropy: op(({ x, y }) => F.crossEntropy(x!, y!)),
  layerNorm: op(({ x, weight, bias }) => F.layerNorm(x!, [weight!.numel], weight, bias)),
  batchNorm: op(({ x, weight, bias }) => F.batchNorm(x!, null, null, weight, bias, { training: true })),
  transposeCopy: op(({ x }) => x!.t().contiguous()),
  embedding: op(({ weight, index }) => F.embedding(index!, weight!)),
  embeddingGradient(inputs, row) {
    const weight = zeros([row.args["rows"] as number, inputs["grad"]!.shape.at(-1)!], { requiresGrad: true });
    const out = F.embedding(inputs["index"]!, weight);
    return disposing(() => grad(out, weight, { gradOutputs: [inputs["grad"]!], retainGraph: true })[0]!);
  },
  argmax: op(({ x }) => x!.argmax(1)),
  topk: op(({ x }, { k }) => x!.topk(k).values),
  sort: op(({ x }) => x!.sort().values),
  uniform: op((_, { n }) => rand([n])),
  normal: op((_, { n }) => randn([n])),
  dropout: op(({ x }, { p }) => F.dropout(x!, { p })),
  add({ x, y }, { args }) {
    x!.requiresGrad = Boolean(args["requiresGrad"]);
    return leaving(() => x!.add(y!));
  },
  chain({ x, y }, { args }) {
    const count = args["count"] as number;
    x!.requiresGrad = true;
    return leaving(() => {
      x!.grad = null;
      let out = x!;
      for (let i = 0; i < count; i++) out = out.add(y!);
      out.sum().backward();
      return x!.grad!;
    });
  },
  train,
  infer,
};

export async function start(options: InitOptions): Promise<Peer> {
  await init(options);
  return {
    prepare(row) {
      const kind = kindOf(kinds, row, "lanegrad");
      return kind(Object.fromEntries(Object.entries(row.inputs).map(([name, spec]) => [name, place(spec)])), row);
    },
    about: () => ({ ...backend() }),
    memory() {
      const { peak, reserved } = memoryStats();
      return { peak, reserved };
    },
  };
}
