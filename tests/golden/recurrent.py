"""Values of torch for tests/recurrent.test.ts: python3 tests/golden/recurrent.py writes recurrent.json beside it."""

import json
import math
import pathlib
import warnings

import torch
from torch import nn
from torch.nn.utils import rnn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def values(x):
    """Shape and numbers of a tensor, with the digits that its dtype has."""
    digits = 9 if x.dtype == torch.float32 else 17
    return {"shape": list(x.shape), "data": [float(f"{v:.{digits}g}") for v in x.detach().double().flatten().tolist()]}


def ramp(*shape):
    """The inputs of the tests: -1.5, -1.3…, wrapped, so that both sides make them alike."""
    n = math.prod(shape)
    return (((torch.arange(n, dtype=torch.float64) * 7) % 31 - 15) / 10).float().reshape(shape)


# kind, arguments, shape of x, whether initial states are given, lengths of packed sequences, whether they are sorted
LAYERS = {
    "rnn": ("RNN", (3, 5), {}, (4, 2, 3), True, None),
    "rnnRelu": ("RNN", (3, 5), {"nonlinearity": "relu", "bias": False}, (4, 2, 3), False, None),
    "rnnDeep": ("RNN", (3, 4), {"num_layers": 2, "bidirectional": True, "batch_first": True}, (3, 5, 3), True, None),
    "rnnOne": ("RNN", (1, 1), {}, (1, 1, 1), True, None),
    "lstm": ("LSTM", (4, 6), {}, (5, 3, 4), True, None),
    "lstmNoBias": ("LSTM", (4, 7), {"bias": False, "batch_first": True}, (3, 5, 4), False, None),
    "lstmDeep": ("LSTM", (3, 6), {"num_layers": 2, "bidirectional": True}, (6, 5, 3), True, None),
    "lstmUnbatched": ("LSTM", (3, 5), {"num_layers": 2, "bidirectional": True, "batch_first": True}, (6, 3), True, None),
    "lstmStep": ("LSTM", (3, 5), {}, (1, 1, 3), False, None),
    "lstmProjected": ("LSTM", (3, 5), {"proj_size": 2, "num_layers": 2, "bidirectional": True}, (4, 3, 3), True, None),
    "lstmPacked": ("LSTM", (3, 5), {"num_layers": 2, "bidirectional": True}, (5, 4, 3), True, [5, 3, 3, 1]),
    "lstmPackedAnyOrder": ("LSTM", (3, 5), {"bidirectional": True, "batch_first": True}, (4, 6, 3), True, [2, 6, 1, 4]),
    "lstmPackedProjected": ("LSTM", (3, 5), {"proj_size": 3, "bidirectional": True}, (5, 4, 3), True, [5, 3, 3, 1]),
    "lstmDropout": ("LSTM", (3, 8), {"num_layers": 3, "dropout": 0.4, "bidirectional": True, "batch_first": True}, (3, 6, 3), False, None),
    "lstmPackedDropout": ("LSTM", (3, 8), {"num_layers": 2, "dropout": 0.5}, (6, 3, 3), False, [6, 5, 2]),
    "gru": ("GRU", (4, 6), {}, (5, 3, 4), True, None),
    "gruNoBias": ("GRU", (4, 7), {"bias": False, "batch_first": True}, (3, 5, 4), False, None),
    "gruDeep": ("GRU", (3, 6), {"num_layers": 2, "bidirectional": True}, (6, 5, 3), True, None),
    "gruUnbatched": ("GRU", (3, 5), {}, (6, 3), True, None),
    "gruPacked": ("GRU", (3, 5), {"num_layers": 2, "bidirectional": True}, (5, 4, 3), True, [5, 3, 3, 1]),
    "gruPackedAnyOrder": ("GRU", (3, 5), {"num_layers": 2}, (6, 4, 3), False, [2, 6, 1, 4]),
    "gruDropout": ("GRU", (3, 8), {"num_layers": 2, "dropout": 0.4}, (6, 3, 3), False, None),
}


def states_of(module, batch, packed):
    """Initial states, as ramps: one for RNN and GRU, two for LSTM."""
    layers = module.num_layers * (2 if module.bidirectional else 1)
    features = [module.proj_size or module.hidden_size, module.hidden_size]
    count = 2 if isinstance(module, nn.LSTM) else 1
    return [(ramp(layers, *batch, size) / (i + 2)).requires_grad_() for i, size in enumerate(features[:count])]


def layer(kind, sizes, options, shape, initial, lengths):
    torch.manual_seed(3)
    module = getattr(nn, kind)(*sizes, **options)
    shapes = {key: list(v.shape) for key, v in module.state_dict().items()}
    start = {key: values(v) for key, v in module.state_dict().items()} if len(shapes) <= 4 else None
    x = ramp(*shape).requires_grad_()
    batch_first = options.get("batch_first", False)
    batch = [] if len(shape) == 2 else [shape[0 if batch_first else 1]]
    states = states_of(module, batch, lengths) if initial else []
    hx = None if not initial else tuple(states) if kind == "LSTM" else states[0]
    ordered = lengths == sorted(lengths or [], reverse=True)
    given = x if lengths is None else rnn.pack_padded_sequence(x, lengths, batch_first=batch_first, enforce_sorted=ordered)
    output, last = module(given, hx)
    last = list(last) if kind == "LSTM" else [last]
    if lengths is not None:
        output, _ = rnn.pad_packed_sequence(output, batch_first=batch_first)
    (output * ramp(*output.shape)).sum().add(sum((s * ramp(*s.shape)).sum() * (i + 2) for i, s in enumerate(last))).backward()
    return {
        "printed": str(module),
        "shapes": shapes,
        "start": start,
        "output": values(output),
        "last": [values(s) for s in last],
        "gradInput": values(x.grad),
        "gradStates": [values(s.grad) for s in states],
        "grads": {key: values(p.grad) for key, p in module.named_parameters()},
    }


CELLS = {
    "rnnCell": (lambda: nn.RNNCell(3, 5), (4,)),
    "rnnCellRelu": (lambda: nn.RNNCell(3, 5, nonlinearity="relu", bias=False), (4,)),
    "lstmCell": (lambda: nn.LSTMCell(3, 5), (4,)),
    "lstmCellUnbatched": (lambda: nn.LSTMCell(3, 5, bias=False), ()),
    "gruCell": (lambda: nn.GRUCell(3, 5), (4,)),
    "gruCellUnbatched": (lambda: nn.GRUCell(3, 5), ()),
}


def cell(make, batch):
    """Three steps, the first from zeros."""
    torch.manual_seed(3)
    module = make()
    x = ramp(3, *batch, 3).requires_grad_()
    state = None
    for t in range(3):
        state = module(x[t], state)
    states = list(state) if isinstance(state, tuple) else [state]
    sum((s * ramp(*s.shape)).sum() for s in states).backward()
    return {
        "printed": str(module),
        "states": [values(s) for s in states],
        "gradInput": values(x.grad),
        "grads": {key: values(p.grad) for key, p in module.named_parameters()},
    }


def packing():
    x = ramp(3, 4, 2)
    packed = rnn.pack_padded_sequence(x, [2, 4, 1], batch_first=True, enforce_sorted=False)
    whole, lengths = rnn.pad_packed_sequence(packed, batch_first=True, padding_value=-1.0, total_length=5)
    sequences = [ramp(3, 2), ramp(1, 2), ramp(2, 2)]
    return {
        "data": values(packed.data),
        "batchSizes": packed.batch_sizes.tolist(),
        "sortedIndices": packed.sorted_indices.tolist(),
        "unsortedIndices": packed.unsorted_indices.tolist(),
        "whole": values(whole),
        "lengths": lengths.tolist(),
        "padded": values(rnn.pad_sequence(sequences, padding_value=0.5)),
        "paddedLeft": values(rnn.pad_sequence(sequences, batch_first=True, padding_side="left")),
        "sequence": values(rnn.pack_sequence(sequences, enforce_sorted=False).data),
        "unpacked": [values(s) for s in rnn.unpack_sequence(rnn.pack_sequence(sequences, enforce_sorted=False))],
    }


def curve(kind, dtype, optimizer):
    """Losses of a small training: the sign of the sum of the first feature over the sequence, from the last output."""
    torch.manual_seed(5)
    module = getattr(nn, kind)(2, 12, num_layers=2, dropout=0.2)
    head = nn.Linear(12, 1)
    module, head = module.to(dtype), head.to(dtype)
    update = optimizer([*module.parameters(), *head.parameters()])
    losses = []
    for _ in range(60):
        x = (torch.rand(8, 16, 2) * 2 - 1).to(dtype)
        y = (x[:, :, 0].sum(0) > 0).to(dtype).unsqueeze(1)
        output, _ = module(x)
        loss = nn.functional.mse_loss(head(output[-1]), y)
        update.zero_grad()
        loss.backward()
        update.step()
        losses.append(loss.item())
    return losses


CURVES = {
    "LSTM, Adam": ("LSTM", torch.float32, lambda p: torch.optim.Adam(p, lr=1e-2)),
    "GRU, RMSprop": ("GRU", torch.float32, lambda p: torch.optim.RMSprop(p, lr=1e-3)),
    "LSTM in float64, SGD with momentum": ("LSTM", torch.float64, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "GRU in float64, Adam": ("GRU", torch.float64, lambda p: torch.optim.Adam(p, lr=1e-2)),
}

golden = {
    "layers": {key: layer(*case) for key, case in LAYERS.items()},
    "cells": {key: cell(*case) for key, case in CELLS.items()},
    "packing": packing(),
    "curves": {key: curve(*case) for key, case in CURVES.items()},
}
(pathlib.Path(__file__).parent / "recurrent.json").write_text(json.dumps(golden) + "\n")
