//! Every threshold and block size of the kernels, each with the row of `npm run bench` that set it. Those of the
//! TypeScript side stand in `src/runtime/tuning.ts`; `docs/performance.md` shows both in one table.
//!
//! None of them may depend on the number of threads: they fix the order of summation, and so the bits.

use crate::simd::FUSED;

/// Vectors per row of a register tile. V8 (Node 20) loads all operands of a step before it multiplies, so accumulators,
/// vectors of B and splats of A must fit 15 registers together. 2 rows × 4 vectors and 4 × 2 do, and here the first is a
/// quarter faster (63 and 51 GFLOP/s; with relaxed SIMD and in newer engines they are equal); 3 × 3, 5 × 2 and 6 × 2 spill,
/// at half the speed. (gemm 512)
pub(crate) const NV: usize = 4;
/// Rows of a tall register tile, of two vectors each: twelve sums, where the engine has registers for them. (gemm 512)
pub(crate) const TALL_ROWS: usize = 6;
/// Depth of a packed block: k is summed in blocks of it. (gemm 1024)
pub(crate) const KC: usize = 256;
/// Most rows of a packed block of A. (gemm 1024)
pub(crate) const MC: usize = 96;
/// Most columns of a packed panel of B. (gemm 1024)
pub(crate) const NC: usize = 256;
/// Up to so many rows B is read in place: packing it would take longer. (gemm 8x512x512)
pub(crate) const FEW_ROWS: usize = 8;
/// Up to so many slivers a transposed A is read in place, if its stride along k is at most [`NEAR`] elements: with longer
/// ones, of powers of two above all, its lines drive each other out of the cache. (gemm 256x64x1600, 1024x64x512)
pub(crate) const FEW_SLIVERS: usize = 4;
pub(crate) const NEAR: isize = 512;
/// Up to this stride along k, so that a cache line holds two elements of a row, A is read in place. (gemm 2x100x3000)
pub(crate) const DENSE: isize = 8;
/// Up to so many columns a product whose A is transposed is computed as its transpose. (gemm 256x4x1600)
pub(crate) const FEW_COLUMNS: usize = 8;
/// Most rows of a tile, what threads share the work by: a power of two, so that the usual sizes come out even. 48 and 96
/// left one of two threads a twelfth more. (gemm 512, 2 threads)
pub(crate) const TILE_ROWS: usize = 64;
/// A product with fewer tiles than this gets smaller ones: enough for a handful of threads. (gemm 256, 2 threads)
pub(crate) const ENOUGH_TILES: usize = 16;
/// Depth of a block of x that a matrix times vector copies when x is strided. (gemm 1x1024)
pub(crate) const VECTOR_BLOCK: usize = 1024;
/// Vectors of a line that a turn of a row times a matrix takes. Engines with fused multiply-adds double the loop themselves. (gemm 1x1024)
pub(crate) const VECTOR_TURN: usize = if FUSED { 2 } else { 4 };
/// Sums side by side of a row's product with a column. A fused multiply-add waits twice as long for the one before it as an addition does; engines without load all operands of a turn first, and have no registers for those of two. (gemm 1x1024)
pub(crate) const VECTOR_SUMS: usize = if FUSED { 2 } else { 1 };

/// Rows of a register tile of the product inside a recurrent layer's loop over time, as many as the 15 registers hold beside [`RECURRENT_VECTORS`]. (lstm 64)
pub(crate) const RECURRENT_ROWS: usize = 4;
/// Vectors per row of it: hidden sizes are often small. (lstm 64)
pub(crate) const RECURRENT_VECTORS: usize = 2;

/// Queries and keys of a tile of attention scores; the second is a multiple of the first. Up to so many keys the
/// probabilities are kept for the gradient, beyond they are made again. (transformer)
pub(crate) const ATTENTION_ROWS: usize = 64;
pub(crate) const ATTENTION_COLS: usize = 128;

/// Up to this share of inputs to outputs an input gradient is computed as a convolution: what is more are zeros.
/// (conv 16→32 5×5 at 12×12 input gradient)
pub(crate) const MOST_ZEROS: (usize, usize) = (3, 2);
/// Most rows of a panel of the input gradient. With the packed blocks of a product of doubles it must fit on a
/// thread's stack of 2 MiB. (conv input gradient)
pub(crate) const PANEL: usize = 2 * MC;
/// With fewer units of the input gradient than this they are made smaller. (conv input gradient, 2 threads)
pub(crate) const ENOUGH_UNITS: usize = 16;
/// What a unit keeps for packing to be worth it: rows (channel, tap) and columns (image, output) of the product.
/// (conv input gradient)
pub(crate) const LEAST_ROWS: usize = 48;
pub(crate) const LEAST_COLS: usize = 64;
/// A band of a unit has so many times the rows that a kernel spans: outputs near its edge are computed for both
/// sides. (conv input gradient)
pub(crate) const LEAST_SPANS: usize = 4;

/// Rows of at most so many classes go through exp and log many at a time. (spiral)
pub(crate) const NARROW: usize = 16;
/// Rows and vectors per row of a register tile that reads lines: those are not aligned, so fewer vectors of them and more
/// splats are quicker, by a tenth, than the 2 × 4 of the matrix product. (conv 32→64)
pub(crate) const LINE_ROWS: usize = 4;
pub(crate) const LINE_VECTORS: usize = 2;
/// Vectors of columns that all rows go through while what they read stays in the first-level cache. (conv 32→64)
pub(crate) const LINE_WIDTH: usize = 4;
/// Rows that a unit of a convolution keeps for reading the lines to be worth it. (conv 256→256 at 7×7)
pub(crate) const LEAST_LINE_ROWS: usize = 24;
/// Deepest product of a convolution before its sum goes back to memory. (conv 64→128)
pub(crate) const PACKED_DEPTH: usize = 288;
/// Elements of the lines that a unit of a convolution reads: half of a second-level cache of 512 KiB. (conv 32→64)
pub(crate) const LINES: usize = 96 * 1024;
/// Elements of the neighbouring planes that the weight gradient of a depthwise convolution goes through before it goes
/// to the next image: jumping from image to image with each plane takes twice as long. (conv depthwise weight gradient)
pub(crate) const NEIGHBOURS: usize = 16 * 1024;
/// Planes of fewer outputs are put together, several images in one product. (conv 512→512 at 2×2)
pub(crate) const LEAST_PLANE: usize = 8;
/// Outputs of a dot product of the weight gradient, over several images where they are small: four rows of it fit
/// into the first-level cache. (conv 16→32 weight gradient)
pub(crate) const DOT_LENGTH: usize = 1024;
/// Elements of dy that a unit of the input gradient copies. (conv 16→32 5×5 input gradient)
pub(crate) const SOURCE: usize = 64 * 1024;

/// Elements whose exponentials are summed in one call, before such parts are added pairwise. (softmax 128x1000)
pub(crate) const EXP_BLOCK: usize = 4096;
/// The same within a block, one vector after the other. (softmax 128x1000)
pub(crate) const EXP_RUN: usize = 128;
/// Rows of a tile of a transposed copy: a line of x is used whole while it is there. (transpose copy 1024)
pub(crate) const COPY_ROWS: usize = 16;
/// Columns of such a tile: so many elements of a line of the copy are written at once. (transpose copy 1024)
pub(crate) const COPY_COLS: usize = 128;
/// Elements from row to row of the buffer that it is turned in: not a power of two. (transpose copy 1024)
pub(crate) const COPY_PITCH: usize = COPY_COLS + 16;
/// From so many elements on a row of 4-byte numbers is sorted by the digits of its bits. (sort 10^6; 1000x1000)
pub(crate) const RADIX_ROW: usize = 256;
