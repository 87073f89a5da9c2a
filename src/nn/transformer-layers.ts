import { ArgumentError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import type { Tensor } from "../core/tensor.js";
import { gelu, relu } from "../ops/activation.js";
import { add } from "../ops/binary.js";
import { transpose } from "../ops/view.js";
import { Dropout } from "./dropout.js";
import { LayerNorm } from "./layer-norm.js";
import { Linear } from "./linear.js";
import { Module } from "./module.js";
import { MultiheadAttention } from "./multihead-attention.js";
import type { UnaryModule } from "./sequential.js";

type Unary = (x: Tensor) => Tensor;

export interface TransformerLayerOptions {
  /** Features between the two linear layers. Default 2048. */
  dimFeedforward?: number;
  /** The probability of dropout, also of attention weights. Default 0.1. */
  dropout?: number;
  /** "relu" (default), "gelu", a function or a module. */
  activation?: "relu" | "gelu" | Unary | UnaryModule;
  /** Default 1e-5. */
  layerNormEps?: number;
  /** Tensors are `[N, L, E]`, not `[L, N, E]`. Default false. */
  batchFirst?: boolean;
  /** Normalise before each block, not after. Default false. */
  normFirst?: boolean;
  /** Whether linear layers and norms add something. Default true. */
  bias?: boolean;
  dtype?: DType;
}

/** What one attention block is told besides its tensors. */
interface Visible {
  readonly attnMask: Tensor | null;
  readonly keyPaddingMask: Tensor | null;
  readonly isCausal: boolean;
}

function activationOf(name: string, given: TransformerLayerOptions["activation"] = "relu"): Unary | UnaryModule {
  if (given === "relu") return ACTIVATIONS.relu;
  if (given === "gelu") return ACTIVATIONS.gelu;
  if (typeof given === "function" || given instanceof Module) return given;
  throw new ArgumentError(`${name}(): activation must be "relu", "gelu", a function or a module, got ${JSON.stringify(given)}`);
}

const ACTIVATIONS = { relu: (x: Tensor): Tensor => relu(x), gelu: (x: Tensor): Tensor => gelu(x) };
const BUILT_IN = new Set<unknown>(Object.values(ACTIVATIONS));
const OWN = new Set<unknown>([MultiheadAttention, Linear, Dropout, LayerNorm]);

/** What layers of encoders and decoders share. Fields that hold state have PyTorch's names, and as they are only declared, its order. */
abstract class TransformerLayer extends Module {
  declare readonly self_attn: MultiheadAttention;
  declare readonly multihead_attn?: MultiheadAttention;
  declare readonly linear1: Linear;
  declare readonly dropout: Dropout;
  declare readonly linear2: Linear;
  declare readonly normFirst: boolean;
  declare readonly norm1: LayerNorm;
  declare readonly norm2: LayerNorm;
  declare readonly norm3?: LayerNorm;
  declare readonly dropout1: Dropout;
  declare readonly dropout2: Dropout;
  declare readonly dropout3?: Dropout;
  declare readonly activation: Unary | UnaryModule;

  /** @param crosses there is a second attention, to a memory */
  protected constructor(name: string, dModel: number, nhead: number, options: TransformerLayerOptions, crosses: boolean) {
    super();
    const { dimFeedforward = 2048, dropout: p = 0.1, layerNormEps: eps = 1e-5, batchFirst, normFirst = false, bias, dtype } = options;
    const activation = activationOf(name, options.activation);
    const attention = (): MultiheadAttention => new MultiheadAttention(dModel, nhead, { dropout: p, bias, batchFirst, dtype });
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype });
    const drop = (): Dropout => new Dropout(p);
    this.self_attn = attention();
    if (crosses) this.multihead_attn = attention();
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype });
    this.dropout = drop();
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype });
    this.normFirst = normFirst;
    [this.norm1, this.norm2] = [norm(), norm()];
    if (crosses) this.norm3 = norm();
    [this.dropout1, this.dropout2] = [drop(), drop()];
    if (crosses) this.dropout3 = drop();
    this.activation = activation;
  }

  /** norm(x + block(x)), or x + block(norm(x)). */
  protected residual(x: Tensor, norm: LayerNorm, block: Unary): Tensor {
    return this.normFirst ? add(x, block(norm.forward(x))) : norm.forward(add(x, block(x)));
  }

  protected attend(attention: MultiheadAttention, drop: Dropout, x: Tensor, memory: Tensor, visible: Visible): Tensor {
    const [y] = attention.forward(x, memory, memory, { ...visible, needWeights: false });
    // PyTorch's y is a view of [L, N, E], and dropout draws in the order of memory.
    if (!(attention.batchFirst && y.ndim === 3 && drop.training && drop.p > 0)) return drop.forward(y);
    return transpose(drop.forward(transpose(y, 0, 1)), 0, 1);
  }

  protected feed(drop: Dropout, x: Tensor): Tensor {
    const { activation: act } = this;
    const hidden = this.linear1.forward(x);
    return drop.forward(this.linear2.forward(this.dropout.forward(act instanceof Module ? act.forward(hidden) : act(hidden))));
  }

  /** Frees intermediates as soon as the graph does not need them, unless a hook or foreign code may hold on to one. */
  protected tidily(compute: () => Tensor): Tensor {
    const known = (module: Module): boolean => OWN.has(module.constructor) && !Object.hasOwn(module, "forward");
    return BUILT_IN.has(this.activation) && this.children().every(known) ? temporary(compute) : compute();
  }
}

export interface TransformerEncoderLayerInputs {
  /** `attnMask` of the attention. */
  srcMask?: Tensor | null;
  /** `keyPaddingMask` of the attention. */
  srcKeyPaddingMask?: Tensor | null;
  /** Says that srcMask is the causal one. Default false. */
  isCausal?: boolean;
}

/**
 * Self-attention and two linear layers with an activation between them, each with dropout, a residual connection and a
 * layer norm.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html, https://arxiv.org/abs/1706.03762
 */
export class TransformerEncoderLayer extends TransformerLayer {
  /** @throws ArgumentError unless the heads divide dModel and 0 ≤ dropout ≤ 1 */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super("TransformerEncoderLayer", dModel, nhead, options, false);
  }

  /** @param src `[L, N, E]`, `[N, L, E]` with batchFirst, or `[L, E]`; the result has its shape. @throws ShapeError, DTypeError when a mask does not fit */
  forward(src: Tensor, options: TransformerEncoderLayerInputs = {}): Tensor {
    const visible = {
      attnMask: options.srcMask ?? null,
      keyPaddingMask: options.srcKeyPaddingMask ?? null,
      isCausal: options.isCausal ?? false,
    };
    return this.tidily(() => {
      const x = this.residual(src, this.norm1, (y) => this.attend(this.self_attn, this.dropout1, y, y, visible));
      return this.residual(x, this.norm2, (y) => this.feed(this.dropout2, y));
    });
  }
}

export interface TransformerDecoderLayerInputs {
  tgtMask?: Tensor | null;
  memoryMask?: Tensor | null;
  tgtKeyPaddingMask?: Tensor | null;
  memoryKeyPaddingMask?: Tensor | null;
  /** Says that tgtMask is the causal one. Default false. */
  tgtIsCausal?: boolean;
  /** Says that memoryMask is the causal one. Default false. */
  memoryIsCausal?: boolean;
}

/**
 * Self-attention, attention to what an encoder made of the source, and two linear layers, each with dropout, a residual connection
 * and a layer norm.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html, https://arxiv.org/abs/1706.03762
 */
export class TransformerDecoderLayer extends TransformerLayer {
  declare readonly multihead_attn: MultiheadAttention;
  declare readonly norm3: LayerNorm;
  declare readonly dropout3: Dropout;

  /** @throws ArgumentError unless the heads divide dModel and 0 ≤ dropout ≤ 1 */
  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super("TransformerDecoderLayer", dModel, nhead, options, true);
  }

  /** @param tgt `[L, N, E]`, `[N, L, E]` with batchFirst, or `[L, E]`; the result has its shape. @throws ShapeError, DTypeError when something does not fit */
  forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderLayerInputs = {}): Tensor {
    const { tgtMask = null, memoryMask = null, tgtKeyPaddingMask = null, memoryKeyPaddingMask = null } = options;
    const own = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: options.tgtIsCausal ?? false };
    const other = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, isCausal: options.memoryIsCausal ?? false };
    return this.tidily(() => {
      let x = this.residual(tgt, this.norm1, (y) => this.attend(this.self_attn, this.dropout1, y, y, own));
      x = this.residual(x, this.norm2, (y) => this.attend(this.multihead_attn, this.dropout2, y, memory, other));
      return this.residual(x, this.norm3, (y) => this.feed(this.dropout3, y));
    });
  }
}
