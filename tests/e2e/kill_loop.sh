#!/bin/sh
# Kills a run at random moments, continues it, and compares what it leaves with an undisturbed run: the long version of
# test_resume.c, on a pipeline of your choice.
#
#   SSLDAG=build/ssldag tests/e2e/kill_loop.sh [PIPELINE.yaml] [KILLS] [SEED] [--set KEY=VALUE ...]
#
# Prints the number of kills and of completed runs; exit code 0 when all of them are equal.
set -eu
program=$(realpath "${SSLDAG:-build/ssldag}")
root=$(cd "$(dirname "$0")/../.." && pwd)
pipeline=$(realpath "${1:-$root/examples/simclr/simclr.yaml}")
kills=${2:-100}
seed=${3:-1}
[ $# -lt 3 ] || shift 3
if [ $# -eq 0 ]; then
    set -- --set epochs=6 --set phases.pretrain.checkpoint="2 steps" --set phases.finetune.epochs=10 \
        --set phases.finetune.checkpoint="3 steps" --set phases.scratch.epochs=10
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

sums() { # of all that must not differ
    (cd "$1" && find . -type f ! -name config.yaml ! -name graph.svg ! -name metrics.jsonl ! -name summary.json \
        ! -path './checkpoints/*' | sort | xargs sha256sum)
}

began=$(date +%s%N)
"$program" run "$pipeline" --out whole --quiet "$@"
took=$((($(date +%s%N) - began) / 1000000))
sums whole >whole.sums
echo "undisturbed: $took ms"

done_kills=0
runs=0
random=$seed
while [ "$done_kills" -lt "$kills" ]; do
    if [ -e run/config.yaml ]; then
        set_off="run --resume run"
        "$program" run --resume run --quiet 2>>log &
    else
        set_off="run --out run"
        rm -rf run
        "$program" run "$pipeline" --out run --quiet "$@" 2>>log &
    fi
    pid=$!
    random=$(((random * 1103515245 + 12345) % 2147483648))
    ms=$((random / 65536 % (took * 3 / 4 + 1)))
    sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
    kill -9 $pid 2>/dev/null || true
    code=0
    wait $pid 2>/dev/null || code=$?
    if [ $code -eq 137 ]; then
        done_kills=$((done_kills + 1))
        continue
    fi
    [ $code -eq 0 ] || { echo "$set_off ended with $code"; cat log; exit 1; }
    sums run >run.sums
    diff whole.sums run.sums || { echo "after $done_kills kills: the results differ"; exit 1; }
    runs=$((runs + 1))
    rm -rf run
done
if [ -e run/config.yaml ]; then
    "$program" run --resume run --quiet 2>>log
    sums run >run.sums
    diff whole.sums run.sums || { echo "after $done_kills kills: the results differ"; exit 1; }
    runs=$((runs + 1))
fi
left=$(find run -name '*.tmp.*' 2>/dev/null | wc -l)
[ "$left" -eq 0 ] || { echo "$left unfinished files are left"; exit 1; }
echo "$done_kills kills, $runs runs: the same bytes"
