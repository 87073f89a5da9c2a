"""One function per kind of row: from its inputs to (run, result)."""

import torch
import torch.nn.functional as F


def side(fn):
    last = None

    def run():
        nonlocal last
        last = fn()

    return run, lambda: last


def op(fn):
    """Without a graph."""

    def kind(inputs, row):
        def run():
            with torch.no_grad():
                return fn(row["args"], **inputs)

        return side(run)

    return kind


def gradient(of, forward):
    """The gradient with respect to one input, of a graph recorded once."""

    def kind(inputs, row):
        inputs[of].requires_grad_()
        grad = inputs.pop("grad")
        out = forward(row["args"], **inputs)
        return side(lambda: torch.autograd.grad(out, inputs[of], grad, retain_graph=True)[0])

    return kind


def matmul(inputs, row):
    a, b = (inputs[n].t().contiguous().t() if row["args"].get(n) else inputs[n] for n in "ab")
    return op(lambda _, a, b: a @ b)({"a": a, "b": b}, row)


def conv(args, x, weight):
    return F.conv2d(x, weight, **args)


def embedding_gradient(inputs, row):
    grad, index = inputs["grad"], inputs["index"]
    weight = torch.zeros(row["args"]["rows"], grad.shape[-1], requires_grad=True)
    out = F.embedding(index, weight)
    return side(lambda: torch.autograd.grad(out, weight, grad, retain_graph=True)[0])


UNARY = {"exp": torch.exp, "tanh": torch.tanh, "gelu": F.gelu, "sigmoid": torch.sigmoid, "relu": torch.relu}


def add(inputs, row):
    x, y = inputs["x"].requires_grad_(row["args"]["requiresGrad"]), inputs["y"]
    return side(lambda: x + y)


def chain(inputs, row):
    x, y, count = inputs["x"].requires_grad_(), inputs["y"], row["args"]["count"]

    def run():
        x.grad = None
        out = x
        for _ in range(count):
            out = out + y
        out.sum().backward()
        return x.grad

    return side(run)


KINDS = {
    "matmul": matmul,
    "conv": op(conv),
    "convInputGradient": gradient("x", conv),
    "convWeightGradient": gradient("weight", conv),
    "multiplyAdd": op(lambda _, a, b, c: torch.addcmul(c, a, b)),
    "unary": op(lambda args, x: UNARY[args["fn"]](x)),
    "sum": op(lambda args, x: x.sum(args["dim"])),
    "mean": op(lambda args, x: x.mean(args["dim"])),
    "softmax": op(lambda _, x: x.softmax(1)),
    "crossEntropy": op(lambda _, x, y: F.cross_entropy(x, y)),
    "layerNorm": op(lambda _, x, weight, bias: F.layer_norm(x, weight.shape, weight, bias)),
    "batchNorm": op(lambda _, x, weight, bias: F.batch_norm(x, None, None, weight, bias, training=True)),
    "transposeCopy": op(lambda _, x: x.t().contiguous()),
    "embedding": op(lambda _, weight, index: F.embedding(index, weight)),
    "embeddingGradient": embedding_gradient,
    "argmax": op(lambda _, x: x.argmax(1)),
    "topk": op(lambda args, x: x.topk(args["k"], 1).values),
    "sort": op(lambda _, x: x.sort().values),
    "uniform": op(lambda args: torch.rand(args["n"])),
    "normal": op(lambda args: torch.randn(args["n"])),
    "dropout": op(lambda args, x: F.dropout(x, args["p"], training=True)),
    "add": add,
    "chain": chain,
}
