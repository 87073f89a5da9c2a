//! Moving and making elements: strided copies, fills, casts and ranges.

mod cast;
mod fill;
mod strided;
#[cfg(test)]
mod tests;
