#!/bin/sh
# Checks the layout of all C files with clang-format 14; --fix rewrites them.
set -eu
cd "$(dirname "$0")/.."
files=$(git ls-files '*.c' '*.h')
if [ "${1:-}" = --fix ]; then
    exec clang-format-14 -i $files
fi
if ! clang-format-14 --dry-run --Werror $files >/tmp/format.$$ 2>&1; then
    grep error /tmp/format.$$ | head -20
    rm -f /tmp/format.$$
    echo "run tests/format.sh --fix"
    exit 1
fi
rm -f /tmp/format.$$
echo "format: $(echo "$files" | wc -w) files"
