#!/usr/bin/python3
"""What evidence adds, a camera: processor and memory of the worker with `evidence: off`, `snapshot`,
`clips`, and clips masked, while all is quiet and with a happening a minute; and how long after the
decision a happening's picture and its clip can be seen. One size a run, so that nothing else
changes. Prints, judges nothing. VD_SECONDS=60, VD_CAMERAS=4, VD_SIZE=640x480, VD_FPS=10."""

import datetime
import json
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from harness import wait_for  # noqa: E402
from ingest_test import Worker, _simulate  # noqa: E402

SECONDS = float(os.environ.get("VD_SECONDS", "60"))
CAMERAS = [f"c{i}" for i in range(int(os.environ.get("VD_CAMERAS", "4")))]
SIZE, FPS = os.environ.get("VD_SIZE", "640x480"), os.environ.get("VD_FPS", "10")
MASK = ", masks: [{name: m, privacy: true, polygon: [[0.45,0.0],[0.55,0.0],[0.55,0.1],[0.45,0.1]]}]"


def _wall(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _use(pid):
    """Seconds of processor, MiB of its own."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/status", encoding="ascii") as text:
        rss = next(int(line.split()[1]) for line in text if line.startswith("RssAnon"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), rss / 1024


def _measure(what, scene, evidence, more=""):
    sim = _simulate("bench-evidence", [f"{c} {scene} phase={7 * i}" for i, c in enumerate(CAMERAS)])
    with Worker("bench-evidence-worker", {c: f"url: \"{sim.url(c)}\", evidence: {evidence}{more}" for c in CAMERAS}) as worker:
        worker.start()
        wait_for(lambda: worker.log().count("cam.online") == len(CAMERAS), 60, "all are online", worker.log, every=0.2)
        settled = time.monotonic() + 15  # the ring is full
        wait_for(lambda: time.monotonic() > settled, 20, "", every=1)
        since, (cpu, _) = time.monotonic(), _use(worker.process.pid)
        wait_for(lambda: time.monotonic() > since + SECONDS, SECONDS + 10, "", every=1)
        took, (after, rss) = time.monotonic() - since, _use(worker.process.pid)
        events = worker.events()
        worker.stop()
    sim.stop()
    starts = {e["data"]["event"]: e for e in events if e["data"]["phase"] == "start"}
    pictures = [_wall(e["recordedtime"]) - _wall(e["time"]) for e in starts.values() if e["data"]["media"]["snapshot"]]
    first = {}
    for e in events:
        if e["data"]["phase"] == "media" and e["data"]["media"]["clip"] and e["data"]["event"] in starts:
            first.setdefault(e["data"]["event"], _wall(e["recordedtime"]) - _wall(starts[e["data"]["event"]]["time"]))

    def median_ms(values):
        return round(statistics.median(values) * 1e3, 1) if values else None
    print(json.dumps({"bench": "evidence", "what": what, "evidence": evidence + (" masked" if more else ""), "size": SIZE, "fps": FPS,
                      "cameras": len(CAMERAS), "events": len(starts), "cpu_percent_a_camera": round(100 * (after - cpu) / took / len(CAMERAS), 2),
                      "mib_a_camera": round(rss / len(CAMERAS), 1), "start_to_picture_p50_ms": median_ms(pictures),
                      "start_to_clip_p50_ms": median_ms(list(first.values()))}), flush=True)


QUIET = f"scene=gate+quiet+loop=10+fps={FPS}+size={SIZE} gop={int(FPS) * 2}"
BUSY = f"scene=gate+loop=60+crossings=1+fps={FPS}+size={SIZE} gop={int(FPS) * 2}"
for name, line in (("quiet", QUIET), ("a happening a minute", BUSY)):
    for kept in ("off", "snapshot", "clips"):
        _measure(name, line, kept)
    _measure(name, line, "clips", MASK)
