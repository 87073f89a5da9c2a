"""What PyTorch's CPU generator draws, for tests/random.test.ts. Run: python3 tests/golden/random.py

Each case starts from its seed and ends with one more number, which shows that as many were drawn here as there.
"""

import json
import pathlib

import torch
from torch.nn import functional as F

here = pathlib.Path(__file__).parent
weights = torch.tensor([[0.1, 0.2, 0.3, 0.4], [4.0, 0.0, 1.0, 2.0]])
f64 = {"dtype": torch.float64}
x = torch.arange(1, 41, dtype=torch.float32) / 8

cases = {
    "rand": lambda: torch.rand(20),
    "rand far on": lambda: torch.rand(2000)[-5:],
    "rand float64": lambda: torch.rand(2, 5, **f64),
    "randn 1": lambda: torch.randn(1),
    "randn 15": lambda: torch.randn(15),
    "randn 16": lambda: torch.randn(16),
    "randn 17": lambda: torch.randn(17),
    "randn 1001": lambda: torch.randn(1001)[-20:],
    "randn float64": lambda: torch.randn(5, 5, **f64),
    "randn few float64": lambda: torch.randn(3, **f64),
    "randn pairs": lambda: torch.cat([torch.randn(1), torch.randn(20), torch.randn(2)]),
    "randint": lambda: torch.randint(10, (20,)),
    "randint from": lambda: torch.randint(-5, 5, (20,)),
    "randint wide": lambda: torch.randint(-(2**31), 2**31 - 1, (20,)),
    "randint 2^28": lambda: torch.randint(2**28, (5,)),
    "randint below 2^28": lambda: torch.randint(2**28 - 1, (5,)),
    "randint uint8": lambda: torch.randint(256, (9,), dtype=torch.uint8),
    "randint float32": lambda: torch.randint(7, (9,), dtype=torch.float32),
    "randperm": lambda: torch.randperm(30),
    "randperm 1": lambda: torch.randperm(1),
    "normal": lambda: torch.normal(2.0, 0.5, (33,)),
    "normal tensors": lambda: torch.normal(x, x / 8),
    "bernoulli": lambda: torch.bernoulli(x / 5),
    "bernoulli float64": lambda: torch.bernoulli((x / 5).double()),
    "uniform_": lambda: torch.empty(9).uniform_(-0.3, 0.7),
    "uniform_ float64": lambda: torch.empty(9, **f64).uniform_(-0.3, 0.7),
    "normal_": lambda: torch.empty(5).normal_(1, 3),
    "exponential_": lambda: torch.empty(20).exponential_(2),
    "exponential_ float64": lambda: torch.empty(9, **f64).exponential_(),
    "bernoulli_": lambda: torch.empty(30).bernoulli_(0.3),
    "bernoulli_ bool": lambda: torch.empty(30, dtype=torch.bool).bernoulli_(),
    "random_ 2": lambda: torch.empty(1, 20).random_(2),
    "random_ from": lambda: torch.empty(9, dtype=torch.int32).random_(-3, 4),
    "random_ float32": lambda: torch.empty(5).random_(),
    "random_ float64": lambda: torch.empty(5, **f64).random_(),
    "random_ int32": lambda: torch.empty(5, dtype=torch.int32).random_(),
    "random_ uint8": lambda: torch.empty(9, dtype=torch.uint8).random_(),
    "dropout": lambda: F.dropout(x, 0.3),
    "dropout of nothing": lambda: F.dropout(x, 0.0),
    "dropout of all": lambda: F.dropout(x, 1.0),
    "dropout float64": lambda: F.dropout(x.double(), 0.1),
    "dropout2d": lambda: F.dropout2d(x.reshape(2, 5, 2, 2), 0.4),
    "multinomial": lambda: torch.multinomial(weights, 3),
    "multinomial 1": lambda: torch.multinomial(weights, 1, replacement=True),
    "multinomial replacement": lambda: torch.multinomial(weights, 10, replacement=True),
}


def draw(make, seed):
    torch.manual_seed(seed)
    y = make()
    values = y.double() if y.is_floating_point() else y.long()
    return {"shape": list(y.shape), "values": values.flatten().tolist(), "next": torch.rand(1).item()}


seeds = [3, 2**32 + 5, -1]
golden = {name: draw(make, seeds[i % 3]) | {"seed": seeds[i % 3]} for i, (name, make) in enumerate(cases.items())}
(here / "random.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in golden.items()) + "\n}\n")
