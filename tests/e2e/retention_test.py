#!/usr/bin/python3
"""Pictures go when they are older than the configuration says; what an open alert shows stays until
the alert is resolved."""

import glob
import os
import sys

from harness import run_tests, wait_for
from system import System

SCENE = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"

ONE_RULE = """rules:
  - id: watched-motion
    when: {kind: motion, camera: watched}
    severity: red
    action: Look.
    group: {by: camera, window: 1h}
"""


def _pictures(system, camera):
    return glob.glob(os.path.join(system.state, "media", "*", camera, "*", "*.jpg"))


def old_pictures_go_but_not_what_an_open_alert_shows():
    with System("retention", {"watched": SCENE, "passing": SCENE + " phase=5"}, rules=ONE_RULE,
                more="retention: {media: 3s, every: 500ms}\n") as system:
        system.start()
        api = system.api()
        alerts = wait_for(lambda: [a for a in api.get("/api/v1/alerts?state=open")["alerts"] if a["media"]["snapshot"]], 60,
                          "an alert with its picture", system.tail)
        wait_for(lambda: _pictures(system, "passing"), 60, "a picture that nobody asked for", system.tail)
        wait_for(lambda: system.logged(r"media\.sweep removed="), 60, "something went", system.tail)
        wait_for(lambda: system.logged(r"media\.sweep .*needed=[1-9]"), 60, "something would have gone, but is needed",
                 system.tail)
        shown = [a for a in api.get("/api/v1/alerts?state=open")["alerts"] if a["alert"] == alerts[0]["alert"]][0]["media"]["snapshot"]
        status, _, body = api.call("GET", f"/api/v1/media/{shown}")
        assert status == 200 and body[:2] == b"\xff\xd8", (status, body[:80])
        kept = {os.path.basename(p)[:-4] for p in _pictures(system, "watched")}
        assert shown.split(".", 1)[1] in kept, (shown, kept)
        assert not system.logged(r"media\.sweep reason="), system.logged(r"media\.sweep reason=")
        print(f"       {len(system.logged('media.sweep removed='))} sweeps removed something, {len(kept)} kept")


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
