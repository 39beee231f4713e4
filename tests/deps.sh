#!/bin/sh
# Installs what building and testing need, where it is missing (Debian 12, as root or with sudo). What only one test wants
# is tried and may fail: that test then says that it is skipped.
# usage: tests/deps.sh build | test | ci
set -eu
need="gcc libc6-dev cmake ninja-build pkg-config libyaml-dev libopenblas-pthread-dev libgraphviz-dev graphviz libjansson-dev
      libturbojpeg0-dev libarchive-dev libpng-dev zlib1g-dev"
want=
case "${1:-build}" in
build) ;;
test) need="$need libcmocka-dev" want="python3-jsonschema python3-yaml" ;;
ci) need="$need libcmocka-dev clang-format-14 strace" want="python3-jsonschema python3-yaml chromium" ;;
*) echo "usage: tests/deps.sh build | test | ci" >&2; exit 2 ;;
esac
if ! command -v dpkg-query >/dev/null; then
    echo "deps.sh: not a Debian system; what is needed, by Debian's names:" $need $want >&2
    exit 0
fi
missing_of() {
    for p in "$@"; do
        dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || printf ' %s' "$p"
    done
}
install() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
missing=$(missing_of $need)
wanted=$(missing_of $want)
[ -z "$missing$wanted" ] && exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    if ! command -v sudo >/dev/null; then
        [ -z "$missing" ] && exit 0
        echo "deps.sh: missing:$missing; install them as root" >&2
        exit 1
    fi
fi
echo "installing:$missing$wanted" >&2
$sudo apt-get update -qq || [ -z "$missing" ]
[ -z "$missing" ] || install $missing
[ -z "$wanted" ] || install $wanted || echo "deps.sh: not installed:$wanted; their tests are skipped" >&2
