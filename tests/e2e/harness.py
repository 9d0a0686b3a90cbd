"""What end-to-end tests share: a place for their state, conditions waited for, and no process
left behind. Nothing here sleeps for luck: it waits for a condition with a deadline, and kills
only what it started."""

import os
import shutil
import signal
import socket
import sys
import time
import traceback
import types

SRC = os.environ.get("VD_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("VD_BIN") or os.path.join(SRC, "build/dev/bin")
# What a failed test leaves to look at; one folder a test.
ARTEFACTS = os.environ.get("VD_ARTEFACTS") or os.path.join(os.path.dirname(BIN), "e2e")


def wait_for(condition, seconds, what, detail=None, every=0.02):
    """Waits until condition() is true and returns its value; says what did not come, with
    detail() when given."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}" + (f"\n{detail()}" if detail else ""))
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as text:
            return text.read().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    except OSError:
        return ""


def processes_of(state):
    """Pids whose command line names the state folder."""
    mine = os.getpid()
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != mine
            and state in cmdline(pid)]


def children_of(pid):
    """Pids of the direct children."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
            return [int(child) for child in text.read().split()]
    except OSError:
        return []


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as text:
            return text.read().strip()
    except OSError:
        return ""


def kill(pid, sig=signal.SIGKILL):
    try:
        os.kill(pid, sig)
        return True
    except ProcessLookupError:
        return False


def artefacts(test):
    """A fresh folder for what a test leaves behind."""
    folder = os.path.join(ARTEFACTS, test)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def run_tests(names, wanted):
    """Runs the functions of a test file, in order, or those named; exits 1 if one failed."""
    tests = [(n, f) for n, f in names.items()
             if isinstance(f, types.FunctionType) and f.__module__ == "__main__" and not n.startswith("_")
             and f.__code__.co_argcount == 0] if not wanted else [(n, names[n]) for n in wanted]
    failed = 0
    for name, test in tests:
        since = time.monotonic()
        try:
            test()
            result = "ok    "
        except Exception:  # pylint: disable=broad-except # a test may fail in any way
            traceback.print_exc()
            result = "FAILED"
            failed += 1
        print(f"{result} {time.monotonic() - since:6.1f} s  {name}", flush=True)
    print(f"{len(tests) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
