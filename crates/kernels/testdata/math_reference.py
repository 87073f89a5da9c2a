"""Writes math_reference.bin: correctly rounded values of the elementary functions in double, for src/math/tests.rs.

Per function COUNT records of three little-endian doubles: x, y, f(x, y). Needs mpmath: python3 math_reference.py
"""

import math
import random
import struct
from pathlib import Path

import mpmath
from mpmath import mp, mpf

COUNT = 700
mp.prec = 300

ONE = {
    "exp": (mpmath.exp, (-745, 710), [709.78, -708.4, -745.1, 0.3465, 1e-9]),
    "expm1": (mpmath.expm1, (-40, 710), [0.3465, -0.3465, 1.0397, -40, 709.78, 1e-20]),
    "log": (mpmath.log, (0, 3), [1, 0.7071, 1.4142, 2.2250738585072014e-308]),
    "log1p": (mpmath.log1p, (-1, 1), [-0.2929, 0.4142, 1e-17, -1]),
    "log2": (lambda x: mpmath.log(x, 2), (0, 3), [1, 2, 8, 0.7071, 1.4142]),
    "log10": (mpmath.log10, (0, 3), [1, 10, 1000, 0.7071, 1.4142]),
    "tanh": (mpmath.tanh, (-20, 20), [0.625, 19.06, 22, 1e-9]),
    "erf": (mpmath.erf, (-6, 6), [0.92, 5.92, 6]),
    "sin": (mpmath.sin, (-10, 10), [math.pi, math.pi / 2, 1e6, 22, 6381956970095103 * 2.0**797]),
    "cos": (mpmath.cos, (-10, 10), [math.pi, math.pi / 2, 1e6, 22, 6381956970095103 * 2.0**797]),
    "tan": (mpmath.tan, (-10, 10), [math.pi, math.pi / 2, math.pi / 4, 1e6, 22, 6381956970095103 * 2.0**797]),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), (-745, 40), [-709, 36, 0]),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), (-40, 40), [-745, 36, 0]),
}
TWO = {
    "pow": mpmath.power,
    "atan2": mpmath.atan2,
}


def bits(word):
    return struct.unpack("<d", struct.pack("<Q", word))[0]


def neighbours(x):
    for sign in (1, -1):
        low = high = sign * x
        yield sign * x
        for _ in range(3):
            low, high = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
            yield low
            yield high


def value(f, *args):
    try:
        with mp.workprec(1400 if any(abs(a) > 1e6 for a in args) else 300):
            r = f(*map(mpf, args))
        return math.nan if isinstance(r, mpmath.mpc) else float(r)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan


def in_domain(name, x):
    return x > (-1 if name == "log1p" else 0) if name.startswith("log") else True


def unary(name, f, span, breaks, rng):
    xs = [x for b in breaks for x in neighbours(b)]
    while len(xs) < COUNT:
        xs.append(rng.uniform(*span) if rng.random() < 0.6 else bits(rng.getrandbits(64)))
        # exp of these is 0, Inf or 1; mpmath would need their million bits.
        if not math.isfinite(xs[-1]) or (not name[:3] in ("log", "sin", "cos", "tan") and abs(xs[-1]) > 1e4):
            xs.pop()
        elif not in_domain(name, xs[-1]):
            xs.pop()
    xs = [x for x in xs if in_domain(name, x)][:COUNT]
    while len(xs) < COUNT:
        xs.append(rng.uniform(*span))
    return [(x, 0.0, value(f, x)) for x in xs]


def binary(name, f, rng):
    rows = []
    while len(rows) < COUNT:
        kind = rng.random()
        x, y = bits(rng.getrandbits(64)), bits(rng.getrandbits(64))
        if name == "pow":
            x = abs(x) if kind < 0.4 else rng.uniform(0.5, 2) if kind < 0.7 else 1 + rng.uniform(-1, 1) * 2.0 ** -rng.randint(1, 50)
            if not 0 < x < math.inf or x == 1:
                continue
            y = rng.uniform(-740, 740) / math.log(x)
            y = y if math.isfinite(y) else 0.5
        else:
            x, y = (x, y) if kind < 0.3 else (rng.uniform(-3, 3), rng.uniform(-3, 3))
            if not (math.isfinite(x) and math.isfinite(y)):
                continue
        rows.append((x, y, value(f, x, y)))
    return rows


def main():
    rng = random.Random(20)
    rows = [row for name, (f, span, breaks) in ONE.items() for row in unary(name, f, span, breaks, rng)]
    rows += [row for name, f in TWO.items() for row in binary(name, f, rng)]
    data = b"".join(struct.pack("<3d", *row) for row in rows)
    Path(__file__).with_suffix(".bin").write_bytes(data)


main()
