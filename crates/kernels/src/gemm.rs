//! Matrix product: packed, register-tiled, five loops named as in matrixmultiply and BLIS.
//!
//! Packing reads its operand through any strides, so a transpose costs nothing; the convolutions give it
//! an operand that only exists as an index map (see [`operand`]).

mod driver;
mod grid;
mod micro;
pub(crate) mod operand;
#[cfg(test)]
pub(crate) mod tests;
mod vector;

use driver::Apart;
pub(crate) use driver::{each_batch, Adjacent, Columns, Epilogue, Product};
pub(crate) use grid::{div, div_ceil, Grid};
pub(crate) use operand::{pack_sliver, AlongK, AlongLanes, Rows, Scratch, Strided};

use crate::tuning::FEW_COLUMNS;
pub(crate) use crate::tuning::{KC, MC, NC, NV};

/// The widest register tile in elements, for arrays: `NV` vectors of four floats.
pub(crate) const MAX_NR: usize = NV * 4;

/// C is added to, not overwritten.
const ACCUMULATE: u32 = 1;
/// C = max(…, 0) at the end.
const RELU: u32 = 2;
/// The bias has an element per row of C, not per column.
const BIAS_PER_ROW: u32 = 4;

/// The length of the work range of `gemm`: how many tiles C `[batch, m, n]` is cut into. It depends on nothing
/// else, and no element's bits depend on it.
#[no_mangle]
pub unsafe extern "C" fn gemm_tiles(m: usize, n: usize, batch: usize) -> usize {
    Grid::new(m, n, batch).per_batch() * batch
}

kernel! {
    /// C (=|+=) A B (+ bias) (then relu), for each of `batch` matrices: A `[m, k]`, B `[k, n]`, C `[m, n]`.
    ///
    /// `rsa` and `csa` are the row and column strides of A in elements, `sa` that from matrix to matrix (0
    /// repeats one matrix); likewise for B. C has row stride `rsc` and column stride 1. `bias` is null for none.
    /// `flags`: 1 accumulate (without it C is not read), 2 relu, 4 bias per row. The range counts the tiles of
    /// [`gemm_tiles`].
    fn gemm<T>(
        c: *mut T, a: *const T, b: *const T, bias: *const T, m: usize, n: usize, k: usize, batch: usize,
        rsa: isize, csa: isize, sa: isize, rsb: isize, csb: isize, sb: isize, rsc: usize, sc: usize,
        flags: u32, begin: usize, end: usize,
    ) {
        let epilogue = Epilogue { bias, per_row: flags & BIAS_PER_ROW != 0, relu: flags & RELU != 0, accumulate: flags & ACCUMULATE != 0 };
        let grid = Grid::new(m, n, batch);
        each_batch(grid.per_batch(), begin, end, |i, first, last| {
            let (a, b, c) = (a.offset(sa * i as isize), b.offset(sb * i as isize), c.add(sc * i));
            if n == 1 || m == 1 {
                let (lo, hi) = grid.span(first, last);
                let bias_stride = if n == 1 { epilogue.per_row } else { !epilogue.per_row } as usize;
                let (matrix, x, step) = if n == 1 {
                    (Strided { p: a, lane: rsa, k: csa }, Strided { p: b, lane: 0, k: rsb }, rsc)
                } else {
                    (Strided { p: b, lane: csb, k: rsb }, Strided { p: a, lane: 0, k: csa }, 1)
                };
                vector::matrix_vector(c, step, &matrix, &x, lo, hi, k, &epilogue, bias_stride);
            } else {
                let a = Strided { p: a, lane: rsa, k: csa };
                let b = Strided { p: b, lane: csb, k: rsb };
                if n <= FEW_COLUMNS && m > n && rsa == 1 {
                    // Cᵀ = Bᵀ Aᵀ fills the lanes.
                    let epilogue = Epilogue { per_row: !epilogue.per_row, ..epilogue };
                    let columns = Apart { stride: rsc };
                    let grid = grid.turned();
                    return Product { c, rsc: 1, a: b, b: a, columns, m: n, n: m, k, epilogue }.run(&grid, first, last);
                }
                Product { c, rsc, a, b, columns: Adjacent, m, n, k, epilogue }.run(&grid, first, last);
            }
        });
    }
}
