#!/bin/sh
# Looks for data races: builds with ThreadSanitizer in build-tsan/ and runs the tests that use threads.
#
#   tests/tsan.sh [BUILD_DIR] [REPEATS]
#
# Address randomisation is off while they run: with it, gcc 12's run-time library may not find its memory. Reports from
# inside OpenBLAS, which is not instrumented, are left out (tests/tsan.supp).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build-tsan}
repeats=${2:-3}
tests="unit-runtime-test_pool"

cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSSLDAG_SANITIZE=thread >/dev/null
for t in $tests; do
    cmake --build "$build" --target "$t" >/dev/null
    i=0
    while [ "$i" -lt "$repeats" ]; do
        TSAN_OPTIONS="halt_on_error=1 suppressions=$root/tests/tsan.supp" setarch -R "$build/tests/$t"
        i=$((i + 1))
    done
done
echo "no data race in $repeats runs of: $tests"
