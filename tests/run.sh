#!/bin/sh
# Installs what is missing, builds, runs every test, prints the totals.
# usage: tests/run.sh [options of ctest, such as -R pool]      BUILD=dir  SANITIZE=address,undefined
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
case "${1:-}" in
-h | --help) sed -n '2,3s/^# //p' tests/run.sh && exit 0 ;;
esac
sh tests/deps.sh test
mkdir -p "$build"
cmake -G Ninja -B "$build" -S . -DSSLDAG_TESTS=ON -DSSLDAG_SANITIZE="${SANITIZE:-}" >"$build/configure.log" 2>&1 ||
    { cat "$build/configure.log" >&2; exit 1; }
cmake --build "$build"
cd "$build"
exec ctest --no-tests=error --output-on-failure --timeout 900 -j "$(nproc)" "$@"
