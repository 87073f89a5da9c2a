"""Models of the bench in PyTorch's layers."""

import torch
import torch.nn.functional as F
from torch import nn

from ops import side
from values import values


class LastStep(nn.Module):
    def forward(self, x):
        return x[:, -1]


class MeanOverTime(nn.Module):
    def forward(self, x):
        return x.mean(1)


class Recurrent(nn.Module):
    """The whole sequence; `carry` starts from the last state, detached."""

    def __init__(self, module, carry):
        super().__init__()
        self.module, self.carry, self.state = module, carry, None

    def forward(self, x):
        out, state = self.module(x, self.state)
        if self.carry:
            self.state = state.detach()
        return out


class Sample(nn.Module):
    def __init__(self, noise):
        super().__init__()
        self.noise = noise

    def forward(self, x):
        self.mean, self.log_variance = x.chunk(2, 1)
        if self.noise == 0:
            return self.mean
        return torch.randn_like(self.mean) * (0.5 * self.log_variance).exp() + self.mean


def recurrent(cls, **options):
    return lambda l: Recurrent(cls(l["in"], l["hidden"], batch_first=True, **options), l.get("carry", False))


def encoder(l):
    return nn.TransformerEncoderLayer(l["d"], l["heads"], l["ff"], dropout=0.0, batch_first=True)


LAYERS = {
    "linear": lambda l: nn.Linear(l["in"], l["out"]),
    "conv": lambda l: nn.Conv2d(l["in"], l["out"], l["kernel"], padding=l.get("padding", 0)),
    "batchNorm": lambda l: nn.BatchNorm2d(l["features"]),
    "maxPool": lambda l: nn.MaxPool2d(2),
    "flatten": lambda l: nn.Flatten(),
    "dropout": lambda l: nn.Dropout(l["p"]),
    "relu": lambda l: nn.ReLU(),
    "tanh": lambda l: nn.Tanh(),
    "sigmoid": lambda l: nn.Sigmoid(),
    "lastStep": lambda l: LastStep(),
    "meanOverTime": lambda l: MeanOverTime(),
    "rnn": recurrent(nn.RNN, nonlinearity="relu"),
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "encoder": encoder,
    "sample": lambda l: Sample(l["noise"]),
}

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD, "rmsprop": torch.optim.RMSprop}


def elbo(out, target, model):
    sample = next(m for m in model if isinstance(m, Sample))
    mean, log_variance = sample.mean, sample.log_variance
    divergence = 0.5 * (log_variance.exp() - log_variance - 1 + mean.pow(2)).sum()
    return F.binary_cross_entropy(out, target, reduction="sum") + divergence


LOSSES = {
    "crossEntropy": lambda out, target, _: F.cross_entropy(out, target),
    "mse": lambda out, target, _: F.mse_loss(out, target),
    "bceWithLogits": lambda out, target, _: F.binary_cross_entropy_with_logits(out, target),
    "elbo": elbo,
}


def build(row):
    model = nn.Sequential(*(LAYERS[l["layer"]](l) for l in row["args"]["layers"]))
    with torch.no_grad():
        for p, spec in zip(model.parameters(), row["parameters"], strict=True):
            p.copy_(values(spec))
    return model


def train(inputs, row):
    model = build(row)
    x = inputs["x"]
    y = inputs.get("y", x)
    options = {"weight_decay" if k == "weightDecay" else k: v for k, v in row["args"]["optimizer"].items() if k != "name"}
    optimizer = OPTIMIZERS[row["args"]["optimizer"]["name"]](model.parameters(), **options)
    loss_of = LOSSES[row["args"]["loss"]]
    loss = None

    def run():
        nonlocal loss
        optimizer.zero_grad()
        loss = loss_of(model(x), y, model)
        loss.backward()
        optimizer.step()

    return run, lambda: torch.cat([loss.detach().view(1), *(p.detach().view(-1) for p in model.parameters())])


def infer(inputs, row):
    model = build(row).eval()

    def forward():
        with torch.inference_mode():
            return model(inputs["x"])

    return side(forward)
