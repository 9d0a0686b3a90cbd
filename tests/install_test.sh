#!/bin/sh
# What `cmake --install` puts in place is whole: every program answers, every schema is there and
# is what the source has. usage: install_test.sh BUILD-FOLDER
set -eu
build=$1
src=$(cd "$(dirname "$0")/.." && pwd)
prefix=$(mktemp -d /tmp/vd-install.XXXXXX)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" >"$prefix/log"
for schema in "$src"/alerts/feed/schemas/*.json; do
    cmp "$schema" "$prefix/share/vedette/schemas/${schema##*/}"
    python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$schema"
done
"$prefix/bin/vedette" --help >/dev/null
for program in "$build"/bin/vedette*; do
    [ -x "$prefix/bin/${program##*/}" ] || [ -x "$prefix/libexec/vedette/${program##*/}" ] || {
        echo "install_test: ${program##*/} is not installed" >&2
        exit 1
    }
done
