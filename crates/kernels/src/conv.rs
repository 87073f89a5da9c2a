//! (family conv)
