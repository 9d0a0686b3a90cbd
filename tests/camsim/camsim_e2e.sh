#!/bin/sh
# usage: camsim_e2e.sh TEST PROGRAM; gives the test a folder of its own
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# GStreamer keeps its types and plug-ins until the process ends; that is no leak of ours
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
"$1" "$2" "$folder"
