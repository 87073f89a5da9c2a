/*
 * Every threshold of the TypeScript side, each with the row of `npm run bench` that set it. Those of the kernels stand
 * in `crates/kernels/src/tuning.rs`; `docs/performance.md` shows both in one table, made by `node scripts/docs.mjs`.
 *
 * Only THREAD_WORTH, CHUNKS_PER_THREAD, SPINS, MOST_SPINS and JOIN_SPINS may look at threads: all else fixes the order of summation.
 */

/** Work below this many scalar operations is not worth waking another thread, which costs some 13 µs: as long as 100,000 of them. (softmax, 2 threads) */
export const THREAD_WORTH = 200_000;
/** Chunks per thread: enough to even out. A thread begins with all but one of its own in one call, as a product of few rows packs its operand anew in each. (mlp, 2 threads) */
export const CHUNKS_PER_THREAD = 4;
/** Empty turns before a worker sleeps, at the least; a turn takes some 4 ns, and to be woken 13 µs. (mlp, 2 threads) */
export const SPINS = 2000;
/** The same at the most, for the gaps of a training step: twice as many after each wait that brought a job, half after each that brought none, as where other programs have the cores. There 50,000 always would cost a tenth of a step, 200,000 four tenths. (mlp, 2 threads) */
export const MOST_SPINS = 50_000;
/** Empty turns before the caller sleeps: the last chunks take less long than waking up does, some 60 µs. (gemm 64x784, 2 threads) */
export const JOIN_SPINS = 20_000;
/** Products of a matrix product per scalar operation that THREAD_WORTH counts: so much faster are register tiles. (gemm 64, 2 threads) */
export const PRODUCTS_PER_OPERATION = 8;
/** Tiles that a large weight gradient of a convolution should have, to be shared among threads; by shapes only. (conv weight gradient, 2 threads) */
export const WEIGHT_TILES = 16;
/** From so many products on a weight gradient is large. (conv weight gradient, 2 threads) */
export const LARGE_WEIGHT_GRADIENT = 4_000_000;
/** Up to this many, insertion into a short list beats sorting. (topk) */
export const SHORT_TOPK = 64;
/** From so many elements on a binary op copies an operand whose last dim is strided, rather than gather it. (add of a transposed 1000x1000) */
export const WORTH_A_COPY = 4096;
/** Milliseconds that a run in a worker takes before messages are heard, and that a page reads what waits before it is drawn: half a frame. A turn costs a few µs, less than a thousandth of it. (off-thread: 1 µs steps) */
export const TURN_MS = 8;
