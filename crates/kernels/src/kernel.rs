/// Declares kernels once, generic over the float type `T`, and exports each as `name_f32` and `name_f64`.
///
/// ```ignore
/// kernel! {
///     /// out = max(x, 0). NaN stays NaN.
///     fn relu<T>(out: *mut T, x: *const T, begin: usize, end: usize) {
///         map1(out, x, begin, end, |v| v.max(Vector::splat(T::ZERO)))
///     }
/// }
/// ```
#[macro_export]
macro_rules! kernel {
    ($($(#[$meta:meta])* fn $name:ident<T>($($arg:ident: $ty:ty),* $(,)?) $body:block)+) => {$(
        $(#[$meta])*
        #[inline(always)]
        pub unsafe fn $name<T: $crate::simd::Real>($($arg: $ty),*) $body

        const _: () = {
            mod single {
                #[allow(unused_imports)]
                use super::*;
                type T = f32;
                #[export_name = concat!(stringify!($name), "_f32")]
                unsafe extern "C" fn entry($($arg: $ty),*) { super::$name::<T>($($arg),*) }
            }
            mod double {
                #[allow(unused_imports)]
                use super::*;
                type T = f64;
                #[export_name = concat!(stringify!($name), "_f64")]
                unsafe extern "C" fn entry($($arg: $ty),*) { super::$name::<T>($($arg),*) }
            }
        };
    )+};
}
