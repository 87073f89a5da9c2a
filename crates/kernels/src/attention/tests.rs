use super::backward::attention_grad;
use super::forward::attention;
use super::*;
use core::ptr::{null, null_mut};

fn values(n: usize, seed: usize) -> Vec<f64> {
    (0..n)
        .map(|i| ((i * 7919 + seed * 104729 + 13) % 1009) as f64 / 504.5 - 1.0)
        .collect()
}

#[derive(Clone, Copy)]
enum Mask {
    None,
    Causal,
    Added,
    Bytes,
}

/// One attention problem in plain loops: out and the gradients of q, k, v and the mask.
struct Plain {
    out: Vec<f64>,
    gq: Vec<f64>,
    gk: Vec<f64>,
    gv: Vec<f64>,
    gmask: Vec<f64>,
}

const SCALE: f64 = 0.7;

#[allow(clippy::needless_range_loop)]
fn plain(
    q: &[f64],
    k: &[f64],
    v: &[f64],
    g: &[f64],
    drop: &[f64],
    hides: impl Fn(usize, usize) -> f64,
    [l, s, e, ev]: [usize; 4],
) -> Plain {
    let mut all = Plain {
        out: vec![0.0; l * ev],
        gq: vec![0.0; l * e],
        gk: vec![0.0; s * e],
        gv: vec![0.0; s * ev],
        gmask: vec![0.0; l * s],
    };
    for i in 0..l {
        let score = |j: usize| (0..e).map(|c| q[i * e + c] * k[j * e + c]).sum::<f64>() * SCALE + hides(i, j);
        let max = (0..s).map(score).fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = (0..s).map(|j| (score(j) - max).exp()).sum();
        let p = |j: usize| {
            if max == f64::NEG_INFINITY {
                0.0
            } else {
                (score(j) - max).exp() / total
            }
        };
        let dp = |j: usize| (0..ev).map(|c| g[i * ev + c] * v[j * ev + c]).sum::<f64>() * drop[i * s + j];
        let mean: f64 = (0..s).map(|j| p(j) * dp(j)).sum();
        for j in 0..s {
            let ds = p(j) * (dp(j) - mean);
            all.gmask[i * s + j] = ds;
            for c in 0..ev {
                all.out[i * ev + c] += p(j) * drop[i * s + j] * v[j * ev + c];
                all.gv[j * ev + c] += p(j) * drop[i * s + j] * g[i * ev + c];
            }
            for c in 0..e {
                all.gq[i * e + c] += ds * SCALE * k[j * e + c];
                all.gk[j * e + c] += ds * SCALE * q[i * e + c];
            }
        }
    }
    all
}

fn close(got: &[f64], want: &[f64], what: &str) {
    let worst = got
        .iter()
        .zip(want)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |a: f64, b| if b > a || b.is_nan() { b } else { a });
    assert!(worst < 1e-12, "{what}: off by {worst}");
}

fn check(sizes @ [l, s, e, ev]: [usize; 4], mask: Mask, dropped: bool, keep: bool) {
    const BATCH: usize = 2;
    let (q, k, v) = (values(BATCH * l * e, 1), values(BATCH * s * e, 2), values(BATCH * s * ev, 3));
    let (g, added) = (values(BATCH * l * ev, 4), values(l * s, 5));
    let bytes: Vec<u8> = (0..l * s).map(|i| (i % 3 != 1 && i / s.max(1) != 1) as u8).collect();
    let drop: Vec<f64> = (0..BATCH * l * s).map(|i| if dropped && i % 4 == 1 { 0.0 } else { 1.25 }).collect();
    let factors: Vec<f64> = if dropped { drop.clone() } else { vec![1.0; drop.len()] };
    let (mask_ptr, flags): (*const f64, u32) = match mask {
        Mask::None => (null(), 0),
        Mask::Causal => (null(), CAUSAL),
        Mask::Added => (added.as_ptr(), 0),
        Mask::Bytes => (bytes.as_ptr().cast(), BOOL_MASK),
    };
    let hides = |i: usize, j: usize| match mask {
        Mask::None => 0.0,
        Mask::Causal => {
            if j > i {
                f64::NEG_INFINITY
            } else {
                0.0
            }
        }
        Mask::Added => added[i * s + j],
        Mask::Bytes => {
            if bytes[i * s + j] == 0 {
                f64::NEG_INFINITY
            } else {
                0.0
            }
        }
    };
    let operand = |rows: usize, cols: usize| [(rows * cols) as i32, cols as i32, 1];
    let shared = [0, s as i32, 1];
    let meta = |operands: &[[i32; 3]]| [&[1, BATCH as i32], operands.concat().as_slice()].concat();
    let (of_q, of_k, of_v, of_out) = (operand(l, e), operand(s, e), operand(s, ev), operand(l, ev));
    let forward = meta(&[of_q, of_k, of_v, of_out, shared]);
    let backward = meta(&[of_out, of_out, of_q, of_k, of_v, of_q, of_k, of_v, shared]);
    let mut results: Vec<Vec<f64>> = Vec::new();
    // The whole range, then pieces, last first.
    for pieces in [false, true] {
        let mut out = vec![f64::NAN; BATCH * l * ev];
        let (mut logs, mut p) = (vec![f64::NAN; BATCH * l], vec![f64::NAN; BATCH * l * s]);
        let mut grads = [BATCH * l * e, BATCH * s * e, BATCH * s * ev, BATCH * l * s].map(|n| vec![f64::NAN; n]);
        let p = if keep { p.as_mut_ptr() } else { null_mut() };
        let drop = if dropped { drop.as_ptr() } else { null() };
        let ranges = |n: usize| -> Vec<(usize, usize)> {
            if pieces {
                (0..n).rev().map(|i| (i, i + 1)).collect()
            } else {
                vec![(0, n)]
            }
        };
        unsafe {
            for (lo, hi) in ranges(BATCH * attention_blocks(l)) {
                let (q, k, v) = (q.as_ptr(), k.as_ptr(), v.as_ptr());
                attention(
                    out.as_mut_ptr(),
                    logs.as_mut_ptr(),
                    p,
                    q,
                    k,
                    v,
                    mask_ptr,
                    drop,
                    forward.as_ptr(),
                    l,
                    s,
                    e,
                    ev,
                    SCALE,
                    flags,
                    lo,
                    hi,
                );
            }
            let [gq, gk, gv, gmask] = &mut grads;
            let gmask = if matches!(mask, Mask::Added) {
                gmask.as_mut_ptr()
            } else {
                null_mut()
            };
            for (lo, hi) in ranges(BATCH) {
                attention_grad(
                    gq.as_mut_ptr(),
                    gk.as_mut_ptr(),
                    gv.as_mut_ptr(),
                    gmask,
                    g.as_ptr(),
                    out.as_ptr(),
                    logs.as_ptr(),
                    p,
                    q.as_ptr(),
                    k.as_ptr(),
                    v.as_ptr(),
                    mask_ptr,
                    drop,
                    backward.as_ptr(),
                    l,
                    s,
                    e,
                    ev,
                    SCALE,
                    flags,
                    lo,
                    hi,
                );
            }
        }
        let all = [vec![out], grads.to_vec()].concat().concat();
        results.push(all);
        let [gq, gk, gv, gmask] = &grads;
        let out = &results[0][..BATCH * l * ev];
        for b in 0..BATCH {
            let part = |x: &[f64], n: usize| x[b * n..(b + 1) * n].to_vec();
            let want = plain(
                &part(&q, l * e),
                &part(&k, s * e),
                &part(&v, s * ev),
                &part(&g, l * ev),
                &part(&factors, l * s),
                hides,
                sizes,
            );
            close(&part(out, l * ev), &want.out, "out");
            close(&part(gq, l * e), &want.gq, "gq");
            close(&part(gk, s * e), &want.gk, "gk");
            close(&part(gv, s * ev), &want.gv, "gv");
            if matches!(mask, Mask::Added) {
                close(&part(gmask, l * s), &want.gmask, "gmask");
            }
        }
    }
    assert!(
        results[0].iter().zip(&results[1]).all(|(a, b)| a.to_bits() == b.to_bits()),
        "the split changes bits"
    );
}

#[test]
fn values_and_gradients_are_those_of_plain_loops() {
    for sizes @ [_, s, _, _] in [
        [3, 5, 4, 2],
        [1, 1, 1, 1],
        [7, 0, 3, 2],
        [65, 130, 5, 3],
        [200, 70, 2, 9],
        [130, 300, 3, 4],
        [2, 260, 4, 1],
        [5, 4, 0, 3],
    ] {
        for mask in [Mask::None, Mask::Causal, Mask::Added, Mask::Bytes] {
            for dropped in [false, true] {
                check(sizes, mask, dropped, false);
                if s <= COLS {
                    check(sizes, mask, dropped, true);
                }
            }
        }
    }
}
