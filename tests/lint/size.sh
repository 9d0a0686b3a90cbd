#!/bin/sh
# A product file over 500 lines is two rooms in one.
set -eu
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard -- 'base/*.[ch]' 'config/*.[ch]' 'storage/*.[ch]' 'ingest/*.[ch]' 'alerts/*.[ch]' |
    xargs -r wc -l | awk '$2 != "total" && $1 > 500 { print $2 ": " $1 " lines, 500 at most"; bad = 1 } END { exit bad }'
