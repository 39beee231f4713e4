#!/bin/sh
# Installs what is missing, builds into build/, and runs the main job on the embedded digits: a SimCLR encoder is
# pre-trained without labels, fine-tuned on ten labels a class, and held-out digits are predicted.
# usage: examples/quickstart.sh [options of ssldag run, such as --set seed=2]
set -eu
cd "$(dirname "$0")/.."
sh tests/deps.sh build
cmake -G Ninja -B build -S . -DSSLDAG_TESTS=OFF >/dev/null
cmake --build build --target ssldag
out=runs/simclr-digits/$(date +%Y-%m-%d-%H%M%S)
build/ssldag run examples/simclr/simclr.yaml --out "$out" "$@" >/dev/null
value() { # the number of metric $2 in phase $1
    awk -v p="\"$1\":" -v m="\"$2\":" '$1 == p { on = 1 } on && $1 == m { sub(",", "", $2); printf "%.1f", 100 * $2; exit }' "$out/summary.json"
}
cat <<TXT

                                                        accuracy
  kNN on the features, no label used in training       $(value pretrain knn) %
  fine-tuned on 10 labels a class                      $(value predict accuracy) %
  the same network from scratch on the same labels     $(value baseline accuracy) %

  picture       $out/graph.svg
  predictions   $out/predictions.csv
  weights       $out/weights/         (safetensors; PyTorch reads them)
  checkpoints   $out/checkpoints/
TXT
