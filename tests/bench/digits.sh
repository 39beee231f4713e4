#!/bin/sh
# Mean test accuracy of examples/simclr/simclr.yaml over seeds 1, 2, 3: pre-trained and fine-tuned on ten labels a class,
# beside the same network from scratch.
# usage: tests/bench/digits.sh [path of ssldag] [more options of ssldag run]
set -eu
cd "$(dirname "$0")/../.."
ssldag=${1:-build/ssldag}
[ $# -gt 0 ] && shift
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for seed in 1 2 3; do
    "$ssldag" run examples/simclr/simclr.yaml --out "$dir/$seed" --set seed=$seed -q "$@"
done
python3 - "$dir" <<'P'
import json, sys
runs = [json.load(open(f"{sys.argv[1]}/{s}/summary.json"))["phases"] for s in (1, 2, 3)]
mean = lambda phase, name: sum(r[phase][name] for r in runs) / 3
fine, scratch = 100 * mean("predict", "accuracy"), 100 * mean("baseline", "accuracy")
print(f"fine-tuned {fine:.2f} %, from scratch {scratch:.2f} %, difference {fine - scratch:.2f} points, kNN {100 * mean('pretrain', 'knn'):.2f} %, "
      f"{sum(sum(p['seconds'] for p in r.values()) for r in runs) / 3:.1f} s a run")
P
