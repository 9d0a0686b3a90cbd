#!/bin/sh
# Both commands on a bare Debian 12 root: debootstrap, a clean clone of this repository, and only
# the steps that the README names. Needs root, debootstrap and the network; takes a while.
# usage: tests/e2e/bare.sh [run] [test-fast] [test]      (without arguments: run test)
# The root lies in mount and pid namespaces of its own: whatever it starts ends with it.
set -eu
src=$(cd "$(dirname "$0")/../.." && pwd)
here=$src/tests/e2e
[ $# -gt 0 ] || set -- run test

if [ "${VD_BARE_INSIDE-}" = "" ]; then
    [ "$(id -u)" -eq 0 ] || { echo "bare.sh: needs root" >&2; exit 77; }
    root=$(mktemp -d /var/tmp/vd-bare.XXXXXX)
    chmod 755 "$root" # it becomes "/"
    trap 'rm -rf --one-file-system "$root"' EXIT
    trap 'exit 1' INT TERM
    mkdir -p "$src/build"
    echo "== debootstrap into $root"
    mirror=$(sed -n 's/^URIs: *\([^ ]*\)$/\1/p;s/^deb \(\[[^]]*\] \)\{0,1\}\(http[^ ]*debian\) .*/\2/p' \
        /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -n 1)
    debootstrap --variant=minbase bookworm "$root" "${mirror:-http://deb.debian.org/debian}" >"$src/build/debootstrap.log" 2>&1 ||
        { tail -n 5 "$src/build/debootstrap.log"; exit 1; }
    # What this machine needs to reach the network at all, the root needs too.
    cp /etc/resolv.conf /etc/hosts "$root/etc/"
    [ ! -e /etc/apt/sources.list.d/debian.sources ] || {
        cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
        : >"$root/etc/apt/sources.list"
    }
    find /etc/apt/apt.conf.d -name '99*' -exec cp {} "$root/etc/apt/apt.conf.d/" \;
    [ ! -d /usr/local/share/ca-certificates ] || {
        mkdir -p "$root/usr/local/share/ca-certificates"
        cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
    }
    mkdir -p "$root/out"
    git -c safe.directory='*' clone -q --no-hardlinks "$src" "$root/root/vedette"
    code=0
    VD_BARE_INSIDE=1 VD_BARE_ROOT=$root unshare --mount --pid --fork --kill-child sh "$here/bare.sh" "$@" || code=$?
    mkdir -p "$src/build/bare"
    cp -r "$root/out/." "$src/build/bare/"
    exit $code
fi

root=$VD_BARE_ROOT
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

in_root() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 CI=true \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
        chroot "$root" "$@" </dev/null
}

echo "== the README's step: apt-get install make git"
in_root sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install make git ca-certificates' \
    >"$root/out/apt.log" 2>&1 || { tail -n 20 "$root/out/apt.log"; exit 1; }

failed=0
for what in "$@"; do
    since=$(date +%s)
    echo "== make $what"
    case $what in
    run)
        port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
        cp "$here/bare_check.py" "$root/out/"
        in_root sh -c "cd /root/vedette && exec make run ARGS='--listen 127.0.0.1:$port'" >"$root/out/run.log" 2>&1 &
        PYTHONDONTWRITEBYTECODE=1 python3 "$here/bare_check.py" "$port" "$root/out/run.log" "$root" $! || failed=1
        ;;
    test-fast)
        in_root sh -c 'cd /root/vedette && make test-fast' >"$root/out/test-fast.log" 2>&1 || failed=1
        tail -n 20 "$root/out/test-fast.log"
        ;;
    test)
        in_root sh -c 'cd /root/vedette && bash .ci/run' >"$root/out/test.log" 2>&1 || failed=1
        tail -n 20 "$root/out/test.log"
        ;;
    *)
        echo "bare.sh: no '$what' here; see its first lines" >&2
        failed=1
        ;;
    esac
    echo "== make $what took $(($(date +%s) - since)) s"
done
exit $failed
