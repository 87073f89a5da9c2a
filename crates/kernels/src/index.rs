//! (family index)
