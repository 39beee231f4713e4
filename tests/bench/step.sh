#!/bin/sh
# The SimCLR step of examples/simclr/bench.yaml beside the same step in PyTorch (python3-torch), in turn, best of each:
# views a second and peak memory on two threads at two widths, and two threads against one. Wants a quiet machine.
# usage: tests/bench/step.sh [path of ssldag] [rounds]
set -eu
cd "$(dirname "$0")/../.."
ssldag=${1:-build/ssldag}
rounds=${2:-3}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for round in $(seq "$rounds"); do
    for width in 64 16; do
        /usr/bin/python3 tests/bench/torch_simclr_step.py --threads 2 --width $width | sed "s/^/torch 2 $width /" >>"$out"
        for threads in 2 1; do
            "$ssldag" bench examples/simclr/bench.yaml --set width=$width --threads $threads --steps 5 --warmup 2 --json |
                sed "s/^/ssldag $threads $width /" >>"$out"
        done
    done
done
python3 - "$out" <<'P'
import json, sys
best = {}
for line in open(sys.argv[1]):
    who, threads, width, text = line.split(" ", 3)
    j = json.loads(text)
    rate = j.get("best_views_per_s", j["views_per_s"])
    old = best.get((who, threads, width), (0, 1 << 30))
    best[who, threads, width] = (max(old[0], rate), min(old[1], j["max_rss_mib"]))
for width in ("64", "16"):
    torch, two, one = best["torch", "2", width], best["ssldag", "2", width], best["ssldag", "1", width]
    print(f"width {width}: torch {torch[0]:.0f} views/s {torch[1]} MiB; ssldag {two[0]:.0f} views/s {two[1]} MiB; "
          f"speed x{two[0] / torch[0]:.2f}, memory x{two[1] / torch[1]:.2f}; two threads against one x{two[0] / one[0]:.2f}")
P
