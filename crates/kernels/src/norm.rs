//! (family norm)
