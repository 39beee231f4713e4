#!/bin/sh
# The training step of examples/gpt/bench.yaml beside the same step in PyTorch, in turn: tokens a second and peak memory
# of ssldag on two threads and on one, and of PyTorch on one and on two. Steps differ in time when a machine is busy, so
# the median of each run is taken and the best of the runs; `each round` shows what the rounds gave on their own.
# usage: tests/bench/gpt_step.sh PEER.py TEXT [path of ssldag] [rounds]
#   PEER.py TEXT --threads N --iters N   prints one line of JSON with tokens_per_s and max_rss_mib
set -eu
peer=$(realpath "$1")
text=$(realpath "$2")
cd "$(dirname "$0")/../.."
ssldag=${3:-build/ssldag}
rounds=${4:-3}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for round in $(seq "$rounds"); do
    for threads in 1 2; do
        "$ssldag" bench examples/gpt/bench.yaml --set "data=$text" --threads $threads --steps 60 --json |
            sed "s/^/ssldag $threads $round /" >>"$out"
        /usr/bin/python3 "$peer" "$text" --threads $threads --iters "${PEER_STEPS:-40}" | sed "s/^/torch $threads $round /" >>"$out"
    done
done
python3 - "$out" <<'P'
import json, sys
TOKENS = 12 * 64
runs = {}
for line in open(sys.argv[1]):
    who, threads, round, text = line.split(" ", 3)
    j = json.loads(text)
    runs[who, threads, round] = (j.get("tokens_per_s") or TOKENS / j["step_s"], j["max_rss_mib"])
rounds = sorted({r for _, _, r in runs})
best = {}
for (who, threads, _), (rate, rss) in runs.items():
    old = best.get((who, threads), (0, 1 << 30))
    best[who, threads] = (max(old[0], rate), min(old[1], rss))
for who, threads in sorted(best):
    print(f"{who} {threads} thread(s): {best[who, threads][0]:.0f} tokens/s, {best[who, threads][1]} MiB")
def better(table, who):
    return max((table[k] for k in table if k[0] == who), key=lambda v: v[0])
each = []
for r in rounds:
    table = {k[:2]: v for k, v in runs.items() if k[2] == r}
    each.append(better(table, "ssldag")[0] / better(table, "torch")[0])
us, them = better(best, "ssldag"), better(best, "torch")
print(f"at its better thread count: speed x{us[0] / them[0]:.2f} (each round {', '.join(f'x{x:.2f}' for x in each)}), "
      f"memory x{us[1] / them[1]:.2f}")
P
