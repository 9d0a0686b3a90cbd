#!/usr/bin/python3
"""The disk under spool, pictures and database fills up while events flow: it is said, nothing that
serves others ends, and with room again everything goes on and nothing accepted is missing. Needs
root, for a disk of its own."""

import errno
import os
import sys

from follower import Follower
from harness import run_tests, wait_for
from producer import Producer
from system import System

SCENE = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"


def _fill(path):
    """Takes every free byte; returns how many."""
    taken = 0
    with open(path, "ab", buffering=0) as out:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    taken += out.write(b"\0" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
    return taken


def a_full_disk_is_said_ends_nothing_and_is_survived():
    if os.geteuid() != 0:
        print("       skipped: needs root")
        return
    with System("disk", {"one": SCENE, "two": SCENE + " phase=5"}, disk_mib=384) as system:
        system.start()
        follower = Follower(system.state + "/run")
        producer = Producer(system.state + "/run", rate=50)
        api = system.api()
        wait_for(lambda: producer.acked > 50 and set(system.states().values()) == {"online"}, 30, "events flow", system.tail)
        serving = {n: system.pid(n) for n in ("router", "console", "w1", "w2")}
        mark = len(system.logged(""))
        ballast = os.path.join(system.state, "ballast")
        _fill(ballast)

        def said():
            _fill(ballast)  # what is freed meanwhile is taken too
            return [line for line in system.logged("")[mark:]
                    if "full" in line.lower() or "no space" in line.lower()]
        lines = wait_for(said, 60, "it is said that the disk is full", system.tail, every=0.2)
        print(f"       said: {lines[0][:160]}")
        status, _, _ = api.call("GET", "/healthz")
        assert status in (200, 503), status
        assert {n: system.pid(n) for n in serving} == serving, system.tail()
        os.unlink(ballast)
        acked = producer.acked
        wait_for(lambda: producer.acked > acked + 50, 60, "inputs are stored again",
                 lambda: f"{producer.acked} {len(producer.kept)}\n{system.tail()}")
        wait_for(lambda: set(system.states().values()) == {"online"}, 20, "both online", lambda: str(system.states()))
        assert {n: system.pid(n) for n in serving} == serving, system.tail()
        producer.pauses = True
        wait_for(lambda: producer.acked == len(producer.kept), 30, "every input is stored", system.tail)
        wait_for(lambda: system.verify(check=False).returncode == 0, 30, "the audit is clean",
                 lambda: system.verify(check=False).stdout, every=0.5)
        producer.stop()
        follower.stop()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
