"""Evaluates calls of the op table with PyTorch: JSON on stdin, JSON on stdout. See scripts/golden.mjs."""

import base64
import json
import math  # for expressions
import sys

import numpy as np
import torch
import torch.nn.functional as F  # for expressions

torch.set_num_threads(1)

DTYPES = {"float32": torch.float32, "float64": torch.float64, "int32": torch.int32, "uint8": torch.uint8, "bool": torch.bool}
WEIGHTS = 1000  # the number that stands for the weights of output 0 where inputs have theirs


def name_hash(name):
    h = 0x811C9DC5
    for char in name:
        h = ((h ^ ord(char)) * 0x01000193) & 0xFFFFFFFF
    return h


def stir(h, k):
    """MurmurHash3's finaliser, on numbers or arrays: tests/harness/hash.ts does the same."""
    h = np.asarray(h, dtype=np.uint64)
    k = np.asarray(k, dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    h = h ^ (((k + np.uint64(1)) * np.uint64(0x9E3779B1)) & mask)
    h = ((h ^ (h >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & mask
    h = ((h ^ (h >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & mask
    return h ^ (h >> np.uint64(16))


def uniform(seed, size):
    return (stir(seed, np.arange(size)) >> np.uint64(8)).astype(np.float64) / 2**24


def stream(op, sample, number):
    return stir(stir(name_hash(op), sample), number)


def make_input(call, number, plan):
    shape, dtype = plan["shape"], plan["dtype"]
    if plan["values"] is not None:
        values = np.array([float(value) for value in plan["values"]], dtype=np.float64)
    else:
        size = math.prod(shape)
        values = plan["low"] + (plan["high"] - plan["low"]) * uniform(stream(call["op"], call["seed"], number), size)
        if not dtype.startswith("float"):
            values = np.floor(values)
    if dtype.startswith("float"):
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)  # float64 tests have float32's values
    x = torch.tensor(values.reshape(shape), dtype=DTYPES[dtype])
    return x.requires_grad_(plan["grad"])


def encode(x):
    """dtype, shape and bytes: int64 becomes int32, which is what the library has."""
    x = x.detach().resolve_neg().contiguous()
    if x.dtype == torch.int64:
        if x.numel() and (x.max() > 2**31 - 1 or x.min() < -(2**31)):
            raise OverflowError("an int64 result does not fit int32")
        x = x.to(torch.int32)
    name = {value: key for key, value in DTYPES.items()}[x.dtype]
    return [name, list(x.shape), base64.b64encode(x.numpy().tobytes()).decode()]


def evaluate(call):
    torch.manual_seed(1)
    inputs = [make_input(call, i, plan) for i, plan in enumerate(call["inputs"])]
    scope = {**globals(), "inputs": inputs, **dict(zip("xyzwvu", inputs))}
    result = eval(call["torch"], scope)
    outputs = [result] if isinstance(result, torch.Tensor) else list(result)
    encoded = {"out": [encode(out) for out in outputs]}
    if call["mayFail"] or not any(x.requires_grad for x in inputs):
        return encoded
    terms = []
    for i, out in enumerate(outputs):
        if out.requires_grad:
            weights = (2 * uniform(stream(call["op"], call["seed"], WEIGHTS + i), out.numel()) - 1).astype(np.float32)
            terms.append((out * torch.tensor(weights.reshape(out.shape), dtype=out.dtype)).sum())
    wanted = [x for x in inputs if x.requires_grad]
    grads = iter(torch.autograd.grad(sum(terms), wanted, allow_unused=True) if terms else [None] * len(wanted))
    found = [next(grads) if x.requires_grad else None for x in inputs]
    encoded["grads"] = [None if g is None else encode(g)[2] for g in found]
    return encoded


def attempt(call):
    try:
        return evaluate(call)
    except Exception as error:
        text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        if call["mayFail"]:
            return {"error": text[:80]}
        shapes = ", ".join(f"{plan['dtype']}{plan['shape']}" for plan in call["inputs"])
        return {"wrong": f"{call['op']}: PyTorch cannot evaluate `{call['torch']}` on {shapes}: {text}"}


json.dump([attempt(call) for call in json.load(sys.stdin)], sys.stdout)
