//! Walking over strided operands, a block of inner dimensions at a time.

use core::mem::MaybeUninit;

/// PyTorch's limit; shapes with more dimensions never reach a kernel.
const MAX_DIMS: usize = 64;

/// (stride of the dimension before the last, stride of the last); 0 for a dimension that is not there.
pub type Inner = (isize, isize);

/// Calls `f(at, offsets, inner strides, from, to)` for each block that meets `begin..end`, in order.
///
/// meta = [ndim, shape[ndim], strides[ndim] per operand]. A block is the innermost `block_dims` dimensions: it counts
/// elements `from..to` of itself, the first of which is element `at` of the whole. An offset is where an operand's block
/// starts, in elements.
#[inline(always)]
pub unsafe fn walk<const N: usize>(
    meta: *const i32,
    block_dims: usize,
    begin: usize,
    end: usize,
    mut f: impl FnMut(usize, [isize; N], [Inner; N], usize, usize),
) {
    if begin >= end {
        return;
    }
    let ndim = *meta as usize;
    let shape = meta.add(1);
    let size = |d: usize| *shape.add(d) as usize;
    let stride = |n: usize, d: usize| *shape.add(ndim * (n + 1) + d) as isize;
    let outer = ndim.saturating_sub(block_dims);
    let inner: [Inner; N] = core::array::from_fn(|n| {
        let last = if ndim > 0 { stride(n, ndim - 1) } else { 0 };
        (if ndim > 1 { stride(n, ndim - 2) } else { 0 }, last)
    });
    let block = (outer..ndim).fold(1, |product, d| product * size(d));

    let mut index = [MaybeUninit::<usize>::uninit(); MAX_DIMS];
    let index = index.as_mut_ptr() as *mut usize;
    let mut offsets = [0isize; N];
    let mut rest = quotient(begin, block);
    let mut from = begin - rest * block;
    let mut d = outer;
    while d > 0 {
        d -= 1;
        let next = quotient(rest, size(d));
        let i = rest - next * size(d);
        *index.add(d) = i;
        offsets.iter_mut().enumerate().for_each(|(n, o)| *o += i as isize * stride(n, d));
        rest = next;
    }

    let mut at = begin;
    while at < end {
        let to = block.min(from + (end - at));
        f(at, offsets, inner, from, to);
        at += to - from;
        from = 0;
        let mut d = outer;
        while d > 0 {
            d -= 1;
            let i = *index.add(d) + 1;
            if i < size(d) {
                *index.add(d) = i;
                offsets.iter_mut().enumerate().for_each(|(n, o)| *o += stride(n, d));
                break;
            }
            *index.add(d) = 0;
            offsets
                .iter_mut()
                .enumerate()
                .for_each(|(n, o)| *o -= (size(d) as isize - 1) * stride(n, d));
        }
    }
}

/// a / b without a path to a panic. b is never 0: then there would be no elements.
#[inline(always)]
pub fn quotient(a: usize, b: usize) -> usize {
    a.checked_div(b).unwrap_or(0)
}
