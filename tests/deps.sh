#!/bin/sh
# Installs what building and testing need, where it is missing (Debian 12, as root or with sudo).
# usage: tests/deps.sh build | test | ci
set -eu
need="gcc libc6-dev cmake ninja-build pkg-config libyaml-dev libopenblas-pthread-dev libgraphviz-dev graphviz libjansson-dev
      libturbojpeg0-dev libarchive-dev libpng-dev zlib1g-dev"
case "${1:-build}" in
build) ;;
test) need="$need libcmocka-dev python3-jsonschema python3-yaml" ;;
ci) need="$need libcmocka-dev python3-jsonschema python3-yaml clang-format-14 strace chromium" ;;
*) echo "usage: tests/deps.sh build | test | ci" >&2; exit 2 ;;
esac
if ! command -v dpkg-query >/dev/null; then
    echo "deps.sh: not a Debian system; what is needed, by Debian's names:" $need >&2
    exit 0
fi
missing=
for p in $need; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || { echo "deps.sh: missing:$missing; install them as root" >&2; exit 1; }
fi
echo "installing:$missing" >&2
$sudo apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
