"""The numbers of an input: bench/row.ts in NumPy."""

import numpy as np
import torch


def values(spec):
    count = int(np.prod(spec["shape"], dtype=np.int64))
    state = (np.uint64(spec["seed"]) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)).astype(np.uint32)
    t = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
    t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
    t ^= t >> np.uint32(14)
    low, high = spec.get("low", -1), spec.get("high", 1)
    out = low + (high - low) * (t.astype(np.float64) / 2**32)
    return torch.from_numpy(out.astype(np.int64 if spec.get("int") else np.float32).reshape(spec["shape"]))
