//! Numbers printed by PyTorch 2.15 after `torch.manual_seed(3)`.
use super::discrete;
use super::normal::{exponential, normal};
use super::*;

fn seeded() -> Generator {
    let mut g = Generator {
        next: 7,
        has_normal: 1,
        normal: 9.0,
        words: [1; WORDS],
    };
    unsafe { generator_seed(&mut g, 3) };
    g
}

fn draw<T: Clone + Default>(n: usize, run: impl Fn(*mut T, *mut Generator)) -> Vec<T> {
    let mut out = vec![T::default(); n];
    run(out.as_mut_ptr(), &mut seeded());
    out
}

fn close(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() <= tolerance), "{a:?}\n{b:?}");
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| v as f64).collect()
}

#[test]
fn uniforms_are_pytorchs_bit_for_bit() {
    let x = draw(702, |out, g| unsafe { uniform::<f32>(out, g, 702, 0.0, 1.0) });
    assert_eq!(x[..3], [0.004263520240783691, 0.10556936264038086, 0.2858424782752991]);
    assert_eq!(x[700..], [0.653603732585907, 0.020339608192443848]);
    let x = draw(3, |out, g| unsafe { uniform::<f32>(out, g, 3, -0.3, 0.7) });
    assert_eq!(x, [-0.29573649168014526, -0.1944306492805481, -0.014157533645629883]);
    // Ranges whose width is no power of two: rounded once.
    let x = draw(4, |out, g| unsafe { uniform::<f32>(out, g, 4, -2.0, 3.0) });
    assert_eq!(
        x,
        [-1.9786823987960815, -1.4721531867980957, -0.5707876086235046, -1.8652257919311523]
    );
    let x = draw(3, |out, g| unsafe { uniform::<f64>(out, g, 3, -0.1, 0.2) });
    assert_eq!(x, [-0.08976754130484386, -0.01397793198360791, 0.13187448329857532]);
    let x = draw(2, |out, g| unsafe { uniform::<f64>(out, g, 2, 0.0, 1.0) });
    assert_eq!(x, [0.03410819565052048, 0.28674022672130695]);
}

#[test]
fn integers_and_permutations_are_pytorchs() {
    assert_eq!(
        draw(6, |out, g| unsafe { discrete::integers_i32(out, g, 6, -3.0, 9.0, 0) }),
        [3, 5, 4, 4, -3, -3]
    );
    let x = draw(3, |out, g| unsafe {
        discrete::integers_i32(out, g, 3, -2147483648.0, 4294967294.0, 1)
    });
    assert_eq!(x, [521936386, 206574461, -376955008]);
    assert_eq!(
        draw(10, |out, g| unsafe { discrete::randperm(out, g, 10) }),
        [6, 0, 3, 7, 8, 5, 1, 9, 2, 4]
    );
    assert_eq!(draw(1, |out, g| unsafe { discrete::randperm(out, g, 1) }), [0]);
}

#[test]
fn coins_masks_and_categories_are_pytorchs() {
    assert_eq!(
        draw(12, |out, g| unsafe { discrete::bernoulli_u8(out, g, 12, 0.3) }),
        [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]
    );
    let p: Vec<f32> = (0..12).map(|i| i as f32 / 11.0).collect();
    let x = draw(12, |out, g| unsafe { discrete::bernoulli_each::<f32>(out, p.as_ptr(), g, 12) });
    assert_eq!(x, [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0]);
    let s = 1.4285714626312256f32;
    assert_eq!(
        draw(8, |out, g| unsafe { discrete::dropout_mask::<f32>(out, g, 8, 0.7) }),
        [s, s, 0.0, s, 0.0, s, s, s]
    );
    let (w, mut scratch) = ([0.1f32, 0.2, 0.3, 0.4], [0f32; 4]);
    let scratch = scratch.as_mut_ptr();
    let x = draw(10, |out, g| unsafe {
        discrete::multinomial::<f32>(out, w.as_ptr(), scratch, g, 4, 10)
    });
    assert_eq!(x, [0, 1, 3, 1, 3, 3, 1, 2, 2, 3]);
}

#[test]
fn few_normals_come_in_pairs_and_the_second_is_kept() {
    let mut g = seeded();
    let (mut x, mut y) = ([0f32; 5], [0f64; 1]);
    unsafe {
        normal(x.as_mut_ptr(), &mut g, 5, 0.0, 1.0);
        normal(y.as_mut_ptr(), &mut g, 1, 0.0, 1.0);
    }
    let expected = [
        0.8032760620117188,
        0.17483338713645935,
        0.08897809684276581,
        -0.6137180328369141,
        0.04618244990706444,
    ];
    close(&wide(&x), &expected, 6e-8);
    close(&y, &[-1.3682591776659836], 1e-15);
}

#[test]
fn many_normals_come_in_blocks_with_a_redrawn_tail() {
    #[rustfmt::skip]
    let n19 = [
        -0.07664429396390915, 0.35988152027130127, -0.7820168137550354, -1.651665449142456, 1.0460227727890015,
        0.5221869945526123, -0.16680915653705597, 0.05303340032696724, 0.4046071469783783, 0.6112996339797974,
        0.7603904008865356, -1.1952342987060547, 0.997922420501709, 0.45918044447898865, 2.436397075653076,
        -0.1468081772327423, 0.4851140081882477, 0.2052343785762787, 0.33842819929122925,
    ];
    let x = draw(19, |out, g| unsafe { normal::<f32>(out, g, 19, 0.0, 1.0) });
    close(&wide(&x), &n19, 5e-7);
    let x = draw(19, |out, g| unsafe { normal::<f32>(out, g, 19, 2.0, 0.5) });
    close(&wide(&x), &n19.map(|v| v * 0.5 + 2.0), 5e-7);
    #[rustfmt::skip]
    let n19 = [
        -0.21774879177876416, 0.1466771298110492, 0.6690811213485476, -0.47243610013370785, -1.3464356890265727,
        -0.2841692588173489, 0.16794475101412973, 0.7580573286215819, 1.0784352439814244, 0.34363379791442283,
        0.7198251676658504, -0.2213963739970204, -0.5840098795893389, -1.224985367308154, -0.269718737037564,
        0.20366863384122577, 0.028752867895017985, 0.24243710319485537, 0.7841722963522199,
    ];
    close(&draw(19, |out, g| unsafe { normal::<f64>(out, g, 19, 0.0, 1.0) }), &n19, 2e-15);
}

#[test]
fn exponentials_are_pytorchs() {
    let x = draw(3, |out, g| unsafe { exponential::<f32>(out, g, 3, 2.0) });
    close(&wide(&x), &[0.017351727932691574, 0.1689547896385193, 0.7412153482437134], 6e-8);
}
