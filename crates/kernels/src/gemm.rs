//! (family gemm)
