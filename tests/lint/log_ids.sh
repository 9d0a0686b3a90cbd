#!/bin/sh
# Every id of the log at a level that people see is in config/log.md, and nothing else is.
set -eu
cd "$(dirname "$0")/../.."
told=$(mktemp)
used=$(mktemp)
trap 'rm -f "$told" "$used"' EXIT
export LC_ALL=C

sed -n 's/^| `\([a-z.-]*\)` .*/\1/p' config/log.md >"$told"
sort -c -u "$told" || { echo "config/log.md: the ids are not in order, or one is there twice"; exit 1; }
find base config storage ingest alerts -name node_modules -prune -o -name '*.c' -print |
    xargs cat | tr -s ' \n' '  ' | grep -oE 'LOG_(ERROR|WARN|INFO)\( ?"[^"]*"' | cut -d '"' -f 2 |
    sort -u >"$used"
cmp -s "$told" "$used" && exit 0
comm -13 "$told" "$used" | sed 's/.*/config\/log.md: "&" is logged and not told here: add a row/'
comm -23 "$told" "$used" | sed 's/.*/config\/log.md: "&" is logged nowhere: delete its row/'
exit 1
