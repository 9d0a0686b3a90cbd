#!/usr/bin/python3
"""Stands in for a program of Vedette in tests of its supervisor: says READY=1 and waits.

$VD_STANDIN_NAME is what it plays (a worker goes by its --worker). Files in $VD_STANDIN change
what it does: NAME.exit (ends at once with that status), NAME.mute (never says READY=1),
NAME.deaf (ignores SIGTERM). It notes its starts and its signals there."""

import json
import os
import signal
import socket
import sys

folder = os.environ["VD_STANDIN"]
name = os.environ["VD_STANDIN_NAME"]
if "--worker" in sys.argv:
    name = sys.argv[sys.argv.index("--worker") + 1]


def flag(kind):
    path = os.path.join(folder, f"{name}.{kind}")
    return open(path, encoding="ascii").read().strip() if os.path.exists(path) else None


def note(kind, what):
    with open(os.path.join(folder, f"{name}.{kind}"), "a", encoding="ascii") as out:
        out.write(json.dumps(what) + "\n")


with open("/proc/self/status", encoding="ascii") as status:
    facts = dict(line.split(":\t", 1) for line in status.read().splitlines())
note("starts", {"pid": os.getpid(), "uid": os.getuid(), "gid": os.getgid(), "args": sys.argv[1:],
                "groups": os.getgroups(), "no_new_privs": facts["NoNewPrivs"],
                "files": sorted(int(n) for n in os.listdir("/proc/self/fd"))[:-1],
                "environment": sorted(os.environ)})
if flag("exit") is not None:
    sys.exit(int(flag("exit")))
signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
if flag("mute") is None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
while True:
    got = signal.sigwait(signals)
    note("signals", signal.Signals(got).name)
    if got != signal.SIGHUP and flag("deaf") is None:
        break
