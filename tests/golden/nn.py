"""Values of torch for tests/nn.test.ts, modules.test.ts and optim.test.ts: python3 tests/golden/nn.py writes nn.json beside it."""

import json
import math
import pathlib
import warnings

import torch
from torch import nn, optim

warnings.filterwarnings("ignore")


def values(x):
    """Shape and numbers of a tensor, with the digits that its dtype has."""
    digits = 9 if x.dtype == torch.float32 else 17
    return {"shape": list(x.shape), "data": [float(f"{v:.{digits}g}") for v in x.detach().double().flatten().tolist()]}


def ramp(*shape, dtype=torch.float32):
    """The inputs of the tests: -1.5, -1.3…, wrapped, so that both sides make them alike."""
    n = math.prod(shape)
    return (((torch.arange(n, dtype=torch.float64) * 7) % 31 - 15) / 10).to(dtype).reshape(shape)


# ---- layers: initial state for a seed, output, gradient of the input, state afterwards, printed form

LAYERS = {
    "linear": (lambda: nn.Linear(5, 3), (4, 5)),
    "linearNoBias": (lambda: nn.Linear(20, 7, bias=False), (2, 3, 20)),
    "conv1d": (lambda: nn.Conv1d(2, 3, 3, padding=1), (2, 2, 6)),
    "conv2d": (lambda: nn.Conv2d(2, 4, 3), (2, 2, 6, 5)),
    "conv2dOptions": (lambda: nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2, bias=False), (2, 4, 7, 6)),
    "conv2dSame": (lambda: nn.Conv2d(1, 2, 3, padding="same"), (1, 1, 4, 4)),
    "convTranspose2d": (lambda: nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, output_padding=1), (1, 3, 4, 4)),
    "maxPool2d": (lambda: nn.MaxPool2d(2), (1, 2, 6, 4)),
    "maxPool2dOptions": (lambda: nn.MaxPool2d((3, 2), stride=2, padding=1, ceil_mode=True), (1, 2, 6, 5)),
    "avgPool2d": (lambda: nn.AvgPool2d(3, stride=2, padding=1), (1, 2, 6, 5)),
    "adaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((2, 1)), (1, 2, 5, 3)),
    "batchNorm1d": (lambda: nn.BatchNorm1d(3), (4, 3)),
    "batchNorm1dCumulative": (lambda: nn.BatchNorm1d(3, momentum=None), (2, 3, 5)),
    "batchNorm1dPlain": (lambda: nn.BatchNorm1d(3, affine=False, track_running_stats=False), (4, 3)),
    "batchNorm2d": (lambda: nn.BatchNorm2d(3, eps=1e-3, momentum=0.3), (2, 3, 3, 2)),
    "layerNorm": (lambda: nn.LayerNorm((3, 5)), (2, 3, 5)),
    "layerNormPlain": (lambda: nn.LayerNorm(5, elementwise_affine=False), (2, 3, 5)),
    "groupNorm": (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    "dropout": (lambda: nn.Dropout(0.3), (4, 5)),
    "dropout2d": (lambda: nn.Dropout2d(), (2, 4, 2, 2)),
    "flatten": (lambda: nn.Flatten(), (2, 3, 4)),
    "unflatten": (lambda: nn.Unflatten(1, (2, 3)), (2, 6)),
    "identity": (lambda: nn.Identity(), (2, 3)),
    "relu": (lambda: nn.ReLU(), (3, 4)),
    "leakyRelu": (lambda: nn.LeakyReLU(0.2), (3, 4)),
    "elu": (lambda: nn.ELU(0.7), (3, 4)),
    "tanh": (lambda: nn.Tanh(), (3, 4)),
    "sigmoid": (lambda: nn.Sigmoid(), (3, 4)),
    "silu": (lambda: nn.SiLU(), (3, 4)),
    "gelu": (lambda: nn.GELU(), (3, 4)),
    "geluTanh": (lambda: nn.GELU(approximate="tanh"), (3, 4)),
    "softplus": (lambda: nn.Softplus(beta=2.0), (3, 4)),
    "softmax": (lambda: nn.Softmax(1), (3, 4)),
    "logSoftmax": (lambda: nn.LogSoftmax(-1), (3, 4)),
}


def state_of(module):
    return {key: values(v) for key, v in module.state_dict().items()}


def layer(make, shape):
    torch.manual_seed(3)
    module = make()
    initial = state_of(module)
    x = ramp(*shape).requires_grad_()
    y = module(x)
    (y * ramp(*y.shape)).sum().backward()
    again = module(ramp(*shape).flip(0))
    after = state_of(module)
    grads = {key: values(p.grad) for key, p in module.named_parameters()}
    evaluated = module.eval()(ramp(*shape))
    return {
        "printed": str(module),
        "initial": initial,
        "input": list(shape),
        "output": values(y),
        "grad": values(x.grad),
        "grads": grads,
        "again": values(again),
        "after": after,
        "evaluated": values(evaluated),
    }


def embedding():
    torch.manual_seed(3)
    small, padded = nn.Embedding(3, 4), nn.Embedding(10, 4, padding_idx=-2)
    y = padded(torch.tensor([[1, 8], [9, 1]]))
    (y * ramp(2, 2, 4)).sum().backward()
    limited = nn.Embedding(6, 4, max_norm=1.5, norm_type=1.0, scale_grad_by_freq=True)
    z = limited(torch.tensor([[1, 4], [1, 1]]))
    (z * ramp(2, 2, 4)).sum().backward()
    pretrained = nn.Embedding.from_pretrained(ramp(3, 2), max_norm=2.0)
    return {"limited": {"printed": str(limited), "output": values(z), "weight": values(limited.weight), "grad": values(limited.weight.grad)}, "pretrained": {"printed": str(pretrained), "output": values(pretrained(torch.tensor([0, 2]))), "weight": values(pretrained.weight)}, "small": values(small.weight), "padded": values(padded.weight), "output": values(y), "grad": values(padded.weight.grad), "printed": [str(small), str(padded)]}


# ---- losses

REDUCTIONS = ["mean", "sum", "none"]


def losses():
    x, y, p, q = ramp(4, 5), ramp(4, 5).flip(0), torch.sigmoid(ramp(4, 5)), torch.sigmoid(ramp(4, 5).flip(1))
    labels, weight = torch.tensor([1, 4, -100, 0]), torch.tensor([0.5, 2.0, 1.0, 0.25, 1.5])
    out = {}
    for r in REDUCTIONS:
        out[r] = {
            "mse": values(nn.MSELoss(reduction=r)(x, y)),
            "l1": values(nn.L1Loss(reduction=r)(x, y)),
            "smoothL1": values(nn.SmoothL1Loss(reduction=r, beta=0.7)(x, y)),
            "huber": values(nn.HuberLoss(reduction=r, delta=0.7)(x, y)),
            "crossEntropy": values(nn.CrossEntropyLoss(weight, reduction=r, label_smoothing=0.1)(x, labels)),
            "crossEntropyProbabilities": values(nn.CrossEntropyLoss(reduction=r)(x, torch.softmax(y, 1))),
            "nll": values(nn.NLLLoss(weight, ignore_index=1, reduction=r)(torch.log_softmax(x, 1), torch.tensor([1, 4, 2, 0]))),
            "bce": values(nn.BCELoss(weight, reduction=r)(p, q)),
            "bceWithLogits": values(nn.BCEWithLogitsLoss(weight, reduction=r, pos_weight=weight + 1)(x, q)),
        }
    return out


# ---- initialisers

INITS = {
    "uniform": lambda w: nn.init.uniform_(w, -2, 3),
    "normal": lambda w: nn.init.normal_(w, 1, 0.5),
    "constant": lambda w: nn.init.constant_(w, 0.3),
    "xavierUniform": lambda w: nn.init.xavier_uniform_(w, gain=nn.init.calculate_gain("tanh")),
    "xavierNormal": lambda w: nn.init.xavier_normal_(w),
    "kaimingUniform": lambda w: nn.init.kaiming_uniform_(w, nonlinearity="relu"),
    "kaimingNormal": lambda w: nn.init.kaiming_normal_(w, a=0.1, mode="fan_out"),
}


def inits():
    out = {}
    for name, init in INITS.items():
        torch.manual_seed(11)
        out[name] = values(init(torch.empty(4, 3, 2, 2)))
    out["gains"] = [nn.init.calculate_gain(n) for n in ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]]
    return out


# ---- models: keys, printing, tied weights


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(2, 3, bias=False)
        self.decoder = nn.Linear(2, 3, bias=False)
        self.decoder.weight = self.encoder.weight
        self.register_buffer("scale", torch.ones(1))
        self.register_buffer("scratch", torch.ones(1), persistent=False)
        self.gain = nn.Parameter(torch.ones(2))
        self.again = self.encoder


def models():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    tied = Tied()
    lists = nn.ModuleDict({"a": nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]), "b": nn.Sequential()})
    return {
        "net": {"printed": str(net), "keys": list(net.state_dict()), "parameters": [k for k, _ in net.named_parameters()]},
        "tied": {
            "keys": list(tied.state_dict()),
            "parameters": [k for k, _ in tied.named_parameters()],
            "buffers": [k for k, _ in tied.named_buffers()],
        },
        "lists": {"printed": str(lists), "keys": list(lists.state_dict()), "modules": [k for k, _ in lists.named_modules()]},
    }


# ---- optimisers: ten steps on a bowl, two parameters, one of which has no gradient at times

OPTIMISERS = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}, {"momentum": 0.8, "nesterov": True}, {"maximize": True, "weight_decay": 0.1}],
    "Adam": [{}, {"betas": (0.8, 0.9), "eps": 1e-3}, {"weight_decay": 0.1}, {"amsgrad": True, "weight_decay": 0.01}, {"maximize": True}],
    "AdamW": [{}, {"weight_decay": 0.3}, {"amsgrad": True, "maximize": True, "betas": (0.5, 0.6)}],
    "RMSprop": [{}, {"alpha": 0.9, "eps": 1e-3}, {"momentum": 0.9, "weight_decay": 0.1}, {"centered": True}, {"centered": True, "momentum": 0.5, "maximize": True}],
}


def trajectory(name, options, dtype):
    p, q = ramp(3, 7, dtype=dtype).requires_grad_(), (ramp(5, dtype=dtype) + 0.05).requires_grad_()
    opt = getattr(optim, name)([{"params": [p]}, {"params": [q], "lr": 0.02}], lr=0.05, **options)
    for step in range(10):
        opt.zero_grad()
        loss = (p**2 * (1 + step % 3)).sum()
        if step % 4 != 1:
            loss = loss + ((q - 1) ** 2 * q).sum()
        loss.backward()
        opt.step()
    state = {i: {k: values(v) for k, v in s.items()} for i, s in opt.state_dict()["state"].items()}
    return {"options": options, "dtype": str(dtype)[6:], "p": values(p), "q": values(q), "state": state}


# ---- schedulers: the rates of two groups over 30 epochs

SCHEDULERS = {
    "step": lambda o: optim.lr_scheduler.StepLR(o, 4, gamma=0.3),
    "multiStep": lambda o: optim.lr_scheduler.MultiStepLR(o, [9, 3, 9, 20]),
    "exponential": lambda o: optim.lr_scheduler.ExponentialLR(o, 0.9),
    "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 7, eta_min=0.01),
    "lambda": lambda o: optim.lr_scheduler.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "linear": lambda o: optim.lr_scheduler.LinearLR(o, start_factor=0.25, total_iters=6),
}


def groups():
    return optim.SGD([{"params": [torch.nn.Parameter(torch.ones(1))]}, {"params": [torch.nn.Parameter(torch.ones(1))], "lr": 0.5}], lr=0.1)


def schedule(make):
    opt = groups()
    scheduler = make(opt)
    rates = [scheduler.get_last_lr()]
    for _ in range(30):
        scheduler.step()
        rates.append(scheduler.get_last_lr())
    return rates


METRICS = [5, 4, 4, 4, 3.9999, 4, 4, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1]


def plateau(**options):
    opt = groups()
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(opt, **options)
    rates = []
    for metric in METRICS:
        scheduler.step(metric)
        rates.append([g["lr"] for g in opt.param_groups])
    return rates


def chained():
    opt = groups()
    schedulers = [optim.lr_scheduler.LinearLR(opt, total_iters=4), optim.lr_scheduler.ExponentialLR(opt, 0.9)]
    rates = []
    for _ in range(8):
        for s in schedulers:
            s.step()
        rates.append([g["lr"] for g in opt.param_groups])
    return rates


def clip(norm_type):
    ps = [torch.nn.Parameter(torch.zeros(3, 2)), torch.nn.Parameter(torch.zeros(4))]
    for p in ps:
        p.grad = ramp(*p.shape)
    total = nn.utils.clip_grad_norm_(ps, 1.5, norm_type=norm_type)
    return {"total": values(total), "grads": [values(p.grad) for p in ps]}


golden = {
    "layers": {name: layer(*spec) for name, spec in LAYERS.items()},
    "embedding": embedding(),
    "losses": losses(),
    "inits": inits(),
    "models": models(),
    "optimisers": {name: [trajectory(name, o, d) for o in runs for d in (torch.float32, torch.float64)] for name, runs in OPTIMISERS.items()},
    "schedulers": {name: schedule(make) for name, make in SCHEDULERS.items()},
    "plateau": [plateau(factor=0.5, patience=2), plateau(mode="max", factor=0.1, patience=1, cooldown=3, threshold_mode="abs", min_lr=[0.02, 0.001])],
    "chained": chained(),
    "clip": {str(p): clip(p) for p in (2.0, 1.0, float("inf"))},
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
