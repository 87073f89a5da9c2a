import { ArgumentError, ShapeError } from "../runtime/errors.js";
import type { DType } from "../core/dtype.js";
import { temporary } from "../core/op.js";
import { sameShape, show } from "../core/shape.js";
import type { Tensor } from "../core/tensor.js";
import { item } from "../ops/access.js";
import { eq } from "../ops/compare.js";
import { full, ones } from "../ops/creation.js";
import { triu } from "../ops/mask.js";
import { all } from "../ops/reduce.js";
import { ModuleList } from "./containers.js";
import { xavierUniform_ } from "./init.js";
import { LayerNorm } from "./layer-norm.js";
import { checkCounts } from "./linear.js";
import { Module } from "./module.js";
import type { UnaryModule } from "./sequential.js";
import {
  TransformerDecoderLayer,
  type TransformerDecoderLayerInputs,
  TransformerEncoderLayer,
  type TransformerEncoderLayerInputs,
  type TransformerLayerOptions,
} from "./transformer-layers.js";

export interface TransformerStackOptions {
  /** Normalises the result. Default none. */
  norm?: UnaryModule | null;
}

/** @throws ArgumentError unless there is a module to copy */
function clones<M extends Module>(name: string, layer: M, numLayers: number): ModuleList<M> {
  if (!(layer instanceof Module)) throw new ArgumentError(`${name}(): the layer must be a Module, got ${typeof layer}`);
  checkCounts(name, { numLayers }, 0);
  return new ModuleList(Array.from({ length: numLayers }, () => layer.deepCopy()));
}

/** Whether it hides just what comes later: then attention can leave that out. */
function isCausalMask(mask: Tensor | null): boolean {
  const [l, s] = mask?.shape ?? [];
  if (!mask || mask.ndim !== 2 || l !== s) return false;
  return temporary(() => {
    const causal = mask.dtype === "bool" ? triu(ones([l!, l!], { dtype: "bool" }), { diagonal: 1 }) : causalMask(l!, mask.dtype);
    return item(all(eq(mask, causal))) !== 0;
  });
}

function causalMask(size: number, dtype?: DType): Tensor {
  return temporary(() => triu(full([size, size], -Infinity, { dtype }), { diagonal: 1 }));
}

export interface TransformerEncoderInputs {
  /** `attnMask` of every layer. */
  mask?: Tensor | null;
  /** `keyPaddingMask` of every layer. */
  srcKeyPaddingMask?: Tensor | null;
  /** Whether the mask is the causal one. Default: looks. */
  isCausal?: boolean | null;
}

/** What an encoder takes as its layers: the library's own, or one that is called like it. */
export type EncoderLayer = Module & { forward(src: Tensor, options?: TransformerEncoderLayerInputs): Tensor };

/**
 * `numLayers` copies of a layer, one after the other. As in PyTorch all start with the weights of `encoderLayer`, which itself is not used.
 *
 * In evaluation PyTorch's fast path may leave zeros at padded positions; here they hold what was computed.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
 */
export class TransformerEncoder extends Module {
  readonly layers: ModuleList<EncoderLayer>;
  readonly norm: UnaryModule | null;

  /** @throws ArgumentError unless a module and a count are given */
  constructor(
    encoderLayer: EncoderLayer,
    readonly numLayers: number,
    options: TransformerStackOptions = {},
  ) {
    super();
    this.layers = clones("TransformerEncoder", encoderLayer, numLayers);
    this.norm = options.norm ?? null;
  }

  /** @throws ShapeError, DTypeError when a mask does not fit */
  forward(src: Tensor, { mask = null, srcKeyPaddingMask = null, isCausal = null }: TransformerEncoderInputs = {}): Tensor {
    const options = { srcMask: mask, srcKeyPaddingMask, isCausal: isCausal ?? isCausalMask(mask) };
    let x = src;
    for (const layer of this.layers) x = layer.forward(x, options);
    return this.norm ? this.norm.forward(x) : x;
  }
}

/** What a decoder takes as its layers: the library's own, or one that is called like it. */
export type DecoderLayer = Module & { forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderLayerInputs): Tensor };

export interface TransformerDecoderInputs extends Omit<TransformerDecoderLayerInputs, "tgtIsCausal"> {
  /** Whether tgtMask is the causal one. Default: looks. */
  tgtIsCausal?: boolean | null;
}

/**
 * `numLayers` copies of a layer, one after the other, all attending to `memory`. All start with the weights of `decoderLayer`.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
 */
export class TransformerDecoder extends Module {
  readonly layers: ModuleList<DecoderLayer>;
  readonly norm: UnaryModule | null;

  /** @throws ArgumentError unless a module and a count are given */
  constructor(
    decoderLayer: DecoderLayer,
    readonly numLayers: number,
    options: TransformerStackOptions = {},
  ) {
    super();
    this.layers = clones("TransformerDecoder", decoderLayer, numLayers);
    this.norm = options.norm ?? null;
  }

  /** @throws ShapeError, DTypeError when something does not fit */
  forward(tgt: Tensor, memory: Tensor, options: TransformerDecoderInputs = {}): Tensor {
    const inner = { ...options, tgtIsCausal: options.tgtIsCausal ?? isCausalMask(options.tgtMask ?? null) };
    let x = tgt;
    for (const layer of this.layers) x = layer.forward(x, memory, inner);
    return this.norm ? this.norm.forward(x) : x;
  }
}

export interface TransformerOptions extends TransformerLayerOptions {
  /** Features. Default 512. */
  dModel?: number;
  /** Heads of each attention. Default 8. */
  nhead?: number;
  /** Default 6. */
  numEncoderLayers?: number;
  /** Default 6. */
  numDecoderLayers?: number;
  /** In place of the encoder. */
  customEncoder?: Module & { forward(src: Tensor, options?: TransformerEncoderInputs): Tensor };
  /** In place of the decoder. */
  customDecoder?: Module & { forward(tgt: Tensor, memory: Tensor, options?: TransformerDecoderInputs): Tensor };
}

export interface TransformerInputs extends TransformerDecoderInputs {
  srcMask?: Tensor | null;
  srcKeyPaddingMask?: Tensor | null;
  /** Whether srcMask is the causal one. Default: looks. */
  srcIsCausal?: boolean | null;
}

/**
 * An encoder, and a decoder that attends to what it gives. All weights start by xavierUniform_.
 *
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Transformer.html, https://arxiv.org/abs/1706.03762
 */
export class Transformer extends Module {
  readonly encoder: NonNullable<TransformerOptions["customEncoder"]>;
  readonly decoder: NonNullable<TransformerOptions["customDecoder"]>;
  readonly dModel: number;
  readonly nhead: number;
  readonly batchFirst: boolean;

  /** @throws ArgumentError for sizes that make no sense */
  constructor(options: TransformerOptions = {}) {
    super();
    const {
      dModel = 512,
      nhead = 8,
      numEncoderLayers = 6,
      numDecoderLayers = 6,
      batchFirst = false,
      customEncoder,
      customDecoder,
    } = options;
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: options.layerNormEps, bias: options.bias, dtype: options.dtype });
    this.encoder =
      customEncoder ?? new TransformerEncoder(new TransformerEncoderLayer(dModel, nhead, options), numEncoderLayers, { norm: norm() });
    this.decoder =
      customDecoder ?? new TransformerDecoder(new TransformerDecoderLayer(dModel, nhead, options), numDecoderLayers, { norm: norm() });
    this.dModel = dModel;
    this.nhead = nhead;
    this.batchFirst = batchFirst;
    this.resetParameters();
  }

  resetParameters(): void {
    for (const p of this.parameters()) if (p.ndim > 1) xavierUniform_(p);
  }

  /** 0 on and below the diagonal, −∞ above: position i sees positions 0 to i. */
  static generateSquareSubsequentMask(size: number, options: { dtype?: DType } = {}): Tensor {
    checkCounts("generateSquareSubsequentMask", { size }, 0);
    return causalMask(size, options.dtype);
  }

  /**
   * @param src `[S, N, E]`, `[N, S, E]` with batchFirst, or `[S, E]`
   * @param tgt alike, of its own length; the result has its shape
   * @throws ShapeError, DTypeError when something does not fit
   */
  forward(src: Tensor, tgt: Tensor, options: TransformerInputs = {}): Tensor {
    const { srcMask = null, srcKeyPaddingMask = null, srcIsCausal = null, ...rest } = options;
    const { dModel, batchFirst } = this;
    const batch = batchFirst ? 0 : 1;
    const fit = src.ndim === tgt.ndim && [src, tgt].every((x) => x.shape.at(-1) === dModel);
    if (!fit || (src.ndim === 3 && !sameShape([src.shape[batch]!], [tgt.shape[batch]!])))
      throw new ShapeError(
        `Transformer.forward(): source and target need ${dModel} features and one batch size, got ${show(src.shape)} and ${show(tgt.shape)}`,
      );
    const memory = this.encoder.forward(src, { mask: srcMask, srcKeyPaddingMask, isCausal: srcIsCausal });
    return this.decoder.forward(tgt, memory, rest);
  }
}
