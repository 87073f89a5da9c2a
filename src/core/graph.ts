import { AutogradError } from "../runtime/errors.js";
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

/** A tensor held for backward, with the version it had. */
interface SavedTensor {
  readonly tensor: Tensor;
  readonly version: number;
  readonly what: string;
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
  readonly edges: Edge[];
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
  private savedTensors: (SavedTensor | null)[] = [];
  private produced: Storage[] = [];
  private isConsumed = false;

  constructor(
    /** The op's name, as PyTorch names nodes: `MulBackward`. */
    readonly name: string,
    edges: Edge[],
    private backward:
      ((grads: (Tensor | null)[], node: GraphNode, createGraph: boolean, wants: readonly boolean[]) => (Tensor | null)[]) | null,
  ) {
    this.edges = edges;
  }

  /** The nodes that the gradients go to: null for inputs without one. */
  get nextFunctions(): ({ readonly node: GraphNode; readonly index: number } | { readonly leaf: Tensor } | null)[] {
    return this.edges;
  }

  /** Holds `tensor` for backward under a number. */
  save(slot: number, tensor: Tensor, what: string): void {
    tensor.storage.saved++;
    this.savedTensors[slot] = { tensor, version: tensor.storage.version, what };
  }

  /** @throws AutogradError when the graph is consumed or the tensor was changed in place since */
  saved(slot: number): Tensor {
    const saved = this.savedTensors[slot];
    if (!saved) throw new AutogradError(`${this.name}: internal: tensor ${slot} was not saved for backward`);
    const { tensor, version, what } = saved;
    if (tensor.storage.version !== version) {
      throw new AutogradError(
        `backward(): a tensor needed for the gradient of ${this.opName} was changed in place: ${what} is at version ` +
          `${tensor.storage.version}, expected ${version}. Use the op without the trailing underscore, or clone() first` +
          (this.stack ? `. It was used at:\n${this.stack}` : ""),
      );
    }
    return tensor;
  }

  isSaved(slot: number): boolean {
    return Boolean(this.savedTensors[slot]);
  }

  /** `mul` for `MulBackward`. */
  get opName(): string {
    const bare = this.name.replace(/Backward$/, "");
    return bare.charAt(0).toLowerCase() + bare.slice(1);
  }

  /** Marks a storage as made here: once the graph is consumed it is probably garbage. */
  produces(storage: Storage): void {
    this.produced.push(storage);
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
    if (!this.backward) {
      throw new AutogradError(
        "backward(): this graph was used by an earlier backward(), which gave its memory back; " +
          "pass { retainGraph: true } to the first call to go through it twice",
      );
    }
    return this.backward(grads, this, createGraph, wants);
  }

  /** Gives back what it held. `inputsSpent`: leaves that it used count as garbage too. */
  release(): void {
    if (this.isConsumed) return;
    this.isConsumed = true;
    this.backward = null;
    this.inner?.release();
    for (const saved of this.savedTensors) {
      if (!saved) continue;
      const { storage } = saved.tensor;
      storage.saved--;
      storage.spent = true;
    }
    for (const storage of this.produced) storage.spent = true;
    this.savedTensors = [];
    this.produced = [];
  }
}
