#!/usr/bin/env python3
"""Do TensorBoard and the run agree?  pip install tensorboard;  tests/parity/tensorboard_events.py RUN...

RUN is the folder of a run that was made with --tensorboard. Every number of its metrics.jsonl must be among the scalars
that TensorBoard reads, at its step and once; and TensorBoard must know of no others."""
import json
import math
import sys
from collections import defaultdict

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def same(a, b):
    """As numbers of 32 bits, but for the last bit: metrics.jsonl has nine digits of the number that the event has."""
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1.2e-7)


def expected(run):
    want = defaultdict(list)
    for line in open(run + "/metrics.jsonl"):
        o = json.loads(line)
        if "metric" in o:
            values = {o["metric"]: o["value"]}
        else:
            values = {k: v for k, v in o.items() if k not in ("phase", "step", "epoch", "loss")}
        for name, v in values.items():
            want[f"{o['phase']}/{name}"].append((o["step"], math.nan if v is None else v))
    return want


def check(run):
    accumulator = EventAccumulator(run + "/tensorboard", size_guidance={"scalars": 0})
    accumulator.Reload()
    want, values, wrong = expected(run), 0, 0
    tags = set(accumulator.Tags()["scalars"])
    if tags != set(want):
        print(f"{run}: tags differ: {sorted(tags ^ set(want))}")
        wrong += 1
    for tag in tags & set(want):
        got = [(e.step, e.value) for e in accumulator.Scalars(tag)]
        if len(got) != len(want[tag]) or not all(g[0] == w[0] and same(g[1], w[1]) for g, w in zip(got, want[tag])):
            print(f"{run}: {tag}: {got[:5]}... and {want[tag][:5]}...")
            wrong += 1
        values += len(got)
    print(f"{run}: {len(tags)} tags, {values} values, {wrong} wrong")
    return wrong


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(1 if sum(check(run.rstrip("/")) for run in sys.argv[1:]) else 0)
