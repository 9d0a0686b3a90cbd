#!/usr/bin/python3
"""`vedette analyze` on recordings with exact truth: it tells which way each thing went over lines that a camera's file
draws, who came into a zone and left it, and says the same in words and on its page."""

import json
import os
import subprocess
import sys
import tempfile

from harness import BIN, run_tests
from router_rig import validators

# Lines from the bottom of the picture to its top: a is on the left.
LINES = {"west": 0.35, "middle": 0.5, "east": 0.65}
NEAR = 0.06
CAMERA = """cameras:
  - id: cam
    area: a
    url: rtsp://192.0.2.1/1
    zones:
      - name: ground
        polygon: [[0, 0.3], [1, 0.3], [1, 1], [0, 1]]
        min_area: 0.1%
        lines:
""" + "".join(f"          - {{name: {name}, from: [{x}, 1], to: [{x}, 0]}}\n" for name, x in LINES.items()) + """
      - {name: east-half, polygon: [[0.5, 0], [1, 0], [1, 1], [0.5, 1]], min_area: 0.1%}
"""


def _tool(*arguments):
    done = subprocess.run([os.path.join(BIN, "vedette"), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{arguments}: {done.stderr}"
    return done.stdout


def _record(scene, folder):
    y4m, truth = os.path.join(folder, "s.y4m"), os.path.join(folder, "t.json")
    subprocess.run([os.path.join(BIN, "vedette-camsim"), "render", scene, "--y4m", y4m, "--truth", truth], check=True, timeout=60)
    with open(os.path.join(folder, "cam.yaml"), "w", encoding="utf-8") as text:
        text.write(CAMERA)
    with open(truth, encoding="utf-8") as text:
        return y4m, json.load(text)


def _ways_of(truth, crossing):
    """Where its feet were first and last seen, and so which way it went over each line that it passed for certain."""
    feet = [box["box"][0] + box["box"][2] / 2 for frame in truth["frames"] for box in frame["boxes"] if box["crossing"] == crossing]
    sure = {name for name, x in LINES.items() if abs(feet[0] - x) > NEAR and abs(feet[-1] - x) > NEAR}
    return {(name, "a_to_b" if feet[-1] > feet[0] else "b_to_a") for name in sure
            if (feet[0] < LINES[name]) != (feet[-1] < LINES[name])}, sure


def each_scripted_crossing_is_told_with_its_direction():
    judged, checker = 0, validators()["event"]
    for scene in ("yard", "road", "dock", "corridor+rain=50"):
        with tempfile.TemporaryDirectory(prefix="vd-analyze-") as folder:
            y4m, truth = _record(f"{scene}+fps=5+loop=60+crossings=4+seed=5+size=320x240", folder)
            lines = _tool("analyze", y4m, "--json", "--camera", os.path.join(folder, "cam.yaml")).splitlines()
            frames = [json.loads(l) for l in lines]
            events = [f["event"] for f in frames if "event" in f]
            ends = [e["data"] for e in events if e["data"]["phase"] == "end"]
            for event in events:
                checker.validate(event)
            assert len(ends) == len(truth["crossings"]), f"{scene}: {len(ends)} happenings"
            for end, crossing in zip(ends, truth["crossings"]):
                due, sure = _ways_of(truth, crossing["crossing"])
                told = {(t["line"], t["direction"]) for t in end["tracks"] if "line" in t}
                assert {t for t in told if t[0] in sure} == due, f"{scene} {crossing}: {told}, not {due}"
                judged += len(due)
    assert judged >= 25, f"only {judged} lines were crossed for certain"


def zones_tell_who_comes_and_goes():
    with tempfile.TemporaryDirectory(prefix="vd-analyze-") as folder:
        y4m, truth = _record("road+fps=5+loop=60+crossings=4+seed=5+size=320x240", folder)
        page = os.path.join(folder, "page.html")
        words = _tool("analyze", y4m, "--camera", os.path.join(folder, "cam.yaml"), "--html", page)
        with open(page, encoding="utf-8") as text:
            html = text.read()
        happenings = [h for h in words.split("\n") if " s: motion, at most" in h]
        assert len(happenings) == len(truth["crossings"]), words
        # All on a road goes from one side of the picture to the other, and so through its eastern half; what was there
        # while the detector learnt the place has not come in.
        after = sum(c["start"] > 3 * truth["fps"] for c in truth["crossings"])
        assert after >= 3 and sum("in east-half: enter leave" in l for l in words.split("\n")) == after, words
        for name in LINES:
            assert f"{name} a_to_b" in words + html or f"{name} b_to_a" in words + html, words
        for line in words.split("\n"):
            if line.startswith("    "):
                assert line.strip() in html, f"the page lacks '{line}'"


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
