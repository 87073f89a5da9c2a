"""What PyTorch's loaders and safetensors do, for tests/data.test.ts and tests/io.test.ts. Needs torch, numpy and safetensors.

Run: python3 tests/golden/data.py
"""

import base64
import io
import json
import pathlib

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load, save
from torch.utils.data import (
    DataLoader, RandomSampler, SubsetRandomSampler, TensorDataset, WeightedRandomSampler, default_collate, random_split,
)

here = pathlib.Path(__file__).parent
golden = {}


def orders():
    """Batches of three epochs, with another draw from the default generator between them."""
    for seed, n, batch, drop in [(0, 10, 3, False), (1, 16, 4, True), (42, 1, 1, False), (7, 1000, 128, True), (2**31 + 5, 33, 32, False)]:
        torch.manual_seed(seed)
        loader = DataLoader(TensorDataset(torch.arange(n)), batch_size=batch, shuffle=True, drop_last=drop)
        epochs = []
        for _ in range(3):
            epochs.append([x.tolist() for (x,) in loader])
            epochs.append(torch.rand(2).tolist())
        yield {"seed": seed, "n": n, "batch": batch, "drop": drop, "length": len(loader), "epochs": epochs}


def with_generator():
    generator = torch.Generator().manual_seed(5)
    loader = DataLoader(torch.arange(20), batch_size=6, shuffle=True, generator=generator)
    torch.manual_seed(1)
    return {"epochs": [[x.tolist() for x in loader] for _ in range(3)], "after": torch.rand(1, generator=generator).item(), "untouched": torch.rand(1).item()}


def samplers():
    data = range(10)
    generator = torch.Generator().manual_seed(3)
    weights = [0.1, 0.9, 0.4, 0.7, 3.0, 0.6]
    torch.manual_seed(2)
    return {
        "replacement": list(RandomSampler(data, replacement=True, num_samples=70)),
        "more": list(RandomSampler(data, num_samples=25)),
        "fewer": list(RandomSampler(data, num_samples=4)),
        "own": list(RandomSampler(data, generator=generator)) + list(RandomSampler(data, replacement=True, generator=generator)),
        "subset": list(SubsetRandomSampler([5, 3, 8, 1], generator=generator)),
        "weighted": list(WeightedRandomSampler(weights, 20, replacement=True, generator=generator)),
        "weightedOnce": list(WeightedRandomSampler(weights, 4, replacement=False, generator=generator)),
        "sequential": [x.tolist() for x in DataLoader(torch.arange(5), batch_size=2)],
        "after": torch.rand(1).item(),
    }


def splits():
    cases = [(10, [3, 7]), (30, [0.3, 0.3, 0.4]), (7, [0.5, 0.5]), (11, [0.7, 0.2, 0.1]), (5, [5, 0]), (100, [0.1] * 10), (10, [1.0])]
    for n, lengths in cases:
        generator = torch.Generator().manual_seed(42)
        yield {"n": n, "lengths": lengths, "parts": [list(part) for part in random_split(range(n), lengths, generator=generator)]}


def collated():
    samples = [{"x": torch.tensor([1.0, 2.0]), "y": 3, "z": [0.5, "a"], "on": True}, {"x": torch.tensor([3.0, 4.0]), "y": 4, "z": [1.5, "b"], "on": False}]
    batch = default_collate(samples)
    return {"x": batch["x"].tolist(), "y": batch["y"].tolist(), "z": [batch["z"][0].tolist(), list(batch["z"][1])], "on": batch["on"].tolist()}


def files():
    tensors = {
        "b": torch.tensor([True, False, True]),
        "weight": torch.tensor([[1.5, -0.0, float("inf")], [float("nan"), 1e-45, 3.4e38]]),
        "double": torch.tensor(0.1, dtype=torch.float64),
        "steps": torch.tensor([2**31 - 1, -(2**31), 0]),
        "short": torch.tensor([-32768, 32767], dtype=torch.int16),
        "ushort": torch.tensor([0, 65535], dtype=torch.uint16),
        "uint": torch.tensor([7], dtype=torch.uint32),
        "byte": torch.tensor([-128, 127, 5], dtype=torch.int8),
        "pixels": torch.tensor([[0, 128, 255]], dtype=torch.uint8),
        "half": torch.tensor([1.0, -2.5, 65504.0, 6e-8, 6.1e-5, float("-inf"), float("nan"), -0.0, 0.333], dtype=torch.float16),
        "brain": torch.tensor([1.0, -2.5, 3.3e38, 1e-40, float("inf"), float("nan"), 0.333], dtype=torch.bfloat16),
        "int": torch.tensor([[1], [-1]], dtype=torch.int32),
        "empty": torch.zeros(0, 3),
    }
    text = lambda x: [str(v) for v in x.double().flatten().tolist()]
    values = {name: {"shape": list(x.shape), "values": text(x)} for name, x in tensors.items()}
    return {"bytes": base64.b64encode(save(tensors, {"format": "pt", "note": "ä"})).decode(), "tensors": values}


def npy():
    def pack(x, **options):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, x, **options)
        return {"bytes": base64.b64encode(buffer.getvalue()).decode(), "dtype": x.dtype.str, "shape": list(x.shape), "values": [str(float(v)) for v in x.flatten()]}

    grid = np.arange(6).reshape(2, 3)
    for dtype in ["<f4", "<f8", "<f2", "|b1", "|u1", "|i1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8"]:
        yield pack((grid - (3 if np.dtype(dtype).kind in "if" else 0)).astype(dtype))
    yield pack(np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)))
    yield pack(np.array(2.5))
    yield pack(np.zeros((0, 3), "f4"))
    yield pack(np.array([1.5, -0.0, np.inf, np.nan]), version=(2, 0))
    yield pack(np.arange(3, dtype="i4"), version=(3, 0))


def written_here():
    """What lanegrad writes (tests/io.test.ts compares it byte by byte) must be what PyTorch reads."""
    path = here / "lanegrad.safetensors"
    tensors = load(path.read_bytes())
    expected = {
        "linear.weight": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        "pixels": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "big": torch.tensor([0.1, float("inf")], dtype=torch.float64),
        "mask": torch.tensor([[True], [False]]),
        "labels": torch.tensor([-1, 2**31 - 1], dtype=torch.int32),
        "scalar": torch.tensor(0.5),
        "none": torch.zeros(2, 0),
    }
    assert tensors.keys() == expected.keys(), tensors.keys()
    for name, x in expected.items():
        assert tensors[name].dtype == x.dtype and torch.equal(tensors[name], x), name
    with safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt", "epoch": "3"}, file.metadata()


golden["orders"] = list(orders())
golden["withGenerator"] = with_generator()
golden["samplers"] = samplers()
golden["splits"] = list(splits())
golden["collated"] = collated()
golden["file"] = files()
golden["npy"] = list(npy())
written_here()
(here / "data.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
