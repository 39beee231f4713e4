#!/bin/sh
# Installs what is missing, builds into build/, and runs the main job on the embedded digits: a SimCLR encoder is
# pre-trained without labels, fine-tuned on ten labels a class, and held-out digits are predicted.
# usage: examples/quickstart.sh [options of ssldag run, such as --set seed=2 or --out DIR]
set -eu
export LC_ALL=C # awk and printf write numbers with a point
out=
next=
for word in "$@"; do # where the run will write, if the caller says so
    case "$next$word" in
    --out=*) out=${word#--out=} ;;
    --out) next=out: && continue ;;
    out:*) out=$word ;;
    -h | --help) sed -n '2,4s/^# //p' "$0" && exit 0 ;;
    --resume*) echo "quickstart.sh: to continue a run: build/ssldag run --resume DIR" >&2 && exit 2 ;;
    esac
    next=
done
cd "$(dirname "$0")/.."
sh tests/deps.sh build
cmake -G Ninja -B build -S . -DSSLDAG_TESTS=OFF -DSSLDAG_SANITIZE= >/dev/null
cmake --build build --target ssldag
if [ -z "$out" ]; then
    out=runs/simclr-digits/$(date +%Y-%m-%d-%H%M%S)
    set -- --out "$out" "$@"
fi
build/ssldag run examples/simclr/simclr.yaml "$@" >/dev/null

percent() { # accuracy $2 of phase $1, from summary.json
    awk -v phase="\"$1\":" -v metric="\"$2\":" '
        $2 == "{" { inside = $1 == phase }
        inside && $1 == metric { sub(",", "", $2); if ($2 ~ /^[0-9]/) found = sprintf("%5.1f %%", 100 * $2) }
        END { print found == "" ? "      -" : found }' "$out/summary.json"
}
cat <<TXT

                                                        accuracy on 500 held-out digits
  nearest neighbours of the encoder's features           $(percent pretrain knn)   (no label used in training)
  encoder fine-tuned on 10 labels a class                $(percent predict accuracy)
  the same network from scratch on the same labels       $(percent baseline accuracy)

  report        $out/report.html   (open it in a browser)
  picture       $out/graph.svg
  predictions   $out/predictions.csv
  weights       $out/weights/        (safetensors; PyTorch reads them)
  checkpoints   $out/checkpoints/
TXT
