#!/bin/sh
# What is installed is enough: headers, library, packages, examples and what `ssldag new` writes, away from the source.
# usage: tests/plugins.sh BUILD       a folder in which everything is built
set -eu
build=$(cd "$1" && pwd)
src=$(cd "$(dirname "$0")/.." && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
CC=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
export CC
die() {
    echo "tests/plugins.sh: $*" >&2
    exit 1
}
quiet() { # a command whose output matters only if it fails
    "$@" >"$tmp/log" 2>&1 || { cat "$tmp/log" >&2; die "failed: $*"; }
}

# ---- installed with DESTDIR and then used where it lies: nothing in it may name its place
DESTDIR=$tmp/root quiet cmake --install "$build" --prefix /opt/ssldag
prefix=$tmp/moved
mv "$tmp/root/opt/ssldag" "$prefix"
ssldag=$prefix/bin/ssldag
libdir=$(dirname "$(find "$prefix" -name libssldag.so)")
export PKG_CONFIG_PATH="$libdir/pkgconfig" CMAKE_PREFIX_PATH="$prefix"
unset LD_LIBRARY_PATH SSLDAG
quiet "$ssldag" --version
ldd "$ssldag" | grep -q "$prefix/.*/libssldag.so" || die "the program finds another library than the one beside it"
[ -s "$prefix/share/ssldag/ssldag.schema.json" ] || die "no schema"
for shell in bash:share/bash-completion/completions/ssldag zsh:share/zsh/site-functions/_ssldag \
    fish:share/fish/vendor_completions.d/ssldag.fish; do
    if "$ssldag" completion "${shell%%:*}" >"$tmp/completion" 2>/dev/null; then
        cmp -s "$tmp/completion" "$prefix/${shell#*:}" || die "the completion of ${shell%%:*} is not installed"
    fi
done

# ---- the library exports what the headers declare, and nothing else
nm -D --defined-only "$libdir/libssldag.so" | sed -n 's/.* [A-Z] \([^@]*\).*/\1/p' | sort -u >"$tmp/exported"
grep -hoE 'sdag_[a-z0-9_]+' -r "$prefix/include/ssldag" | sort -u >"$tmp/named"
more=$(comm -23 "$tmp/exported" "$tmp/named" | grep -vE '^(SSLDAG_[0-9]+|sdag_main)$' || true)
[ -z "$more" ] || die "exported, but in no public header:" $more
sed -n '/^core/,$p' "$src/tests/golden/abi.txt" | grep -vE '^(typedef|struct|enum|$)' |
    sed -nE 's/^[^(]*\b(sdag_[a-z0-9_]+)\(.*/\1/p' | sort -u >"$tmp/declared"
[ "$(wc -l <"$tmp/declared")" -gt 100 ] || die "tests/golden/abi.txt declares next to nothing"
missing=$(comm -13 "$tmp/exported" "$tmp/declared")
[ -z "$missing" ] || die "declared in a public header, but not exported:" $missing
for header in $(cd "$prefix/include/ssldag" && find core -name '*.h'); do # each stands on its own
    echo "#include \"$header\"" >"$tmp/one.c"
    quiet "$CC" -std=gnu11 -Wall -Wextra -Wno-unused-function -Werror -fsyntax-only $(pkg-config --cflags ssldag) "$tmp/one.c"
done

# ---- the examples, by CMake and by pkg-config
examples=$prefix/share/ssldag/examples/plugin
quiet cmake -G Ninja -S "$examples" -B "$tmp/examples"
quiet cmake --build "$tmp/examples"
quiet ctest --test-dir "$tmp/examples" --output-on-failure --no-tests=error
mkdir "$tmp/pc"
compile() { # FILE.c TO.so
    quiet "$CC" -std=gnu11 -O2 -Wall -Wextra -Werror -fno-math-errno -fno-trapping-math -shared -fPIC \
        -Wl,--no-undefined "$1" $(pkg-config --cflags --libs ssldag) -lm -o "$2"
}
for name in cutout dcl log_cosh; do
    compile "$examples/$name.c" "$tmp/pc/$name.so"
    quiet "$ssldag" test "$tmp/pc/$name.so"
    quiet "$ssldag" check "$examples/$name.yaml" --plugin-path "$tmp/pc"
    cp "$tmp/pc/$name.so" "$libdir/ssldag/plugins/"
    quiet "$ssldag" check "$examples/$name.yaml" # found beside the library
done

# ---- the plugin of the lesson
sed -n '/^```c$/,/^```$/p' "$prefix/share/doc/ssldag/PLUGINS.md" | grep -v '^```' >"$tmp/huber.c"
compile "$tmp/huber.c" "$tmp/huber.so"
quiet "$ssldag" test "$tmp/huber.so"

# ---- what `ssldag new` writes builds and passes as it is
cd "$tmp"
for node in loss.my_loss head.my_head augment.my_change op.my_op; do
    name=${node#*.}
    quiet "$ssldag" new node "$node"
    quiet cmake -G Ninja -S "$name" -B "$name/build"
    quiet cmake --build "$name/build"
    quiet ctest --test-dir "$name/build" --output-on-failure --no-tests=error
    quiet "$ssldag" check "$name/$name.yaml"
    if "$ssldag" new node "$node" >log 2>&1; then die "ssldag new writes over $name"; fi
done
for role in encoder projector decoder math; do
    quiet "$ssldag" new node $role.mine --out "in/$role"
    compile "in/$role/mine.c" "in/$role/mine.so"
    quiet "$ssldag" test "in/$role/mine.so"
    quiet "$ssldag" check "in/$role/mine.yaml" --set "plugins=in/$role/mine.so"
done
echo "plugins: all of it works"
