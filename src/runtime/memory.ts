import { Allocator } from "./allocator.js";

/** An address in linear memory. Branded, so that a length cannot be passed where an address is wanted. */
export type Ptr = number & { readonly __ptr: unique symbol };

const PAGE = 65536;
/** Memory grows by at least this much at a time: each growth costs a system call and, unshared, every view. */
const GROWTH = 1024 * 1024;

export interface Views {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Linear memory: typed views over it, blocks of it, and its growth. */
export class LinearMemory {
  readonly allocator = new Allocator();
  private current: Views;

  constructor(
    readonly wasm: WebAssembly.Memory,
    readonly maximumBytes: number,
  ) {
    this.current = viewsOf(wasm.buffer);
  }

  /** Typed views over all of memory. Ask each time: growth replaces them. */
  get views(): Views {
    const { buffer } = this.wasm;
    if (this.current.buffer !== buffer) this.current = viewsOf(buffer);
    return this.current;
  }

  /** A block of at least `bytes`, from what memory there is; -1 when that is not enough. */
  tryAlloc(bytes: number): Ptr | -1 {
    return this.allocator.alloc(bytes) as Ptr | -1;
  }

  /** Grows so that a block of `bytes` fits. False when the engine or the maximum refuses. */
  grow(bytes: number): boolean {
    const { allocator } = this;
    const need = this.missing(bytes);
    const eager = Math.ceil(Math.max(GROWTH, allocator.stats.reserved / 8) / PAGE);
    // A large step first; when that is refused, just what is needed.
    const grown = (need < eager && this.growPages(eager)) || this.growPages(need);
    // A worker that starts takes its stack: then the new pages do not continue the old ones.
    return grown && (this.missing(bytes) <= 0 || this.growPages(Math.ceil((bytes + 1) / PAGE)));
  }

  /** The pages by which memory must grow for a block of `bytes`. */
  private missing(bytes: number): number {
    return Math.ceil((bytes + 1 - this.allocator.freeBefore(this.wasm.buffer.byteLength)) / PAGE);
  }

  free(ptr: Ptr, bytes: number): void {
    this.allocator.free(ptr, bytes);
  }

  private growPages(pages: number): boolean {
    let before: number;
    try {
      // The old size comes from the engine: a starting worker may have grown memory for its stack meanwhile.
      before = this.wasm.grow(pages);
    } catch {
      return false;
    }
    let start = before * PAGE;
    let size = pages * PAGE;
    if (start === 0) [start, size] = [64, size - 64]; // never hand out the null address
    this.allocator.addRange(start, size);
    return true;
  }
}

function viewsOf(buffer: ArrayBuffer | SharedArrayBuffer): Views {
  return {
    buffer,
    u8: new Uint8Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  };
}
