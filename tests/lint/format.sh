#!/bin/sh
# Every C file is as clang-format 14 (Debian's) leaves it.
set -eu
cd "$(dirname "$0")/../.."
git ls-files -co --exclude-standard -- '*.c' '*.h' | xargs -r clang-format-14 --dry-run --Werror
