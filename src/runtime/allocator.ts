/**
 * Hands out ranges of linear memory. 64-byte aligned.
 *
 * Small blocks (up to 32 KiB) come in size classes with a free list each, carved from slabs; large ones by
 * best fit from an address-ordered list whose neighbours merge again when both are free. The allocator keeps
 * its books in JavaScript: no byte of the tensor memory is its own, so a stray kernel write cannot break it.
 */
export interface AllocatorStats {
  /** Bytes handed out, rounding included. */
  inUse: number;
  /** Bytes of linear memory that the allocator may hand out. */
  reserved: number;
  /** The largest `inUse` so far. */
  peak: number;
  blocks: number;
}

const ALIGN = 64;
const SMALL = 32 * 1024;
const SLAB = 256 * 1024;

interface Span {
  start: number;
  size: number;
}

/** The bytes that a request for `bytes` really takes. */
export function roundUp(bytes: number): number {
  if (bytes <= 2048) return Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
  if (bytes > SMALL) return Math.ceil(bytes / ALIGN) * ALIGN;
  // Eight classes per doubling: at most 12.5 % wasted.
  const step = 2 ** (Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

export class Allocator {
  readonly stats: AllocatorStats = { inUse: 0, reserved: 0, peak: 0, blocks: 0 };
  private readonly small = new Map<number, number[]>();
  /** Free large spans, by address. */
  private readonly spans: Span[] = [];

  /** Adds fresh memory, `start..start + size`, to what may be handed out. */
  addRange(start: number, size: number): void {
    this.stats.reserved += size;
    this.release(start, size);
  }

  /** The address of a free block of at least `bytes`, or -1 when none is left: grow and ask again. */
  alloc(bytes: number): number {
    const size = roundUp(bytes);
    const ptr = size <= SMALL ? this.allocSmall(size) : this.take(size);
    if (ptr >= 0) {
      const { stats } = this;
      stats.inUse += size;
      stats.blocks++;
      if (stats.inUse > stats.peak) stats.peak = stats.inUse;
    }
    return ptr;
  }

  /** The free bytes right before `end`: what growth there can add to. */
  freeBefore(end: number): number {
    const last = this.spans.at(-1);
    return last && last.start + last.size === end ? last.size : 0;
  }

  /** Gives back what `alloc(bytes)` returned. */
  free(ptr: number, bytes: number): void {
    const size = roundUp(bytes);
    this.stats.inUse -= size;
    this.stats.blocks--;
    if (size <= SMALL) this.list(size).push(ptr);
    else this.release(ptr, size);
  }

  /** Takes a block out of circulation: something outside our control may still write to it. */
  quarantine(bytes: number): void {
    const size = roundUp(bytes);
    this.stats.inUse -= size;
    this.stats.blocks--;
    this.stats.reserved -= size;
  }

  private list(size: number): number[] {
    let list = this.small.get(size);
    if (!list) this.small.set(size, (list = []));
    return list;
  }

  private allocSmall(size: number): number {
    const list = this.list(size);
    const ptr = list.pop();
    if (ptr !== undefined) return ptr;
    const slabSize = size <= 4096 ? SLAB / 4 : SLAB;
    const slab = this.take(slabSize);
    if (slab < 0) return this.take(size);
    const count = Math.floor(slabSize / size);
    for (let i = count - 1; i > 0; i--) list.push(slab + i * size);
    return slab;
  }

  /** Best fit: the smallest free span that holds `size`. */
  private take(size: number): number {
    let best = -1;
    let bestSize = Infinity;
    for (let i = 0; i < this.spans.length; i++) {
      const have = this.spans[i]!.size;
      if (have >= size && have < bestSize) {
        best = i;
        bestSize = have;
        if (have === size) break;
      }
    }
    if (best < 0) return -1;
    const span = this.spans[best]!;
    const { start } = span;
    if (span.size === size) this.spans.splice(best, 1);
    else {
      span.start += size;
      span.size -= size;
    }
    return start;
  }

  private release(start: number, size: number): void {
    let low = 0;
    let high = this.spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.spans[middle]!.start < start) low = middle + 1;
      else high = middle;
    }
    const before = this.spans[low - 1];
    const after = this.spans[low];
    const joinsBefore = before !== undefined && before.start + before.size === start;
    const joinsAfter = after !== undefined && start + size === after.start;
    if (joinsBefore && joinsAfter) {
      before.size += size + after.size;
      this.spans.splice(low, 1);
    } else if (joinsBefore) before.size += size;
    else if (joinsAfter) {
      after.start = start;
      after.size += size;
    } else this.spans.splice(low, 0, { start, size });
  }
}
