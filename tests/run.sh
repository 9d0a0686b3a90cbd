#!/bin/sh
# Builds and tests, part by part, and ends with one line that says how it went.
# usage: tests/run.sh build PRESET [TARGET …] | test | fast | soak | bench [NAME …] | fuzz
# Results of every part stay in build/results/.
set -u
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
out=build/results
begun=$(date +%s)
passed=0
failed=0
broken=''
table=''

if command -v ccache >/dev/null 2>&1; then
    export CMAKE_C_COMPILER_LAUNCHER="${CMAKE_C_COMPILER_LAUNCHER-ccache}"
fi
export CTEST_OUTPUT_ON_FAILURE=1
mkdir -p "$out"

say() { printf '\n== %s\n' "$*"; }

# note NAME SECONDS RESULT: a row of the closing table.
note() { table="$table$(printf '%-32s %5ss  %s' "$1" "$2" "$3")
"; }

fail() {
    failed=$((failed + 1))
    broken="$broken $1"
}

# build PRESET [TARGET …]: configure and build; progress for a terminal and for a log.
build() {
    preset=$1
    shift
    since=$(date +%s)
    say "build $preset"
    if cmake --preset "$preset" >"$out/$preset.configure.log" 2>&1 &&
        NINJA_STATUS="[$preset %f/%t] " cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}; then
        note "build $preset" $(($(date +%s) - since)) ok
        return 0
    fi
    [ -s "$out/$preset.configure.log" ] && grep -A12 'CMake Error' "$out/$preset.configure.log"
    note "build $preset" $(($(date +%s) - since)) FAILED
    fail "build-$preset"
    return 1
}

# count ATTRIBUTE FILE: a number from the head of ctest's JUnit file.
count() {
    number=$(sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p;/<testcase/q" "$2" 2>/dev/null | head -n 1)
    echo "${number:-0}"
}

# check PRESET NAME CTEST-ARGUMENT …: runs tests and counts them from what ctest wrote down.
check() {
    preset=$1
    name=$2
    shift 2
    since=$(date +%s)
    xml=$PWD/$out/$name.xml
    rm -f "$xml"
    say "test $name"
    ctest --test-dir "build/$preset" --output-junit "$xml" --progress "$@"
    code=$?
    n=$(count tests "$xml")
    bad=$(count failures "$xml")
    skipped=$(($(count skipped "$xml") + $(count disabled "$xml")))
    passed=$((passed + n - bad - skipped))
    failed=$((failed + bad))
    for test in $(sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$xml"); do
        broken="$broken $name:$test"
    done
    # ctest may fail without a failed test: none found, or one that could not be run.
    if [ "$code" -ne 0 ] && [ "$bad" -eq 0 ]; then
        fail "$name:ctest-exit-$code"
        bad=1
    fi
    if [ "$n" -eq 0 ]; then
        fail "$name:no-tests"
    fi
    note "$name: $n tests" $(($(date +%s) - since)) "$([ "$bad" -eq 0 ] && echo ok || echo FAILED)"
}

# Reports that no exit code told of (Criterion 2.4.1 swallows a leak at a worker's exit).
sweep() {
    for log in build/*/Testing/Temporary/LastTest.log; do
        [ -e "$log" ] || continue
        if grep -qE 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' "$log"; then
            grep -nE 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' "$log" | head -n 5
            fail "sanitizer-report-in-$log"
        fi
    done
}

close_report() {
    printf '\n%s' "$table"
    [ -z "$broken" ] || printf 'failed:%s\n' "$broken"
    printf 'took %s s\n%s passed, %s failed\n' $(($(date +%s) - begun)) "$passed" "$failed"
    [ "$failed" -eq 0 ]
}

do_test() {
    quiet='soak|bench'
    build dev && check dev dev -j "$jobs" -LE "$quiet|e2e" && check dev e2e -j 2 -L e2e -LE "$quiet"
    build asan && check asan asan -j "$jobs" -L 'unit|fuzz' -LE "$quiet" && check asan asan-e2e -L 'e2e-asan'
    build tsan && check tsan tsan -j "$jobs" -L race -LE "$quiet" && check tsan tsan-e2e -L e2e-tsan
    build clang
    sweep
}

do_fuzz() {
    build fuzz || return
    for target in build/fuzz/tests/fuzz/fuzz.*; do
        [ -x "$target" ] || continue
        name=${target##*/fuzz.}
        since=$(date +%s)
        say "fuzz $name, ${SECONDS_EACH:-60} s"
        mkdir -p "build/fuzz/found/$name" "build/fuzz/crashes"
        seeds=tests/fuzz/corpora/$name
        dict=tests/fuzz/$name.dict
        if "$target" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/crashes/$name-" ${dict:+$([ -e "$dict" ] && echo "-dict=$dict")} \
            "build/fuzz/found/$name" $([ -d "$seeds" ] && echo "$seeds") >"$out/fuzz.$name.log" 2>&1; then
            passed=$((passed + 1))
            note "fuzz $name" $(($(date +%s) - since)) "ok, $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/fuzz.$name.log") runs"
        else
            tail -n 40 "$out/fuzz.$name.log"
            fail "fuzz-$name"
            note "fuzz $name" $(($(date +%s) - since)) FAILED
        fi
    done
}

case ${1-} in
build)
    shift
    build "$@" && exit 0
    exit 1
    ;;
test) do_test ;;
fast) build dev && check dev fast -j "$jobs" -L 'unit|lint' ;;
soak) build release && build dev && check dev soak -L soak ;;
bench)
    shift
    build release || exit 1
    names=${*:-.}
    ctest --test-dir build/release -L bench -R "$(printf '%s' "$names" | tr ' ' '|')" --verbose |
        sed -u -n 's/^[0-9]*: //p'
    exit
    ;;
fuzz) do_fuzz ;;
*)
    echo "usage: tests/run.sh build PRESET | test | fast | soak | bench [NAME …] | fuzz" >&2
    exit 2
    ;;
esac
close_report
