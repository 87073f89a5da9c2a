"""What PyTorch's tensors do, for tests/indexing.test.ts, printing.test.ts and tensor.test.ts. Needs torch.

Run: python3 tests/golden/tensor.py
"""

import itertools
import json
import pathlib
import random
import warnings

import torch

warnings.filterwarnings("ignore")
random.seed(1)


# --- indexing: x[...] and x[...] = y, with gradients, on tensors that lie in memory in several ways

def base_shape(layout, shape):
    if layout == "transposed":
        return shape[::-1]
    if layout == "expanded":
        return [1, *shape[1:]]
    if layout == "offset":
        return [shape[0] + 2, *shape[1:-1], 2 * shape[-1]] if len(shape) > 1 else [2 * shape[0] + 2]
    return shape


def lay_out(base, layout, shape):
    if layout == "transposed":
        return base.permute(list(range(base.ndim))[::-1])
    if layout == "expanded":
        return base.expand(shape)
    if layout == "offset":
        return base[1:-1, ..., ::2] if len(shape) > 1 else base[1:-1:2]
    return base


def index_of(item):
    """From the JSON of an index to PyTorch's: numbers, lists, null and "..." stand for themselves."""
    if item == "...":
        return Ellipsis
    if isinstance(item, dict):
        if "slice" in item:
            return slice(*item["slice"])
        if "tensor" in item:
            return torch.tensor(item["tensor"], dtype=torch.int64)
        return torch.tensor(item["mask"], dtype=torch.bool)
    if isinstance(item, list) and len(item) == 0:
        return torch.tensor([], dtype=torch.int64)
    return item


def ramp(shape, start=0):
    return (torch.arange(torch.Size(shape).numel()) + start).to(torch.float32).reshape(shape)


def index_case(shape, layout, items):
    index = tuple(index_of(item) for item in items)
    case = {"shape": shape, "layout": layout, "index": items}
    base = ramp(base_shape(layout, shape)).requires_grad_()
    out = lay_out(base, layout, shape)[index]
    (out * ramp(out.shape, 1)).sum().backward()
    case["read"] = {"shape": list(out.shape), "values": out.flatten().tolist(), "grad": base.grad.flatten().tolist()}

    places = ramp(shape)[index].flatten().tolist()
    if layout == "expanded" or len(set(places)) < len(places):
        return case
    for name, value_shape in {"same": list(out.shape), "fewer": list(out.shape)[1:], "more": [1, 1, *out.shape]}.items():
        leaf = ramp(base_shape(layout, shape)).requires_grad_()
        value = ramp(value_shape, 100).requires_grad_()
        changed = leaf * 1
        lay_out(changed, layout, shape)[index] = value * 1
        (changed * ramp(changed.shape, 1)).sum().backward()
        case[name] = {
            "value": value_shape, "base": changed.flatten().tolist(), "grad": leaf.grad.flatten().tolist(), "valueGrad": value.grad.flatten().tolist(),
        }
    return case


HAND = [
    ([2, 3, 4], [1]), ([2, 3, 4], [-1, 0]), ([2, 3, 4], [0, 1, 2]), ([2, 3, 4], []), ([2, 3, 4], ["..."]), ([2, 3, 4], ["...", -1]),
    ([2, 3, 4], [{"slice": [None, None, 2]}, "...", {"slice": [-3, -1]}]), ([2, 3, 4], [{"slice": [5, 9]}]), ([2, 3, 4], [{"slice": [-9, 9, 3]}]),
    ([2, 3, 4], [{"slice": [2, 1]}, None]), ([2, 3, 4], [None, 1, None, {"slice": [1, None]}, None]),
    ([2, 3, 4], [[0, 1], [2, 0]]), ([2, 3, 4], [[0, 1], {"slice": [None, None]}, [3, 1]]), ([2, 3, 4], [{"slice": [None, None]}, [0, 2], [1, 3]]),
    ([2, 3, 4], [0, {"slice": [None, None]}, [3, 1]]), ([2, 3, 4], [[1, 0], 2, {"slice": [1, 3]}]), ([2, 3, 4], [[1], None, [0, 2]]),
    ([2, 3, 4], [None, [1, 0], 2, [3, 0]]), ([2, 3, 4], [[0, 0, 1], "..."]), ([2, 3, 4], ["...", [-1, -4, 2]]),
    ([2, 3, 4], [{"tensor": [[0, 1], [1, 0]]}]), ([2, 3, 4], [{"tensor": [[-1], [0]]}, {"tensor": [0, 2]}]), ([2, 3, 4], [{"tensor": 1}]),
    ([2, 3, 4], [{"tensor": 1}, {"slice": [None, None]}, [0, 2]]), ([2, 3, 4], [{"slice": [None, None]}, {"tensor": -1}]),
    ([2, 3, 4], [{"mask": [[True, False, True], [False, True, False]]}]), ([2, 3, 4], [{"mask": [True, False]}]),
    ([2, 3, 4], [1, {"mask": [[True, False, True, True], [False, True, False, False], [False] * 4]}]),
    ([2, 3, 4], [{"slice": [None, None]}, {"mask": [True, False, True]}, [0, 1]]), ([2, 3, 4], [{"mask": [[True, False, True], [True, False, False]]}, [0, 1, 2]]),
    ([2, 3, 4], [{"slice": [None, None]}, [True, False, True]]), ([2, 3, 4], [{"mask": [False, False]}]), ([2, 3, 4], [{"mask": True}]),
    ([2, 3, 4], [{"mask": False}, 1]), ([2, 3], [{"slice": [None, None]}, {"mask": True}, [0, 2]]), ([2, 3, 4], [{"slice": [None, None]}, []]),
    ([2, 3, 4], [{"tensor": [[], []]}]), ([5], [{"slice": [1, None, 3]}]), ([5], [[4, 0, 4, 1]]), ([5], [{"mask": [True, False, True, False, True]}]),
    ([], []), ([], [None]), ([], ["...", None]), ([], [{"mask": True}]), ([], [{"mask": False}]), ([0, 3], [{"slice": [None, None]}, 1]),
    ([0, 3], [{"slice": [0, 9]}, [2, 0]]), ([0, 3], [[], [1]]), ([0, 3], [{"mask": []}]), ([3, 0], [[0, 2]]), ([3, 0], [1]), ([3, 0], ["...", None]),
    ([1, 1], [0, 0]), ([1, 1], [[0, 0]]), ([2, 2, 2, 2], [[0, 1], "...", [1, 0]]), ([2, 2, 2, 2], [{"slice": [None, None]}, [0, 1], [1, 0]]),
    ([2, 2, 2, 2], [[0, 1], None, "...", {"tensor": [[1], [0]]}]), ([2, 2, 2, 2], [0, {"slice": [1, None]}, "...", {"slice": [None, 1]}]),
]


def random_item(size):
    kind = random.randrange(7)
    if kind == 0:
        return random.randrange(-size, size)
    if kind <= 2:
        return {"slice": [random.choice([None, *range(-size - 1, size + 2)]), random.choice([None, *range(-size - 1, size + 2)]), random.choice([1, 1, 2, 3])]}
    if kind == 3:
        return random.sample(range(-size, size), 2)
    if kind == 4:
        return {"tensor": [[random.randrange(-size, size)], [random.randrange(-size, size)]]}
    if kind == 5:
        return {"mask": [i < 2 for i in random.sample(range(size), size)]}
    return {"slice": [None, None]}


def index_cases():
    for shape, items in HAND:
        yield index_case(shape, "plain", items)
    layouts = ["plain", "transposed", "expanded", "offset"]
    for number in range(100):
        shape = [random.choice([2, 3, 4]) for _ in range(random.choice([1, 2, 2, 3]))]
        items = [random_item(size) for size in shape[: random.choice([1, len(shape), len(shape)])]]
        if random.random() < 0.3:
            items.insert(random.randrange(len(items) + 1), None)
        if random.random() < 0.3:
            items.insert(random.randrange(len(items) + 1) if len([i for i in items if i is not None]) == len(shape) else len(items), "...")
        yield index_case(shape, layouts[number % 4], items)


# --- printing

def spelt(suffix):
    return suffix.replace("torch.", "").replace("requires_grad=True", "requiresGrad=true").replace("dtype=int64", "dtype=int32")


def printed(x):
    add = torch._tensor_str._add_suffixes
    torch._tensor_str._add_suffixes = lambda text, suffixes, *rest, **more: add(text, [spelt(s) for s in suffixes], *rest, **more)
    try:
        return str(x).replace("True", "true").replace("False", "false").replace("requires_grad=true", "requires_grad=True")
    finally:
        torch._tensor_str._add_suffixes = add


def made(n, a, b, scale, dtype):
    return ((torch.arange(n, dtype=torch.int64) * a) % b - b // 2).to(torch.float64).mul(scale).to(dtype)


def print_cases():
    f32, f64, i64, u8, boolean = torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool
    inf, nan = float("inf"), float("nan")
    lists = [
        [], [0], [-0.0], [1], [-1], [1.5], [1, 2, 3], [1, -2, 30], [0.5, -0.25], [1e-5], [1e-4], [9.99e-5], [1e8], [1.1e8], [1e8 + 1], [1e9], [123456789.5],
        [1, 1000], [1, 1001], [1, 1e5], [0.1, 100], [0.1, 101], [0.1, 1e4], [nan], [inf], [-inf], [nan, inf, -inf], [1, nan], [1.5, nan, -inf], [1e10, nan, 0],
        [1e-10, -inf], [0, 1e-3], [0, 0.00005], [1e-3, 1e-7], [0.03125], [0.09375, -0.03125], [2.5, 1e-5], [0.1, 0.2, 0.3], [1e30], [-1e-30, 1], [3.4e38],
        [-0.0, 1.5], [-0.0, 1e9], [99999.5], [0.99999], [0.99995, 0.99994], [12345.678], [-12345.678, 1], [1024.03125, 3], [1.00005e-3, 5.00015e5],
        [100, 0, -1], [7, nan, 1], [inf, 1], [123456.0, 1234.0], [1.00005, 1.00015], [-inf, 0.0], [0.0, -0.0, nan], [10000000.0], [16777216.0], [99999999.0],
    ]
    for dtype, values in itertools.product([f32, f64], lists):
        yield {"shape": [len(values)], "values": values}, torch.tensor(values, dtype=dtype)
        if len(values) == 1:
            yield {"shape": [], "values": values}, torch.tensor(values[0], dtype=dtype)
    for dtype, values in [(i64, [1, 2, 3]), (i64, [-5, 100, 0]), (i64, [2**31 - 1, -(2**31)]), (u8, [0, 255]), (u8, [7]), (boolean, [1, 0]), (boolean, [1]), (boolean, [0, 0])]:
        yield {"shape": [len(values)], "values": values}, torch.tensor(values).to(dtype)
        yield {"shape": [], "values": values[:1]}, torch.tensor(values[0]).to(dtype)
    for dtype, shape in itertools.product([f32, f64, i64, u8, boolean], [[0], [0, 3], [3, 0], [2, 0, 1], [0, 0]]):
        yield {"shape": shape, "values": []}, torch.zeros(shape, dtype=dtype)
    for shape in [[1, 1], [2, 3], [3, 2, 2], [2, 1, 2, 2], [1, 1, 1, 1, 1]]:
        n = torch.Size(shape).numel()
        for dtype, scale in [(f32, 1), (f32, 0.125), (f64, 1e-7), (i64, 1), (boolean, 1)]:
            values = made(n, 7, 11, scale, dtype).reshape(shape)
            yield {"shape": shape, "values": values.flatten().tolist()}, values
    for n, dtype, scale in itertools.product([7, 8, 9, 10, 11, 12, 25, 80], [f32, f64, i64, boolean], [1, 0.0625]):
        if scale == 1 or dtype.is_floating_point:
            yield {"shape": [n], "formula": [n, 7, 23, scale]}, made(n, 7, 23, scale, dtype)
            yield {"shape": [1, n], "formula": [n, 7, 2003, scale]}, made(n, 7, 2003, scale, dtype).reshape(1, n)
    for shape in [[1000], [1001], [5000], [100, 11], [4, 300], [300, 4], [6, 7, 30], [7, 6, 30], [2, 2, 300], [20, 8, 8], [3, 3, 3, 50]]:
        n = torch.Size(shape).numel()
        for dtype, scale in [(f32, 1), (f32, 0.03125), (f64, 1e5), (i64, 1000), (boolean, 1)]:
            yield {"shape": shape, "formula": [n, 7919, 1009, scale]}, made(n, 7919, 1009, scale, dtype).reshape(shape)
    for values in [[1.5], [1.0, 2], [0.1] * 7, [0.1] * 8, [0.1] * 6 + [10], [100.5] * 5, [1000.25] * 6, [10000.25] * 5]:
        for dtype in [f32, f64]:
            yield {"shape": [len(values)], "values": values, "requiresGrad": True}, torch.tensor(values, dtype=dtype, requires_grad=True)
    yield {"shape": [0, 2], "values": [], "requiresGrad": True}, torch.zeros(0, 2, dtype=f64, requires_grad=True)


NAMES = {torch.float32: "float32", torch.float64: "float64", torch.int32: "int32", torch.int64: "int32", torch.uint8: "uint8", torch.bool: "bool"}
DTYPES = [torch.float32, torch.float64, torch.int32, torch.uint8, torch.bool]


def encoded(values):
    """JSON has no nan and no infinities."""
    return [v if v == v and abs(v) != float("inf") else str(v) for v in values]


def prints():
    for case, x in print_cases():
        case = {**case, "dtype": NAMES[x.dtype], "text": printed(x)}
        if "values" in case:
            case["values"] = encoded(case["values"])
        yield case


# --- promotion

BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "floorDivide": torch.floor_divide, "remainder": torch.remainder, "fmod": torch.fmod,
    "pow": torch.pow, "maximum": torch.maximum, "minimum": torch.minimum, "eq": torch.eq, "lt": torch.lt, "logicalAnd": torch.logical_and, "atan2": torch.atan2,
}
UNARY = {
    "sum": torch.sum, "mean": torch.mean, "prod": torch.prod, "cumsum": lambda x: torch.cumsum(x, 0), "amax": torch.amax, "max": torch.max, "argmax": torch.argmax,
    "any": torch.any, "all": torch.all, "var": torch.var, "std": torch.std, "exp": torch.exp, "sqrt": torch.sqrt, "sigmoid": torch.sigmoid, "neg": torch.neg,
    "abs": torch.abs, "sign": torch.sign, "floor": torch.floor, "round": torch.round, "square": torch.square, "reciprocal": torch.reciprocal, "relu": torch.relu,
    "isnan": torch.isnan, "logicalNot": torch.logical_not, "countNonzero": torch.count_nonzero, "norm": torch.norm, "softmax": lambda x: torch.softmax(x, 0),
}


def outcome(fn):
    try:
        out = fn()
    except (RuntimeError, TypeError, NotImplementedError):
        return "refused"
    return [NAMES[out.dtype], list(out.shape), encoded(out.flatten().tolist())]


def operand(kind, dtype, first):
    values = [3, 1, 7] if first else [2, 1, 3]
    if kind == "dims":
        return torch.tensor(values).to(dtype)
    if kind == "scalar":
        return torch.tensor(values[0]).to(dtype)
    return dtype  # the number itself


def promotions():
    """Rows [op, kind and dtype of x, kind and dtype of y, outcome]."""
    kinds = [("dims", d) for d in DTYPES] + [("scalar", d) for d in DTYPES] + [("number", 2), ("number", 2.5)]
    for name, fn in BINARY.items():
        for x, y in itertools.product(kinds, kinds):
            tensors_only = name in ("maximum", "minimum", "logicalAnd", "atan2")
            if x[0] == "number" and (y[0] == "number" or name in ("floorDivide", "remainder", "fmod", "eq", "lt")) or (tensors_only and "number" in (x[0], y[0])):
                continue
            if x[0] == "number" and name in ("add", "sub", "mul", "div"):
                op = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b}[name]
            else:
                op = fn
            result = outcome(lambda: op(operand(*x, True), operand(*y, False)))
            yield [name, [x[0], NAMES.get(x[1], x[1])], [y[0], NAMES.get(y[1], y[1])], result]


def in_place():
    for name in ["add_", "sub_", "mul_", "div_", "copy_"]:
        for a, b in itertools.product(DTYPES, DTYPES):
            x = operand("dims", a, True)
            yield [name, ["dims", NAMES[a]], ["dims", NAMES[b]], outcome(lambda: getattr(x, name)(operand("dims", b, False)))]


def unary():
    for name, fn in UNARY.items():
        for dtype in DTYPES:
            if name in ("any", "all") and dtype == torch.uint8:
                continue  # uint8 there, for programs older than bool
            yield [name, NAMES[dtype], outcome(lambda: fn(operand("dims", dtype, True)))]


# --- ramps

def ramps():
    for args in [(0, 1, 0.1), (1, 2, 0.1), (0, 1, 0.3), (5, 0, -1.5), (0.5, 3), (-1, 1, 0.25), (1, 0, -0.1), (0, 3, 1.5), (0, 0.999, 0.333), (1e-3, 1e-2, 1e-3), (2.5, 2.5)]:
        yield ["arange", args, "float64", torch.arange(*args, dtype=torch.float64).tolist()]
        yield ["arange", args, "float32", torch.arange(*args).tolist()]
    for args in [(0, 10, 3), (10, 0, -3), (-5, 5), (0, 1), (0, -7, -2)]:
        yield ["arange", args, "int32", torch.arange(*args).tolist()]
    for args in [(0, 1, 5), (0, 1, 11), (-1, 1, 2), (-3, 10, 7), (3, 3, 4), (1, 0, 6), (0.1, 0.7, 7), (-1e-3, 1e5, 100), (0, 1, 1), (0, 1, 0), (0, 1, 1000)]:
        for dtype in ["float32", "float64"]:
            yield ["linspace", args, dtype, torch.linspace(*args, dtype=getattr(torch, dtype)).tolist()]


def lines(items):
    return "[\n" + ",\n".join(json.dumps(item, allow_nan=False) for item in items) + "\n]"


sections = {
    "index": index_cases(), "print": prints(), "promotion": promotions(), "inPlace": in_place(), "unary": unary(), "ramps": ramps(),
}
text = "{\n" + ",\n".join(f'"{name}": {lines(items)}' for name, items in sections.items()) + "\n}\n"
(pathlib.Path(__file__).parent / "tensor.json").write_text(text)
print({name: len(items) for name, items in json.loads(text).items()})
