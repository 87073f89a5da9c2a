"""PyTorch as a peer: tasks as lines of JSON on stdin, replies as lines on stdout, as bench/peer-process.ts."""

import json
import sys

import torch

from models import infer, train
from ops import KINDS
from sampler import sample, timed, warm_up
from sketch import sketch
from values import values

# As bench/serve.ts: a first run that took long is not taken for the rule.
COLD_SECONDS = 0.3

KINDS = {**KINDS, "train": train, "infer": infer}


def prepare(row):
    inputs = {name: values(spec) for name, spec in row["inputs"].items()}
    return KINDS[row["kind"]](inputs, row)


def answer(task, ready={}):
    row = task["row"]
    key = json.dumps(row)
    try:
        if ready.get("key") != key:
            ready.clear()
            ready.update(key=key, side=prepare(row))
        run, result = ready["side"]
        if task["do"] == "time":
            if "count" not in ready:
                ready["count"] = warm_up(run, task["effort"])
            return {"samples": sample(run, ready["count"], task["effort"])}
        runs = row.get("checkRuns", 1)
        seconds = [timed(run, 1) for _ in range(runs)][-1]
        shown = sketch(result(), row.get("moments", False))
        if runs == 1 and seconds > COLD_SECONDS:
            seconds = timed(run, 1)
        about = {"version": torch.__version__, "threads": torch.get_num_threads()}
        return {"sketch": shown, "seconds": seconds, "about": about}
    except Exception as error:
        ready.clear()
        return {"error": f"{type(error).__name__}: {error}"}


def say(reply):
    print(json.dumps({"reply": reply}, separators=(",", ":")), flush=True)


torch.set_num_threads(json.loads(sys.argv[1])["threads"])
say("ready")
for line in sys.stdin:
    say(answer(json.loads(line)))
