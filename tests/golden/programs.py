"""Writes tests/golden/programs.json: random programs of ops, views and changes in place, and what PyTorch makes of them.

python3 tests/golden/programs.py > tests/golden/programs.json
"""

import json
import random

import torch

COUNT, STEPS = 400, 14
SHAPES = [[2, 3], [3, 2], [3], [2], [2, 2, 3], [1, 3], []]


def broadcasts(a, into):
    try:
        return list(torch.broadcast_shapes(a, into)) == list(into)
    except RuntimeError:
        return False


def view_step(rng, x):
    """A view of x: a method of both libraries and its arguments."""
    kinds = ["unsqueeze", "flatten", "detach", "clone"]
    if x.dim() > 0:
        kinds += ["select", "select", "narrow", "narrow"]
    if x.dim() > 1:
        kinds += ["transpose", "transpose"]
    kind = rng.choice(kinds)
    dim = rng.randrange(max(1, x.dim()))
    if kind == "unsqueeze":
        return kind, [rng.randrange(x.dim() + 1)]
    if kind == "select":
        return kind, [dim, rng.randrange(x.shape[dim])]
    if kind == "narrow":
        start = rng.randrange(x.shape[dim])
        return kind, [dim, start, rng.randint(1, x.shape[dim] - start)]
    if kind == "transpose":
        return kind, [dim, rng.randrange(x.dim())]
    return kind, []


def make_step(rng, names, variables):
    """[result or None, method, name of the tensor, arguments]: arguments that are strings name tensors."""
    target = rng.choice(names)
    x = variables[target]
    kind = rng.random()
    fresh = f"v{len(names)}"
    if kind < 0.35:
        return [fresh, *reorder(target, view_step(rng, x))]
    if kind < 0.5:
        return [fresh, rng.choice(["tanh", "sin", "square", "neg"]), target, []]
    if kind < 0.72:
        other = rng.choice([name for name in names if broadcasts(list(variables[name].shape), list(x.shape))])
        return [fresh, rng.choice(["mul", "add", "sub"]), target, [other]]
    inside = rng.random()
    if inside < 0.3:
        return [None, rng.choice(["tanh_", "neg_", "sigmoid_"]), target, []]
    if inside < 0.4:
        return [None, "fill_", target, [rng.randint(-4, 4) / 4]]
    # An operand in the memory that changes makes PyTorch refuse where the library copies first.
    apart = [name for name in names if variables[name].untyped_storage().data_ptr() != x.untyped_storage().data_ptr()]
    others = [name for name in apart if broadcasts(list(variables[name].shape), list(x.shape))]
    return [None, rng.choice(["mul_", "add_", "copy_"]), target, [rng.choice(others)]] if others else [None, "neg_", target, []]


def reorder(target, step):
    method, args = step
    return method, target, args


def run_step(variables, step):
    result, method, target, args = step
    out = getattr(variables[target], method)(*[variables[arg] if isinstance(arg, str) else arg for arg in args])
    if result:
        variables[result] = out


def base_of(x):
    return x._base if x._is_view() else x


def sharing(variables, x):
    return [y for y in variables.values() if y.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()]


def make_program(rng):
    leaves, variables = [], {}
    for i in range(3):
        shape = rng.choice(SHAPES)
        values = [rng.randint(-8, 8) / 4 for _ in range(torch.Size(shape).numel())]
        grad = i < 2
        leaves.append({"name": f"v{i}", "shape": shape, "values": values, "grad": grad})
        variables[f"v{i}"] = torch.tensor(values, dtype=torch.float64).reshape(shape).clone().requires_grad_(grad)
    program = {"leaves": leaves, "steps": [], "error": None, "loss": None, "grads": None}
    for _ in range(STEPS):
        step = make_step(rng, list(variables), variables)
        base = base_of(variables[step[2]])
        if step[0] is None and any(base_of(x) is not base for x in sharing(variables, base)):
            continue  # a change through detach(): what autograd then makes of it is nobody's business
        if step[0] is None and rng.random() < 0.95 and base.is_leaf and base.requires_grad:
            continue  # the refusal of leaves comes often enough
        try:
            run_step(variables, step)
        except RuntimeError as error:
            if "a leaf Variable" in str(error) and not base.is_leaf:
                continue  # a view older than its base's history: PyTorch takes it for a leaf, the library does not
            program["steps"].append(step)
            program["error"] = len(program["steps"]) - 1
            return program
        program["steps"].append(step)
    loss = sum((variables[name] * (i + 1)).sum() for i, name in enumerate(variables))
    program["loss"] = loss.item()
    try:
        if loss.requires_grad:
            loss.backward()
    except RuntimeError:
        program["error"] = "backward"
        return program
    program["grads"] = [None if not leaf["grad"] or variables[leaf["name"]].grad is None else variables[leaf["name"]].grad.flatten().tolist() for leaf in leaves]
    return program


rng = random.Random(7)
programs = []
while len(programs) < COUNT:
    program = make_program(rng)
    overwrites = any(method in ("copy_", "fill_") for _, method, _, _ in program["steps"])
    # Backward into what was overwritten fails in PyTorch even though only zeros would flow there.
    if not (program["error"] == "backward" and overwrites):
        programs.append(program)
print("[" + ",\n".join(json.dumps(program, separators=(",", ":")) for program in programs) + "]")
