"""A result as few numbers: bench/sketch.ts."""

import numpy as np

PICKED = 512
BLOCKS = 64


def sketch(result, moments):
    x = result.detach().double().contiguous().view(-1).numpy()
    length = len(x)
    if moments:
        return {"length": length, "picked": [float(x.mean()), float(x.std())], "blocks": []}
    picked, blocks = min(length, PICKED), min(length, BLOCKS)
    edges = [i * length // blocks for i in range(blocks + 1)]
    return {
        "length": length,
        "picked": [sendable(x[i * length // picked]) for i in range(picked)],
        "blocks": [sendable(x[edges[i] : edges[i + 1]].mean()) for i in range(blocks)],
    }


def sendable(value):
    return float(value) if np.isfinite(value) else None
