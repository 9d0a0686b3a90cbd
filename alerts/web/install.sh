#!/bin/sh
# usage: install.sh npm: installs exactly what package-lock.json names, beside it. Two builds that
# ask at once wait for each other.
set -eu
cd "$(dirname "$0")"
exec 9>.install.lock
flock 9
sum=$(sha256sum package-lock.json package.json)
if [ "$(cat node_modules/.complete 2>/dev/null)" != "$sum" ]; then
    "$1" ci --no-audit --no-fund --loglevel=error
fi
echo "$sum" >node_modules/.complete
