//! (family copy)
