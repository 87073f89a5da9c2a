//! (family math)
