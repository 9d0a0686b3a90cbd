#!/usr/bin/python3
"""PostgreSQL is away for a while under load: nothing is acknowledged, spools grow, people are
told; when it is back, all of it drains in order and latency is what it was. VD_OUTAGE is its
length in seconds (a minute in make soak)."""

import datetime
import os
import statistics
import sys
import time

from cutter import Cutter
from follower import Follower
from harness import run_tests, wait_for
from producer import Producer
from system import System

OUTAGE = float(os.environ.get("VD_OUTAGE", "6"))
CAMERAS = {f"c{i}": f"scene={scene}+loop=20+crossings=3+seed={i}+size=320x240 gop=10 phase={2 * i}"
           for i, scene in enumerate(["gate", "road", "yard", "corridor"], 1)}
RATE = 100


def _latency(follower, since):
    """Seconds from an input's making to the follower, for those made after `since` (wall time)."""
    offset = time.time() - time.monotonic()
    got = []
    for _, _, body, at in follower.bodies("event/"):
        if body["type"].startswith("vedette.input."):
            made = datetime.datetime.fromisoformat(body["time"].replace("Z", "+00:00")).timestamp()
            if made >= since:
                got.append(at + offset - made)
    return sorted(got)


def _p99(values):
    return values[min(len(values) - 1, int(len(values) * 0.99))]


def spools_grow_and_drain_in_order_and_latency_is_back():
    with System("outage-soak" if OUTAGE > 30 else "outage", CAMERAS) as system:
        system.start()
        follower = Follower(system.state + "/run")
        producer = Producer(system.state + "/run", rate=RATE)
        api = system.api()
        wait_for(lambda: set(system.states().values()) == {"online"} and len(system.states()) == len(CAMERAS),
                 30, "all cameras online", system.tail, every=0.2)
        cable = Cutter(os.path.join(system.state, "run/pg/.s.PGSQL.5432"))
        wait_for(lambda: cable.listener, 5, "the cutter is in place")
        begun = time.time()
        wait_for(lambda: time.time() > begun + 3, 10, "three quiet seconds")
        before = _latency(follower, begun)
        # The connections that were there before the cutter go first, by their server's hand.
        cable.cut()
        system.sql_kill_backends()
        away = time.monotonic()
        acked = producer.acked
        wait_for(lambda: any(not b["committing"] for _, _, b in follower.heartbeats[-3:]), 5,
                 "the heartbeat says that nothing is committed", lambda: str(follower.heartbeats[-1:]))
        wait_for(lambda: time.monotonic() > away + OUTAGE / 2, OUTAGE, "half of the outage")
        status = api.get("/api/v1/status")
        print(f"       status meanwhile: {status}")
        waiting = follower.heartbeats[-1][2]["waiting"]
        wait_for(lambda: time.monotonic() > away + OUTAGE, OUTAGE, "the outage")
        assert follower.heartbeats[-1][2]["waiting"] > waiting, (waiting, follower.heartbeats[-1])
        assert follower.heartbeats[-1][2]["since"], follower.heartbeats[-1]
        assert producer.acked - acked <= RATE, "acknowledged while nothing could be committed"
        backlog = len(producer.kept) - producer.acked
        cable.mend()
        back = time.monotonic()
        wait_for(lambda: len(producer.kept) - producer.acked < RATE, 30, "the backlog drains", system.tail)
        drained = time.monotonic() - back
        wait_for(lambda: follower.heartbeats[-1][2]["committing"] and follower.heartbeats[-1][2]["waiting"] < RATE, 10,
                 "the heartbeat is well again", lambda: str(follower.heartbeats[-1]))
        settled = time.time() + 1
        wait_for(lambda: time.time() > settled + 3, 10, "three quiet seconds")
        after = _latency(follower, settled)
        print(f"       away {OUTAGE:.0f} s, {backlog} inputs waited, drained in {drained:.1f} s; latency ms p50/p99 "
              f"before {statistics.median(before) * 1e3:.0f}/{_p99(before) * 1e3:.0f}, "
              f"after {statistics.median(after) * 1e3:.0f}/{_p99(after) * 1e3:.0f}")
        assert _p99(after) < max(1.0, 2 * _p99(before)), (before[-5:], after[-5:])
        producer.pauses = True
        system.write("cameras/cameras.yaml", "cameras: []\n")
        wait_for(lambda: producer.acked == len(producer.kept), 15, "every input is stored", system.tail)
        wait_for(lambda: system.verify(check=False).returncode == 0, 20, "the audit is clean",
                 lambda: system.verify(check=False).stdout, every=0.5)
        wait_for(lambda: follower.last == int(system.sql("SELECT position FROM feed_counter")[0][0]), 10, "the follower")
        for (source,) in system.sql("SELECT source FROM source"):
            got = [int(b["sequence"]) for _, _, b, _ in follower.bodies("event/") if b["source"] == source]
            assert got == sorted(got) and len(got) == len(set(got)), f"{source} is out of order"
        producer.stop()
        follower.stop()
        cable.stop()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
