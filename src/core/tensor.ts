import { AutogradError, ArgumentError } from "../runtime/errors.js";
import { type DType, bytesOf, isFloat } from "./dtype.js";
import type { GraphNode } from "./graph.js";
import { isGradEnabled } from "./grad-mode.js";
import { type Shape, contiguousStrides, isContiguous, show, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";
import type { Ptr } from "../runtime/memory.js";

/** Called with a gradient; may return another in its place. */
export type GradHook = (grad: Tensor) => Tensor | void;

/** What a view remembers of the tensor it looks into, so that in-place changes reach its history. */
export interface ViewOf {
  readonly base: Tensor;
  /** `base.history` when `gradFn` was made: when it has moved on, `gradFn` is remade. */
  history: number;
}

/**
 * An n-dimensional array of one dtype, a view of a block of memory: element `[i, j, …]` lies at
 * `offset + i * strides[0] + j * strides[1] + …`.
 *
 * Its methods are the ops of `src/ops`, under PyTorch's names in camelCase.
 */
// The methods come from the op table: see src/ops/methods.ts.
export class Tensor {
  /** The gradient of a leaf, for the library's own use: reading it does not count as the user holding it. */
  ownGrad: Tensor | null = null;
  /** Counts the in-place changes to what `gradFn` stands for. */
  history = 0;
  viewOf: ViewOf | null = null;
  hooks: GradHook[] | null = null;
  /** Which output of its node this is. */
  outputIndex = 0;
  private node: GraphNode | null = null;
  private wantsGrad = false;

  constructor(
    readonly storage: Storage,
    readonly shape: Shape,
    readonly strides: Shape,
    readonly offset: number,
    readonly dtype: DType,
  ) {}

  /** Uninitialised memory. `name` is the function that asks, for messages. */
  static empty(shape: Shape, dtype: DType = "float32", name = "empty"): Tensor {
    return new Tensor(Storage.create(sizeOf(shape) * bytesOf(dtype), name), shape, contiguousStrides(shape), 0, dtype);
  }

  /** The address of the first element. Valid until the next allocation: take it last. */
  get ptr(): Ptr {
    return (this.storage.address + this.offset * bytesOf(this.dtype)) as Ptr;
  }

  /** The gradient that `backward()` accumulated, on leaves that require one. */
  get grad(): Tensor | null {
    const grad = this.ownGrad;
    if (grad) grad.storage.seen = true;
    return grad;
  }

  set grad(grad: Tensor | null) {
    if (grad) grad.storage.seen = true;
    this.ownGrad = grad;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get numel(): number {
    return sizeOf(this.shape);
  }

  /** The size of one dim (negative: from the end), or all of them. */
  size(): Shape;
  size(dim: number): number;
  size(dim?: number): Shape | number {
    if (dim === undefined) return this.shape;
    const size = this.shape.at(dim);
    if (size === undefined) throw new ArgumentError(`size(): dim ${dim} is out of range for shape ${show(this.shape)}`);
    return size;
  }

  get isContiguous(): boolean {
    return isContiguous(this.shape, this.strides);
  }

  /** Whether gradients flow to this tensor. Settable on leaves of a floating point dtype. */
  get requiresGrad(): boolean {
    return this.wantsGrad || this.node !== null || (this.viewOf !== null && this.gradFn !== null); // that of a view may have come with a change of its base
  }

  set requiresGrad(on: boolean) {
    if (this.node !== null && !on)
      throw new AutogradError("requiresGrad: only a leaf can be switched off; use detach() to leave the graph");
    if (on && !isFloat(this.dtype))
      throw new AutogradError(`requiresGrad: only floating point tensors have gradients, this one is ${this.dtype}`);
    this.wantsGrad = on;
  }

  /** A tensor that no recorded op made. */
  get isLeaf(): boolean {
    return this.gradFn === null;
  }

  /** The node of the graph that made this tensor; null for a leaf. */
  get gradFn(): GraphNode | null {
    const view = this.viewOf;
    if (view && view.history !== view.base.history) refreshView(this, view);
    return this.node;
  }

  /** Puts the tensor at an output of `node`. For the engine. */
  setHistory(node: GraphNode | null, outputIndex = 0): void {
    this.node = node;
    this.outputIndex = outputIndex;
  }

  /**
   * Keeps the memory of this tensor where it is: no step takes it back, also after `backward()` consumed its
   * graph. Give it back with `dispose()`.
   */
  keep(): this {
    this.storage.pinned = true;
    return this;
  }

  /** Frees the memory now, of all views too. A later read is an error. Never needed; sometimes handy. */
  dispose(): void {
    this.storage.free("this tensor was disposed of: dispose() frees the memory for all its views; clone() before if one must live on");
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Views of a changed tensor get their history from it anew. Set by autograd: it needs ops. */
let refreshView: (view: Tensor, of: ViewOf) => void = () => undefined;

export function setViewRefresher(refresh: (view: Tensor, of: ViewOf) => void): void {
  refreshView = refresh;
}

/** A tensor over the same memory, outside any graph. For `run` functions of view ops. */
export function viewOf(x: Tensor, shape: Shape, strides: Shape, offset: number): Tensor {
  return new Tensor(x.storage, shape, strides, offset, x.dtype);
}

/** Whose memory and history a view shares. A view that became a leaf of its own stands for itself. */
export function baseOf(x: Tensor): Tensor {
  return x.viewOf && !(x.requiresGrad && x.isLeaf) ? x.viewOf.base : x;
}

/** Whether an op with this input is to be recorded. */
export function needsGraph(inputs: readonly Tensor[]): boolean {
  if (!isGradEnabled()) return false;
  for (let i = 0; i < inputs.length; i++) if (inputs[i]!.requiresGrad) return true;
  return false;
}
