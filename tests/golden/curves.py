"""Loss curves of whole trainings in PyTorch, for tests/curves.test.ts. Run: python3 tests/golden/curves.py

The weights, the dropout masks and the order of the batches all come from the seed.
"""

import gzip
import json
import pathlib

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

here = pathlib.Path(__file__).parent
mnist = here.parent.parent / "examples" / "data" / "mnist"


def idx(name, offset, shape):
    raw = bytearray(gzip.open(mnist / name).read()[offset:])
    return torch.frombuffer(raw, dtype=torch.uint8).reshape(shape)


images = ((idx("train-images-idx3-ubyte.gz", 16, (-1, 1, 28, 28))[:8192].float() / 255) - 0.1307) / 0.3081
labels = idx("train-labels-idx1-ubyte.gz", 8, (-1,))[:8192].long()


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
    )


def batchnorm():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Dropout(0.25), nn.Linear(784, 64), nn.BatchNorm1d(64), nn.Tanh(), nn.Dropout(0.5), nn.Linear(64, 10),
    )


def train(seed, make, make_optimizer, dtype=torch.float32, steps=100):
    torch.manual_seed(seed)
    model = make().to(dtype)
    optimizer = make_optimizer(model.parameters())
    loader = DataLoader(TensorDataset(images, labels), batch_size=64, shuffle=True)
    losses = []
    for x, y in loader:
        loss = F.cross_entropy(model(x.to(dtype)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if len(losses) == steps:
            break
    model.eval()
    with torch.no_grad():
        held = F.cross_entropy(model(images[-512:].to(dtype)), labels[-512:]).item()
    return losses, held


def curve(*args, **options):
    """With how far PyTorch is from itself on another number of threads: rounding grows as training goes on."""
    torch.set_num_threads(1)
    losses, held = train(*args, **options)
    torch.set_num_threads(2)
    others, other_held = train(*args, **options)
    spread = max(abs(a - b) for a, b in zip([*losses, held], [*others, other_held]))
    return {"losses": [round(v, 9) for v in losses], "evaluated": round(held, 9), "spread": float(f"{spread:.1e}")}


curves = {
    "mlp, Adam": curve(1, mlp, lambda p: torch.optim.Adam(p, lr=1e-3)),
    "LeNet, SGD with momentum": curve(2, lenet, lambda p: torch.optim.SGD(p, lr=0.003, momentum=0.9)),
    "batch norm and dropout, SGD with momentum": curve(3, batchnorm, lambda p: torch.optim.SGD(p, lr=0.003, momentum=0.9)),
    "batch norm and dropout, AdamW": curve(4, batchnorm, lambda p: torch.optim.AdamW(p, lr=3e-4)),
    "mlp, RMSprop": curve(5, mlp, lambda p: torch.optim.RMSprop(p, lr=1e-4)),
    "batch norm and dropout in float64, SGD with momentum": curve(
        6, batchnorm, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9), dtype=torch.float64
    ),
}
(here / "curves.json").write_text(json.dumps(curves, indent=1) + "\n")
