#!/usr/bin/python3
"""How long after a frame decided something people and systems know of it: until the worker has it
on its disk, until it is committed and on the feed, until the alert is in the browser. Counts from
`time` of the event, the arrival of the last packet of the deciding frame. Prints, judges nothing.
VD_SECONDS=60, VD_CAMERAS=6."""

import datetime
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from follower import Follower  # noqa: E402
from harness import wait_for  # noqa: E402
from system import System  # noqa: E402

SECONDS = float(os.environ.get("VD_SECONDS", "60"))
SCENES = ["gate", "road", "yard", "dock", "carpark", "corridor"]
CAMERAS = {f"c{i}": f"scene={SCENES[i % 6]}+loop=20+crossings=3+seed={i + 1} gop=10 phase={i * 3}"
           for i in range(int(os.environ.get("VD_CAMERAS", "6")))}


def wall(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def show(name, values):
    values = sorted(values)
    if not values:
        print(json.dumps({"bench": "latency", "what": name, "n": 0}))
        return
    print(json.dumps({"bench": "latency", "what": name, "n": len(values),
                      "p50_ms": round(statistics.median(values) * 1e3, 1),
                      "p99_ms": round(values[min(len(values) - 1, int(len(values) * 0.99))] * 1e3, 1),
                      "max_ms": round(values[-1] * 1e3, 1)}), flush=True)


with System("bench-latency", CAMERAS) as system:
    system.start()
    stream = system.api().stream()
    wait_for(lambda: set(system.states().values()) == {"online"} and len(system.states()) == len(CAMERAS), 40,
             "all cameras online", system.tail, every=0.2)
    follower = Follower(system.state + "/run")
    until = time.monotonic() + SECONDS
    wait_for(lambda: time.monotonic() > until, SECONDS + 5, "events flow", every=0.2)
    offset = time.time() - time.monotonic()
    bodies = [(b, at + offset) for _, _, b, at in follower.bodies("event/") if b["type"].startswith("vedette.motion.")]
    bodies = bodies[5:]  # what was there before we listened came by replay
    show("frame to spool", [wall(b["recordedtime"]) - wall(b["time"]) for b, _ in bodies])
    show("frame to commit and feed", [at - wall(b["time"]) for b, at in bodies])
    starts = {b["data"]["event"]: wall(b["time"]) for b, _ in bodies if b["data"]["phase"] == "start"}
    opened = {}
    for alert in system.sql("SELECT a.id, e.event FROM alert a JOIN alert_event e ON e.alert = a.id"):
        opened.setdefault(alert[0], alert[1])
    first = {}
    for at, _, name, data in stream.got:
        if name == "alert":
            first.setdefault(data.get("data", data).get("alert"), at + offset)
    show("frame to browser", [at - starts[opened[a]] for a, at in first.items() if opened.get(a) in starts])
    stream.close()
    follower.stop()
