#!/usr/bin/python3
"""Debian's `motion` on the places x disturbances of bench_peers.py, over RTSP from the simulator, by the clock: crossings
found, false starts and seconds. A JSON line a cell, then sums by disturbance. As it is installed, but for what would
compare apples with pears: three pictures to start an event (the default is one) and a second of quiet to end it (60).

    bench_motion_peer.py [PLACE …] [--out LINES]     a minute and a half for each place; LINES are for bench_peers.py"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../e2e"))
from bench_peers import DISTURBANCES, FPS, PLACES  # pylint: disable=wrong-import-position
from camsim import Camsim  # pylint: disable=wrong-import-position
from harness import wait_for  # pylint: disable=wrong-import-position

LOOP, SETTLE, GAP, BEFORE, AFTER = 60, 15, 1, 1, 2


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def configure(folder, camsim, names):
    with open(os.path.join(folder, "motion.conf"), "w", encoding="utf-8") as out:
        out.write("daemon off\nwebcontrol_port 0\nstream_port 0\nmovie_output off\npicture_output off\nlog_level 6\n"
                  f"framerate {FPS}\nminimum_motion_frames 3\nevent_gap {GAP}\nwidth 640\nheight 480\ntarget_dir {folder}\n")
        for i, name in enumerate(names):
            path = os.path.join(folder, f"camera{i}.conf")
            out.write(f"camera {path}\n")
            with open(path, "w", encoding="utf-8") as camera:
                camera.write(f"camera_id {i + 1}\nnetcam_url {camsim.url(name)}\nnetcam_params rtsp_transport = tcp\n")
                for what in ("start", "end"):
                    camera.write(f"on_event_{what} echo {what} $(date +%s.%N) >> {folder}/{name}.log\n")
    return ["motion", "-c", os.path.join(folder, "motion.conf")]


def events_of(folder, name, until):
    """Spans in which an event was open."""
    path, spans = os.path.join(folder, f"{name}.log"), []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as log:
            for what, at in (line.split() for line in log):
                if what == "start":
                    spans.append([float(at), until])
                elif spans:
                    spans[-1][1] = float(at) - GAP
    return spans


def judge(spans, truth, since, until):
    """Of what was open in a whole loop: what was found, and what was false."""
    crossings = [(seconds(c["start"]), seconds(c["end"])) for c in truth]
    counted = [c for c in crossings if since <= c[0] < until]
    busy = [(a - BEFORE, b + AFTER) for a, b in crossings]
    false_s, steps = 0, int((until - since) * 10)
    for step in range(steps):
        at = since + step / 10
        if any(a <= at < b for a, b in spans) and not any(a <= at <= b for a, b in busy):
            false_s += 0.1
    return {"crossings": len(counted), "found": sum(any(a < y and x < b for a, b in spans) for x, y in counted),
            "false_starts": sum(since <= a < until and not any(x <= a <= y for x, y in busy) for a, _ in spans),
            "false_s": round(false_s, 1), "quiet_s": round(until - since - sum(b - a for a, b in busy if since <= a < until), 1)}


def watch(place, number):
    names = [f"c{i}" for i in range(len(DISTURBANCES))]
    with tempfile.TemporaryDirectory(prefix="vd-motion-") as folder, open(os.path.join(folder, "camsim.log"), "wb") as log:
        camsim = Camsim(folder, [f"{n} scene={place}{d}+fps={FPS}+loop={LOOP}+crossings=3+seed={5 + number} gop=10"
                                 for n, d in zip(names, DISTURBANCES)], log)
        process = None
        try:
            with open(os.path.join(folder, "motion.log"), "wb") as out:
                process = subprocess.Popen(configure(folder, camsim, names), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            since = time.time() + SETTLE
            wait_for(lambda: time.time() > since + LOOP + AFTER or process.poll() is not None, SETTLE + LOOP + 30, "a whole loop", every=0.5)
            assert process.poll() is None, "motion ended by itself"
            return [judge(events_of(folder, n, time.time()), camsim.truth(n, 2 * LOOP), since, since + LOOP) for n in names]
        finally:
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(20)
            camsim.stop()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("places", nargs="*")
    options.add_argument("--out")
    options = options.parse_intermixed_args()
    lines = []
    if shutil.which("motion") is None:
        print("motion is not installed (config/packages/bench.txt): nothing to compare with")
        return
    sums = {d: {} for d in DISTURBANCES}
    for number, place in enumerate(PLACES):
        if options.places and place not in options.places:
            continue
        for disturbance, figures in zip(DISTURBANCES, watch(place, number)):
            lines.append(json.dumps({"cell": place + disturbance, "detector": "motion", **figures}))
            print(lines[-1], flush=True)
            for key, value in figures.items():
                sums[disturbance][key] = sums[disturbance].get(key, 0) + value
    if options.out:
        with open(options.out, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
    whole = {key: round(sum(s[key] for s in sums.values()), 1) for key in sums[""]}
    print(f"\n{'motion':20} {'found':>9} {'false':>6} {'false s':>8}")
    for name, s in [(d[1:].replace("+", ", ") or "day", s) for d, s in sums.items() if s] + [("all", whole)]:
        print(f"{name:20} {s['found']:5}/{s['crossings']:<3} {s['false_starts']:6} {s['false_s']:8.1f}")


if __name__ == "__main__":
    main()
