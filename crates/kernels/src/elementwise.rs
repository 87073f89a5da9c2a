//! (family elementwise)
