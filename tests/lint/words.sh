#!/bin/sh
# Words that have no place in the product: tabs, trailing space, calls without a bound.
set -eu
cd "$(dirname "$0")/../.."
files=$(git ls-files -co --exclude-standard -- 'base/*.[ch]' 'config/*.[ch]' 'storage/*.[ch]' 'ingest/*.[ch]' 'alerts/*.[ch]' 'tests/*.[ch]')
bad=0
# shellcheck disable=SC2086 # a list of our own file names, none with a space
if grep -nP '\t| +$' $files; then echo "tabs or trailing space above"; bad=1; fi
# shellcheck disable=SC2086
if echo "$files" | grep -v '^tests/' | xargs -r grep -nE '\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|atof|system|popen|tmpnam|strtok|alloca|sleep|usleep)[[:space:]]*\('; then
    echo "calls above are not used here"; bad=1
fi
exit $bad
