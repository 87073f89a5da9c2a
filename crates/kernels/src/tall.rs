//! How tall a register tile may be, which the engine decides.
//!
//! Twelve sums, six rows of two vectors, keep the processor's multipliers busier than eight: a product takes 4 to 5 % less.
//! They fit 16 registers if each operand is loaded where it is used. V8 before Turboshaft (Node 22 has relaxed SIMD, too)
//! loads all operands of a step first, and such tiles take it twice as long. So the host tells, once, before all else.
//! Each element is summed in the same order in any tile.

use crate::tuning::TALL_ROWS;
#[cfg(not(test))]
use engine::allow;
#[cfg(not(test))]
pub(crate) use engine::tall;
#[cfg(test)]
use tests::allow;
#[cfg(test)]
pub(crate) use tests::tall;

#[cfg(not(test))]
mod engine {
    use core::sync::atomic::{AtomicBool, Ordering};

    static ALLOWED: AtomicBool = AtomicBool::new(false);

    pub fn allow(on: bool) {
        ALLOWED.store(on, Ordering::Relaxed);
    }
    /// Without fused multiply-adds tiles are never tall: those need a register more for each product.
    #[inline(always)]
    pub fn tall() -> bool {
        crate::simd::FUSED && ALLOWED.load(Ordering::Relaxed)
    }
}

/// Whether tiles may be tall from here on, on all threads.
#[no_mangle]
pub extern "C" fn tall_tiles(on: u32) {
    allow(on != 0);
}

/// Rows of the next tile where `left` are left: at most `low`, unless tiles may be tall.
#[inline(always)]
pub(crate) fn tile_rows(left: usize, low: usize) -> usize {
    if tall() {
        tall_rows(left)
    } else {
        left.min(low)
    }
}

/// Rows of the next tall tile where `left` are left: six, or fewer so that none is a low one, whose few sums wait for each other.
#[inline(always)]
pub(crate) fn tall_rows(left: usize) -> usize {
    match left {
        7 | 8 => 4,
        9 => 5,
        _ => left.min(TALL_ROWS),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::tall_rows;
    use core::cell::Cell;

    thread_local! {
        // Of one test, as tests run side by side.
        static ALLOWED: Cell<bool> = const { Cell::new(false) };
    }
    pub fn allow(on: bool) {
        ALLOWED.set(on);
    }
    pub fn tall() -> bool {
        ALLOWED.get()
    }

    /// What `f` gives with low tiles and with tall ones.
    pub fn low_and_tall<R>(mut f: impl FnMut() -> R) -> [R; 2] {
        [false, true].map(|on| {
            allow(on);
            let result = f();
            allow(false);
            result
        })
    }

    #[test]
    fn tiles_cover_all_rows_and_few_are_low() {
        for rows in 1..200 {
            let (mut left, mut low) = (rows, 0);
            while left > 0 {
                let tile = tall_rows(left);
                assert!(tile > 0 && tile <= left);
                low += (tile < 4) as usize;
                left -= tile;
            }
            assert!(low == 0 || (low == 1 && (rows < 4 || rows % 6 == 1)), "{rows} rows");
        }
    }
}
