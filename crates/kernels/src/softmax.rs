//! (family softmax)
