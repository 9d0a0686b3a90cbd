#!/usr/bin/python3
"""How late a live picture is: from the moment a simulated camera sends a frame until a browser shows
it, by the number burned into it. Nine cameras on one page. Prints, judges nothing; aim: p95 < 1.5 s.
VD_SECONDS=20, VD_CAMERAS=9, VD_SCENE=+size=320x240+fps=10."""

import datetime
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from console_kit import Host  # noqa: E402
from harness import wait_for  # noqa: E402
from live_kit import NOTE_NUMBERS  # noqa: E402
from system import System  # noqa: E402

SECONDS = float(os.environ.get("VD_SECONDS", "20"))
SCENE = os.environ.get("VD_SCENE", "+size=320x240+fps=10")
FPS = int(SCENE.split("fps=")[1].split("+")[0].split()[0])
LOOP = 20
PLACES = ["gate", "yard", "road", "dock", "carpark", "corridor"]
CAMERAS = {f"c{i + 1}": f"scene={PLACES[i % 6]}+loop={LOOP}+crossings=2+burn{SCENE} phase={i}"
           for i in range(int(os.environ.get("VD_CAMERAS", "9")))}


def lateness(seen, crossing):
    """Seconds between a frame's time on the wire, reckoned from a known crossing, and its show."""
    begun = datetime.datetime.fromisoformat(crossing["start"].replace("Z", "+00:00")).timestamp()
    frames = LOOP * FPS
    return [(((at / 1000 - begun) * FPS - (frame - crossing["start_frame"])) % frames) / FPS for at, frame in seen]


with System("bench-live", CAMERAS) as system:
    system.start()
    system.api()
    with open(os.path.join(system.state, "secrets/first-password"), encoding="ascii") as secret:
        host = Host(pathlib.Path(system.home), f"http://127.0.0.1:{system.port}", secret.read().strip())
    try:
        page = host.browser(1600, 900)
        page.sign_in()
        page.driver.execute_script("location.hash = '#/live'")
        wait_for(lambda: len(page.all(".live-frame[data-live=good]")) == len(CAMERAS), 30, "all are live", system.tail, every=0.3)
        wait_for(lambda: all(system.camsim.truth(c, LOOP + 5) for c in CAMERAS), 40, "a crossing of each", every=0.5)
        page.driver.execute_script(NOTE_NUMBERS)
        until = page.driver.execute_script("return Date.now()") + SECONDS * 1000
        wait_for(lambda: page.driver.execute_script("return Date.now()") > until, SECONDS + 10, "pictures", every=0.5)
        shown = page.driver.execute_script("return window.seen")
        late = sorted(x for camera, seen in shown.items() for x in lateness(seen, system.camsim.truth(camera, 2 * LOOP)[-1]))
        print(json.dumps({"bench": "live", "what": "camera to page", "cameras": len(shown), "pictures": len(late),
                          "shown_share": round(len(late) / (len(shown) * FPS * SECONDS), 3),
                          "p50_ms": round(statistics.median(late) * 1e3), "p95_ms": round(late[int(len(late) * 0.95)] * 1e3),
                          "max_ms": round(late[-1] * 1e3)}))
    finally:
        host.close_browsers()
