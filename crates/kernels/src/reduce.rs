//! (family reduce)
