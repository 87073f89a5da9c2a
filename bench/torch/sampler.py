"""How a run is timed: bench/sampler.ts."""

import math
from time import perf_counter

SAMPLE_SECONDS = 2e-3
WARM_UP_SECONDS = 0.3


def timed(run, count):
    start = perf_counter()
    for _ in range(count):
        run()
    return perf_counter() - start


def warm_up(run, effort):
    count, spent = 1, 0.0
    while True:
        once = timed(run, count)
        spent += once
        if once < SAMPLE_SECONDS:
            count = min(1 << 20, math.ceil(count * min(8, 1.2 * SAMPLE_SECONDS / max(once, 1e-5))))
        elif spent >= min(WARM_UP_SECONDS, effort["seconds"]):
            return count


def sample(run, count, effort):
    seconds, samples, spent = effort["seconds"], [], 0.0
    while spent < seconds or (len(samples) < effort["minSamples"] and spent < 5 * seconds):
        taken = timed(run, count)
        spent += taken
        samples.append(taken / count)
    return samples
