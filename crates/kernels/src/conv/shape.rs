//! The sizes of a convolution.

use crate::gemm::{div, div_ceil};

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub n: usize,
    pub groups: usize,
    /// Channels of a group.
    pub group_in: usize,
    pub group_out: usize,
    pub rows: Axis,
    pub cols: Axis,
}

/// One of the two axes.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub input: usize,
    pub output: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub dilation: usize,
}

impl Axis {
    /// The outputs `lo..hi` for which tap `tap` reads inside the input.
    #[inline(always)]
    pub fn valid(&self, tap: usize) -> (usize, usize) {
        self.reading(tap, 0, self.input)
    }
    /// The outputs `lo..hi` for which tap `tap` reads inputs `first..last`.
    #[inline(always)]
    pub fn reading(&self, tap: usize, first: usize, last: usize) -> (usize, usize) {
        let at = tap * self.dilation;
        let from = |input: usize| div_ceil((input + self.padding).saturating_sub(at), self.stride).min(self.output);
        (from(first), from(last))
    }
    /// Inputs from the first to the last tap of a window.
    #[inline(always)]
    pub fn reach(&self) -> usize {
        self.dilation * (self.kernel - 1)
    }
    /// The input that output `out` reads through tap `tap`; meaningful only for valid outputs.
    #[inline(always)]
    pub fn source(&self, out: usize, tap: usize) -> usize {
        (out * self.stride + tap * self.dilation).wrapping_sub(self.padding)
    }
}

impl Shape {
    #[inline(always)]
    pub fn new(
        n: usize,
        c: usize,
        h: usize,
        w: usize,
        o: usize,
        oh: usize,
        ow: usize,
        kh: usize,
        kw: usize,
        sh: usize,
        sw: usize,
        ph: usize,
        pw: usize,
        dh: usize,
        dw: usize,
        groups: usize,
    ) -> Self {
        Shape {
            n,
            groups,
            group_in: div(c, groups),
            group_out: div(o, groups),
            rows: Axis {
                input: h,
                output: oh,
                kernel: kh,
                stride: sh,
                padding: ph,
                dilation: dh,
            },
            cols: Axis {
                input: w,
                output: ow,
                kernel: kw,
                stride: sw,
                padding: pw,
                dilation: dw,
            },
        }
    }
    /// A 1 × 1 convolution that visits every pixel is the same on rows laid end to end: longer runs to copy.
    pub fn flat(&self) -> Self {
        let same = |a: &Axis| a.kernel == 1 && a.stride == 1 && a.padding == 0 && a.input == a.output;
        if !same(&self.rows) || !same(&self.cols) {
            return *self;
        }
        let mut flat = *self;
        (flat.rows.input, flat.rows.output) = (1, 1);
        (flat.cols.input, flat.cols.output) = (self.in_plane(), self.out_plane());
        flat
    }
    /// The convolution that gives the input gradient: of dy, with the kernel turned round. None where the stride is not
    /// 1, or where padding beyond the kernel's reach would have to cut dy.
    pub fn turned(&self) -> Option<Self> {
        let turn = |a: &Axis| {
            let padding = a.reach().checked_sub(a.padding)?;
            (a.stride == 1).then_some(Axis {
                input: a.output,
                output: a.input,
                padding,
                ..*a
            })
        };
        let (rows, cols) = (turn(&self.rows)?, turn(&self.cols)?);
        Some(Shape {
            group_in: self.group_out,
            group_out: self.group_in,
            rows,
            cols,
            ..*self
        })
    }
    pub fn in_plane(&self) -> usize {
        self.rows.input * self.cols.input
    }
    pub fn out_plane(&self) -> usize {
        self.rows.output * self.cols.output
    }
    /// Taps of the kernel.
    pub fn taps(&self) -> usize {
        self.rows.kernel * self.cols.kernel
    }
    /// Elements of a window, all channels of the group: the depth of the product.
    pub fn window(&self) -> usize {
        self.group_in * self.taps()
    }
}
