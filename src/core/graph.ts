import { AutogradError } from "../runtime/errors.js";
import { observer } from "../runtime/observer.js";
import type { DType } from "./dtype.js";
import type { Shape } from "./shape.js";
import type { Storage } from "./storage.js";
import type { GradHook, Tensor } from "./tensor.js";

/** Where a gradient goes: to an output of a node, or into the `grad` of a leaf. */
export type Edge = { readonly node: GraphNode; readonly index: number } | { readonly leaf: Tensor } | null;

/** What one differentiable output looks like, so that missing gradients can be made as zeros. */
export interface OutputMeta {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** The gradients of a node's inputs, those that `wants` names, from those of its outputs. */
export type BackwardFn = (grads: (Tensor | null)[], node: GraphNode, createGraph: boolean, wants: readonly boolean[]) => (Tensor | null)[];

/** Slots of saved tensors: inputs from 0, outputs from 100, what `run` put aside from 200. */
export const OUT = 100;
export const AUX = 200;

/** A tensor held for backward, with the version it had. */
interface SavedTensor {
  readonly slot: number;
  readonly tensor: Tensor;
  readonly version: number;
  /** Nobody but the node has it. */
  readonly own: boolean;
}

let clock = 0;

/**
 * A recorded op. `nextFunctions` leads to where its inputs came from, as in PyTorch.
 *
 * Nodes are numbered as they are made, so a higher number never feeds a lower one: sorting by number, highest
 * first, is a topological order.
 */
export class GraphNode {
  readonly seq = ++clock;
  readonly outputs: OutputMeta[] = [];
  /** Hooks on the gradient of an output, and tensors that asked to retain it. */
  hooks: GradHook[][] | null = null;
  retained: (Tensor | null)[] | null = null;
  /** Its gradient is the user's code, who may keep what it sees. */
  userCode = false;
  /** A node that this one runs as a part of its own backward, and gives back with itself. */
  inner: GraphNode | null = null;
  /** Where the op was called, when anomaly detection is on. */
  stack: string | null = null;
  private savedTensors: SavedTensor[] | null = null;
  private produced: Storage | null = null;
  private moreProduced: Storage[] | null = null;
  private isConsumed = false;

  constructor(
    /** The op's name, as PyTorch names nodes: `MulBackward`. */
    readonly name: string,
    readonly edges: Edge[],
    private backward: BackwardFn | null,
  ) {
    if (observer !== null) observer.recorded(this);
  }

  /** The nodes that the gradients go to: null for inputs without one. */
  get nextFunctions(): ({ readonly node: GraphNode; readonly index: number } | { readonly leaf: Tensor } | null)[] {
    return this.edges;
  }

  /** Holds `tensor` for backward under a number. `own`: nobody else has it, so it goes with the node. */
  save(slot: number, tensor: Tensor, own = false): void {
    const { storage } = tensor;
    storage.saved++;
    (this.savedTensors ??= []).push({ slot, tensor, version: storage.version, own });
  }

  /** @throws AutogradError when the graph is consumed or the tensor was changed in place since */
  saved(slot: number): Tensor {
    const saved = this.find(slot);
    if (!saved) throw new AutogradError(`${this.name}: internal: tensor ${slot} was not saved for backward`);
    const { tensor, version } = saved;
    if (tensor.storage.version !== version) {
      throw new AutogradError(
        `backward(): a tensor needed for the gradient of ${this.opName} was changed in place: ${this.whatIs(slot)} is at version ` +
          `${tensor.storage.version}, expected ${version}. Use the op without the trailing underscore, or clone() first` +
          (this.stack ? `. It was used at:\n${this.stack}` : ""),
      );
    }
    return tensor;
  }

  isSaved(slot: number): boolean {
    return this.find(slot) !== null;
  }

  private find(slot: number): SavedTensor | null {
    const list = this.savedTensors;
    if (list) for (let i = 0; i < list.length; i++) if (list[i]!.slot === slot) return list[i]!;
    return null;
  }

  private whatIs(slot: number): string {
    if (this.userCode) return `saved tensor ${slot} of ${this.name.replace(/Backward$/, "")}`;
    if (slot < OUT) return `input ${slot} of ${this.opName}()`;
    return slot < AUX ? `the result of ${this.opName}()` : `a part of ${this.opName}()`;
  }

  /** `mul` for `MulBackward`. */
  get opName(): string {
    const bare = this.name.replace(/Backward$/, "");
    return bare.charAt(0).toLowerCase() + bare.slice(1);
  }

  /** Marks a storage as made here: once the graph is consumed it is probably garbage. */
  produces(storage: Storage): void {
    if (this.produced === null) this.produced = storage;
    else (this.moreProduced ??= []).push(storage);
  }

  get consumed(): boolean {
    return this.isConsumed;
  }

  /** The gradients of the inputs, those that `wants` names. Default: all that have an edge. */
  run(
    grads: (Tensor | null)[],
    createGraph: boolean,
    wants: readonly boolean[] = this.edges.map((edge) => edge !== null),
  ): (Tensor | null)[] {
    const { backward } = this;
    if (!backward) {
      throw new AutogradError(
        "backward(): this graph was used by an earlier backward(), which gave its memory back; " +
          "pass { retainGraph: true } to the first call to go through it twice",
      );
    }
    if (observer === null) return backward(grads, this, createGraph, wants);
    return observer.backward(this, backward, grads, this, createGraph, wants);
  }

  /** Gives back what it held: its own at once, the rest when memory is needed. */
  release(): void {
    if (this.isConsumed) return;
    this.isConsumed = true;
    this.backward = null;
    this.inner?.release();
    const list = this.savedTensors;
    if (list) {
      for (let i = 0; i < list.length; i++) {
        const { tensor, own } = list[i]!;
        tensor.storage.unsave(own);
      }
    }
    if (this.produced) this.produced.spent = true;
    if (this.moreProduced) for (const storage of this.moreProduced) storage.spent = true;
    this.savedTensors = null;
    this.produced = this.moreProduced = null;
  }
}
