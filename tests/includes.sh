#!/bin/sh
# The include arrows of the house: core <- nodes, core <- graphs <- runtime, core and graphs <- viz.
# runtime may use viz, to write a run's picture.
set -eu
cd "$(dirname "$0")/.."
bad=0
check() { # folder, folders that its files may include from
    found=$(grep -rnE '^#include "' "$1" --include='*.c' --include='*.h' | grep -vE "#include \"($2)/" || true)
    [ -z "$found" ] && return
    echo "$1/ may include from $2 only:"
    echo "$found"
    bad=1
}
check core 'core'
check nodes 'core|nodes'
check graphs 'core|graphs'
check runtime 'core|graphs|runtime|viz'
check viz 'core|graphs|viz'
yaml=$(grep -rlE '#include <yaml.h>' core nodes runtime viz || true)
[ -z "$yaml" ] || { echo "only graphs/spec knows YAML: $yaml"; bad=1; }
blas=$(grep -rlE '#include <cblas.h>' --include='*.c' --include='*.h' . | grep -v '^./core/cpu/gemm.c$' || true)
[ -z "$blas" ] || { echo "only core/cpu/gemm.c knows BLAS: $blas"; bad=1; }
exit $bad
