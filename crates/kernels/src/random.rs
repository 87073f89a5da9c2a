//! (family random)
