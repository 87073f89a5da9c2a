//! (family optim)
