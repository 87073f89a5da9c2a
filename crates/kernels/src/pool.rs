//! (family pool)
