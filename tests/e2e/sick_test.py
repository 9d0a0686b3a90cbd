#!/usr/bin/python3
"""A camera whose lens is covered: an event and an alert within ten seconds, the picture to look
at, the camera's state for the console; and all of it over when the lens is free again."""

import sys
from datetime import datetime

from follower import Follower
from harness import run_tests, wait_for
from system import System

RULES = """rules:
  - id: sick-camera
    when: {kind: [covered, dark, bright, blurred, moved, frozen, low-quality]}
    severity: yellow
    action: Look at the picture.
    group: {by: camera, window: 0s}
    resolve: auto
"""
LOOP = 48


def _at(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def a_covered_lens_is_told_within_ten_seconds_and_so_is_its_end():
    calm = f"scene=yard+quiet+loop={LOOP}+size=320x240 gop=10"
    with System("sick", {"hung": f"{calm.replace('quiet', 'quiet+cover')} phase=10", "calm": calm}, RULES, workers=1) as system:
        system.start()
        follower = Follower(system.state + "/run")

        def told(phase):
            return [b["data"] for _, _, b, _ in follower.bodies("event/") if b["type"] == f"vedette.covered.{phase}.v1"]
        start = wait_for(lambda: told("start"), 40, "it is covered", system.tail, every=0.1)[0]
        api = system.api()
        hung = wait_for(lambda: [c for c in api.get("/api/v1/cameras")["cameras"] if c["id"] == "hung"
                                 and (c["detail"] or {}).get("conditions")], 5, "the console shows it", every=0.1)[0]
        assert hung["state"] == "online" and hung["detail"]["conditions"] == ["covered"], hung
        alert = wait_for(lambda: [a for a in api.get("/api/v1/alerts")["alerts"] if a["camera"] == "hung"], 5, "an alert", every=0.1)[0]
        assert alert["rule"] == "sick-camera" and alert["severity"] == "yellow", alert
        end = wait_for(lambda: told("end"), 40, "it is over", system.tail, every=0.1)[0]
        assert end["event"] == start["event"] and end["end_reason"] == "quiet", end
        lasted = (_at(end["end"]) - _at(end["start"])).total_seconds()
        assert abs(lasted - LOOP / 2) < 3, (lasted, end)
        assert start["media"]["snapshot"] and "Look whether" in start["detail"], start
        stamps = system.sql("SELECT extract(epoch FROM time - start) FROM event WHERE kind = 'covered' AND phase = 'start'")
        assert all(float(s) < 10 for (s,) in stamps), stamps
        wait_for(lambda: all(a["state"] == "resolved" for a in api.get("/api/v1/alerts?camera=hung")["alerts"]), 5, "it resolves itself", every=0.1)
        others = {b["type"] for _, _, b, _ in follower.bodies("event/") if b["data"].get("camera") == "calm"}
        assert not others, others
        print(f"       covered told {float(stamps[0][0]):.1f} s after it was, lasted {lasted:.1f} of {LOOP / 2} s")
        follower.stop()
        assert system.stop() < 5


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
