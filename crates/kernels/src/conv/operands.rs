//! What a convolution reads and writes, however it is done.

use super::shape::Shape;
use super::tile::Weights;

/// y = weights ⋆ x + bias, of this shape.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a, T> {
    pub y: *mut T,
    pub x: *const T,
    /// From group to group `next_group` elements.
    pub weights: Weights<T>,
    pub next_group: usize,
    /// Null for none.
    pub bias: *const T,
    pub shape: &'a Shape,
}
