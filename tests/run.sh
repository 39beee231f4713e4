#!/bin/sh
# Installs what is missing, builds, runs every test, prints the totals.
# usage: tests/run.sh [ctest options]      BUILD=dir  SANITIZE=address,undefined
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
sh tests/deps.sh test
cmake -G Ninja -B "$build" -S . -DSSLDAG_TESTS=ON -DSSLDAG_SANITIZE="${SANITIZE:-}" >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
rm -f "$build.log"
cmake --build "$build"
cd "$build"
exec ctest --output-on-failure --timeout 300 -j "$(nproc)" "$@"
