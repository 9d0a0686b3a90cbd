#!/bin/sh
# Installs the Debian packages of the named lists (config/packages/<list>.txt), only those that
# are missing. Needs root or sudo when something is missing, nothing when all is there.
# usage: config/deps.sh [--list] run|test|bench|soak …
set -eu
cd "$(dirname "$0")/packages"

say() { printf '%s\n' "deps: $*" >&2; }

# The packages of the lists, without comments and without those another program stands in for.
wanted() {
    for list in "$@"; do
        [ -r "$list.txt" ] || { say "no such list '$list' in $PWD"; exit 2; }
        while read -r package rest; do
            case $package in '' | '#'*) continue ;; esac
            case $rest in
            unless=*) command -v "${rest#unless=}" >/dev/null 2>&1 && continue ;;
            esac
            printf '%s\n' "$package"
        done <"$list.txt"
    done | sort -u
}

missing() {
    # shellcheck disable=SC2086 # a list of words
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $1 2>/dev/null |
        sed -n 's/^installed //p' | sort -u)
    for package in $1; do
        printf '%s\n' "$have" | grep -qxF "$package" || printf '%s\n' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Debian's postgresql-15 starts a cluster of its own on installation; Vedette needs none.
keep_postgres_quiet() {
    dpkg-query -W -f '${db:Status-Status}\n' postgresql-15 2>/dev/null | grep -qx installed && return
    as_root mkdir -p /etc/postgresql-common/createcluster.d
    printf '%s\n' '# Vedette runs a private cluster in its state folder and needs no other.' \
        'create_main_cluster = false' |
        as_root tee /etc/postgresql-common/createcluster.d/vedette.conf >/dev/null
}

if [ "${1-}" = --list ]; then
    shift
    wanted "$@"
    exit
fi
[ $# -gt 0 ] || { say "usage: config/deps.sh [--list] run|test|bench|soak …"; exit 2; }
command -v apt-get >/dev/null || {
    say "this system has no apt-get; install the counterparts of these yourself:"
    wanted "$@" >&2
    exit 1
}

all=$(wanted "$@")
lack=$(missing "$all" | tr '\n' ' ')
if [ -z "${lack% }" ]; then
    say "all packages for '$*' are there"
    exit 0
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    say "packages are missing and there is no sudo; as root run:"
    say "    apt-get install --no-install-recommends $lack"
    exit 1
fi
say "installing for '$*': $lack"
case " $lack" in *" postgresql-15 "*) keep_postgres_quiet ;; esac
as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 update </dev/null
# shellcheck disable=SC2086 # a list of words
as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 \
    -o Dpkg::Use-Pty=0 install --no-install-recommends $lack </dev/null
say "done"
