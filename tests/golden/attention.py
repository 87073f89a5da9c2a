"""Values of torch for tests/attention.test.ts: python3 tests/golden/attention.py writes attention.json beside it.

A case says how a module is made and called, in this library's words; the test makes and calls it alike.
"""

import json
import pathlib
import re
import warnings

import torch
from torch import nn

warnings.filterwarnings("ignore")

DTYPES = {"float32": torch.float32, "float64": torch.float64, "bool": torch.bool}


def values(x):
    digits = 9 if x.dtype == torch.float32 else 17
    numbers = [float(f"{v:.{digits}g}") for v in x.detach().double().flatten().tolist()]
    return {"shape": list(x.shape), "data": [None if v != v else v for v in numbers]}


def snake(options):
    return {re.sub("[A-Z]", lambda c: "_" + c.group().lower(), key): value for key, value in options.items()}


def mask_of(spec, dtype):
    kind, shape = spec["kind"], spec["shape"]
    size = torch.Size(shape).numel()
    if kind == "causal":
        return nn.Transformer.generate_square_subsequent_mask(shape[0], dtype=dtype)
    if kind == "float":
        return (((torch.arange(size, dtype=torch.float64) * 5) % 13 - 6) / 4).to(dtype).reshape(shape)
    return torch.tensor([i in spec["hidden"] for i in range(size)]).reshape(shape)


def arguments(options, dtype):
    return {key: mask_of(value, dtype) if isinstance(value, dict) else value for key, value in snake(options).items()}


def module_of(name, args, options):
    if name == "TransformerEncoder":
        layer, count, norm = args
        return nn.TransformerEncoder(nn.TransformerEncoderLayer(*layer, **snake(options)), count, norm=nn.LayerNorm(norm) if norm else None)
    if name == "TransformerDecoder":
        layer, count, norm = args
        return nn.TransformerDecoder(nn.TransformerDecoderLayer(*layer, **snake(options)), count, norm=nn.LayerNorm(norm) if norm else None)
    return getattr(nn, name)(*args, **snake(options))


def draw(shapes, dtype):
    """Inputs; a number stands for the input of that position again."""
    tensors = []
    for shape in shapes:
        tensors.append(tensors[shape] if isinstance(shape, int) else (torch.rand(shape).to(dtype) * 4 - 2).requires_grad_())
    return tensors


def run(name, args, options, shapes, call={}, dtype="float32", evaluate=False, values_only=False):
    torch.manual_seed(7)
    module = module_of(name, args, options).to(DTYPES[dtype])
    case = {"module": name, "args": args, "options": options, "shapes": shapes, "call": call, "dtype": dtype, "evaluate": evaluate}
    case["printed"] = str(module)
    case["state"] = {key: values(v) for key, v in module.state_dict().items()}
    inputs = draw(shapes, DTYPES[dtype])
    module.train(not evaluate)
    result = module(*inputs, **arguments(call, DTYPES[dtype]))
    outputs = [y for y in (result if isinstance(result, tuple) else (result,)) if y is not None]
    case["outputs"] = [values(y) for y in outputs]
    if not values_only:
        # Every output and element counts differently.
        terms = [(y * torch.linspace(-1, 1 + i, y.numel(), dtype=y.dtype).reshape(y.shape)).sum() for i, y in enumerate(outputs)]
        sum(terms).backward()
        case["inputGrads"] = [values(x.grad) for x, shape in zip(inputs, shapes) if not isinstance(shape, int)]
        case["grads"] = {key: values(p.grad) for key, p in module.named_parameters()}
    return case


def hidden(shape, *indices):
    return {"kind": "bool", "shape": shape, "hidden": list(indices)}


def added(*shape):
    return {"kind": "float", "shape": list(shape)}


def causal(size):
    return {"kind": "causal", "shape": [size, size]}


SELF, FIRST = [[3, 2, 8], 0, 0], [[2, 3, 8], 0, 0]
NO = {"needWeights": False}
MHA = "MultiheadAttention"
ENCODER = {"dimFeedforward": 10, "dropout": 0.0}

CASES = [
    run(MHA, [8, 2], {}, SELF),
    run(MHA, [8, 2], {}, SELF, NO),
    run(MHA, [8, 4], {"batchFirst": True}, FIRST, NO),
    run(MHA, [8, 1], {"batchFirst": True}, FIRST, {"averageAttnWeights": False}),
    run(MHA, [8, 2], {"bias": False}, [[4, 8], 0, 0], NO),
    run(MHA, [8, 2], {}, [[4, 8], [5, 8], 1], {"averageAttnWeights": False}),
    run(MHA, [8, 2], {}, [[1, 2, 8], [5, 2, 8], 1], NO),
    run(MHA, [8, 2], {"batchFirst": True}, [[2, 4, 8], [2, 1, 8], [2, 1, 8]]),
    run(MHA, [8, 2], {"kdim": 5, "vdim": 3}, [[4, 2, 8], [6, 2, 5], [6, 2, 3]], NO),
    run(MHA, [6, 3], {"vdim": 3, "bias": False, "batchFirst": True}, [[2, 4, 6], [2, 6, 6], [2, 6, 3]]),
    run(MHA, [8, 2], {"addBiasKv": True}, SELF, {**NO, "attnMask": hidden([3, 3], 1, 2, 5)}),
    run(MHA, [8, 2], {"addZeroAttn": True, "batchFirst": True}, FIRST, {"keyPaddingMask": hidden([2, 3], 2, 3)}),
    run(MHA, [8, 2], {"addBiasKv": True, "addZeroAttn": True}, SELF, {**NO, "keyPaddingMask": added(2, 3), "attnMask": added(3, 3)}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": causal(3)}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": causal(3), "isCausal": True}),
    run(MHA, [8, 2], {}, SELF, {"attnMask": causal(3), "isCausal": True}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": causal(3), "isCausal": True, "keyPaddingMask": hidden([2, 3], 2)}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": added(4, 3, 3)}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": hidden([4, 3, 3], 1, 9, 20), "keyPaddingMask": hidden([2, 3], 5)}),
    run(MHA, [8, 2], {}, SELF, {**NO, "attnMask": hidden([3, 3], 1), "keyPaddingMask": added(2, 3)}),
    run(MHA, [8, 2], {}, [[4, 8], 0, 0], {"keyPaddingMask": hidden([4], 3)}),
    # A batch in which every key is hidden: NaN beside weights, zeros without.
    run(MHA, [8, 2], {}, SELF, {"keyPaddingMask": hidden([2, 3], 0, 1, 2)}, values_only=True),
    run(MHA, [8, 2], {}, SELF, {**NO, "keyPaddingMask": hidden([2, 3], 0, 1, 2)}),
    run(MHA, [8, 2], {"dropout": 0.4}, SELF),
    run(MHA, [8, 2], {"dropout": 0.4, "batchFirst": True}, FIRST, NO),
    run(MHA, [8, 2], {"dropout": 0.4, "batchFirst": True}, FIRST, NO, evaluate=True),
    run(MHA, [8, 2], {"batchFirst": True}, FIRST, NO, dtype="float64"),
    run(MHA, [8, 2], {"kdim": 5}, [[4, 2, 8], [6, 2, 5], [6, 2, 8]], {"attnMask": added(4, 6)}, dtype="float64"),
    run("TransformerEncoderLayer", [8, 2], ENCODER, [[3, 2, 8]]),
    run("TransformerEncoderLayer", [8, 2], {**ENCODER, "batchFirst": True, "normFirst": True, "activation": "gelu"}, [[2, 3, 8]], {"srcMask": causal(3), "isCausal": True}),
    run("TransformerEncoderLayer", [8, 2], {**ENCODER, "bias": False, "layerNormEps": 0.1}, [[4, 8]]),
    run("TransformerEncoderLayer", [8, 2], {"dimFeedforward": 10, "dropout": 0.3, "batchFirst": True}, [[2, 3, 8]], {"srcKeyPaddingMask": hidden([2, 3], 5)}),
    run("TransformerEncoderLayer", [8, 2], {"dimFeedforward": 10, "dropout": 0.3, "normFirst": True}, [[3, 2, 8]], dtype="float64"),
    run("TransformerEncoderLayer", [8, 2], {"dimFeedforward": 10, "batchFirst": True}, [[2, 3, 8]], evaluate=True),
    run("TransformerEncoder", [[8, 2], 2, 8], {**ENCODER, "batchFirst": True}, [[2, 3, 8]], {"mask": causal(3)}),
    run("TransformerEncoder", [[8, 2], 2, None], {**ENCODER, "dropout": 0.2, "batchFirst": True}, [[2, 3, 8]], {"mask": hidden([3, 3], 1, 2, 5), "srcKeyPaddingMask": hidden([2, 3], 2)}),
    run("TransformerDecoderLayer", [8, 2], ENCODER, [[3, 2, 8], [4, 2, 8]], {"tgtMask": causal(3), "memoryKeyPaddingMask": hidden([2, 4], 3, 7)}),
    run("TransformerDecoderLayer", [8, 2], {**ENCODER, "dropout": 0.2, "batchFirst": True, "normFirst": True}, [[2, 3, 8], [2, 4, 8]], {"memoryMask": added(3, 4)}),
    run("TransformerDecoder", [[8, 2], 2, 8], {**ENCODER, "activation": "gelu"}, [[3, 2, 8], [4, 2, 8]], {"tgtMask": causal(3), "tgtKeyPaddingMask": added(2, 3)}),
    run("Transformer", [], {"dModel": 8, "nhead": 2, "numEncoderLayers": 1, "numDecoderLayers": 2, **ENCODER}, [[4, 2, 8], [3, 2, 8]], {"tgtMask": causal(3)}),
    run("Transformer", [], {"dModel": 8, "nhead": 2, "numEncoderLayers": 2, "numDecoderLayers": 1, **ENCODER, "dropout": 0.1, "batchFirst": True}, [[2, 4, 8], [2, 3, 8]], {"tgtMask": causal(3)}, dtype="float64"),
]


class Classifier(nn.Module):
    """Which token, 0 or 1, occurs more often?"""

    def __init__(self, dropout, **options):
        super().__init__()
        self.embed = nn.Embedding(6, 16, padding_idx=5)
        nn.init.uniform_(self.embed.weight, -1, 1)  # normal draws agree only up to rounding
        layer = nn.TransformerEncoderLayer(16, 4, dim_feedforward=32, dropout=dropout, batch_first=True, **options)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        mask = tokens == 5
        return self.head(self.encoder(self.embed(tokens), src_key_padding_mask=mask).mean(1))


def curve(dropout, dtype="float32", **options):
    torch.manual_seed(11)
    model = Classifier(dropout, **options).to(DTYPES[dtype])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        tokens = torch.randint(6, (16, 9))
        labels = ((tokens == 1).sum(1) > (tokens == 0).sum(1)).long()
        loss = nn.functional.cross_entropy(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(round(loss.item(), 12))
    return {"dropout": dropout, "dtype": dtype, "normFirst": options.get("norm_first", False), "losses": losses}


CURVES = [curve(0.0), curve(0.1), curve(0.1, norm_first=True), curve(0.1, "float64")]

pathlib.Path(__file__).with_name("attention.json").write_text(
    '{"cases": [\n' + ",\n".join(json.dumps(case) for case in CASES) + '\n], "curves": ' + json.dumps(CURVES) + "}\n"
)
