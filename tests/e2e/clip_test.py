#!/usr/bin/python3
"""Clips: every happening has one, whole, of the right moment, exact to the frame; a death costs
no more than its last second; a private part is in no file."""

import glob
import os
import signal
import subprocess
import sys
import time
from datetime import datetime

from harness import BIN, run_tests, wait_for
from ingest_test import Worker, _simulate

EVENTS = int(os.environ.get("VD_CLIPS", "20"))
KILLS = int(os.environ.get("VD_KILLS", "2"))
FPS, PRE, POST = 25, 3, 1
SCENE = f"scene=road+burn+loop=12+crossings=2+fps={FPS}+size=320x240 gop=20"
EVIDENCE = f"evidence: {{pre: {PRE}s, post: {POST}s}}\n"


def _worker(name, cameras, evidence=EVIDENCE):
    worker = Worker(name, cameras)
    worker.write("vedette.yaml", open(worker.config + "/vedette.yaml", encoding="utf-8").read() + evidence)
    return worker


def _seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _happenings(worker):
    """The newest message of each happening of a camera, by id, with all that it was told of clips."""
    all_of = {}
    for event in worker.events():
        data = event["data"]
        one = all_of.setdefault(data["event"], {"clips": [], "details": [], "ended": False, "revs": []})
        one.update(camera=data["camera"], start=_seconds(data["start"]), kind=event["type"].split(".")[1])
        one["revs"].append(data["rev"])
        if data["phase"] == "end":
            one.update(ended=True, end=_seconds(data["end"]), reason=data["end_reason"])
        if data["phase"] == "media":
            one["clips"] += [data["media"]["clip"]] if data["media"]["clip"] not in one["clips"] else []
            one["details"] += [data["detail"]] if data.get("detail") else []
    return all_of


def _path(worker, clip, suffix=".mp4"):
    camera, uuid = clip.split(".")
    return (glob.glob(f"{worker.state}/media/*/{camera}/*/{uuid}{suffix}") + [""])[0]


def _read(path, *options):
    """(microseconds, burned-in number, what else was asked for) of every picture."""
    done = subprocess.run([BIN + "/clip-read", *options, path], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, (path, done.stderr)
    return [(int(at), int(number), *rest) for at, number, *rest in (line.split() for line in done.stdout.splitlines())]


def _probe(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries",
                           "stream=codec_name,nb_read_packets,duration", "-of", "default=nw=1", path],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, (path, done.stderr)
    return dict(line.split("=") for line in done.stdout.split())


def _check_unbroken(path, loop):
    """All pictures, one after the other as they were sent, each at its time."""
    pictures = _read(path)
    for before, after in zip(pictures, pictures[1:]):
        assert after[1] == (before[1] + 1) % loop, (path, before, after)
        assert abs(after[0] - before[0] - 1000000 / FPS) <= 30, (path, before, after)
    return pictures


def every_happening_has_its_clip_exact_to_the_frame():
    loop = 12 * FPS
    names = ["plain", "second", "h265", "apart", "pipe", "pipe265"]
    words = {"h265": " codec=h265", "apart": " sub=160x120", "pipe265": " codec=h265"}
    sim = _simulate("clip-cameras", [f"{n} {SCENE} phase={2 * i}{words.get(n, '')}" for i, n in enumerate(names)])
    cameras = {n: f"url: \"{sim.url(n)}\"" for n in ("plain", "second", "h265", "apart")}
    cameras["apart"] += f", detect_url: \"{sim.url('apart')}/sub\""
    cameras["pipe"] = f"pipeline: \"rtspsrc location={sim.url('pipe')} protocols=tcp ! rtph264depay ! avdec_h264\""
    cameras["pipe265"] = f"pipeline: \"rtspsrc location={sim.url('pipe265')} protocols=tcp ! decodebin\""
    with _worker("clip", cameras) as worker:
        worker.start()
        began = time.time()

        def whole():
            return [h for h in _happenings(worker).values() if h["ended"] and h["kind"] == "motion" and h["clips"]
                    and all(_path(worker, c) for c in h["clips"]) and h["start"] > began + PRE + 6]
        wait_for(lambda: os.path.exists(worker.state + "/spool/w1.db") and len(whole()) >= EVENTS, 30 + 8 * EVENTS,
                 f"{EVENTS} happenings with their clips", worker.log, every=0.5)
        done = whole()
        truth = {n: sim.truth(n, time.time() - began) for n in names}
        sim.stop()
        assert worker.stop() < 4
        assert not [h for h in done if h["details"]], [h["details"] for h in done if h["details"]]
        assert {h["camera"] for h in done} == set(names), done
        lengths = {}
        for h in sorted(done, key=lambda h: h["start"]):
            assert len(h["clips"]) == 1, h
            assert h["revs"] == list(range(1, len(h["revs"]) + 1)), h
            path = _path(worker, h["clips"][0])
            is_first = path not in lengths
            if is_first:
                pictures = _check_unbroken(path, loop)
                seen = _probe(path)
                assert int(seen["nb_read_packets"]) == len(pictures), (path, seen, len(pictures))
                assert abs(float(seen["duration"]) - len(pictures) / FPS) < 0.002, (path, seen)
                lengths[path] = pictures
            _check_moment(h, lengths[path], truth[h["camera"]], loop, is_first)
        print(f"       {len(done)} happenings, {len(lengths)} clips, {sum(len(p) for p in lengths.values())} pictures in order")
        assert not glob.glob(f"{worker.state}/media/*/*/*/*.part") and not os.listdir(f"{worker.state}/spool/w1.clips")


def _check_moment(happening, pictures, crossings, loop, is_first):
    """By the numbers in the pictures: the clip begins PRE before the start, or up to a group of pictures more."""
    crossing = min(crossings, key=lambda c: abs(_seconds(c["start"]) - happening["start"]))
    into = (pictures[0][1] - crossing["start_frame"] + loop // 2) % loop - loop // 2  # pictures from its first to the clip's
    if not is_first:
        into -= loop * round((into / FPS - (happening["start"] - PRE - _seconds(crossing["start"]))) * FPS / loop)
    ahead = happening["start"] - _seconds(crossing["start"]) - into / FPS
    assert ahead >= PRE - 0.3, (happening, ahead)
    assert not is_first or ahead <= PRE + 20 / FPS + 0.5, (happening, ahead)


def a_death_costs_no_more_than_its_last_second():
    loop = 12 * FPS
    names = [f"c{i}" for i in range(KILLS)]
    sim = _simulate("clip-cameras", [f"{n} {SCENE}{' codec=h265' if i % 2 else ''}" for i, n in enumerate(names)])
    with _worker("clip-death", {n: f"url: \"{sim.url(n)}\"" for n in names}) as worker:
        worker.start()

        def growing():
            """Cameras whose clip has some seconds, and goes on."""
            return {h["camera"]: h["clips"][-1] for h in _happenings(worker).values()
                    if h["clips"] and not h["ended"] and time.time() > h["start"] + 2
                    and _path(worker, h["clips"][-1], ".mp4.part")}
        wait_for(lambda: os.path.exists(worker.state + "/spool/w1.db") and len(growing()) == len(names), 60,
                 "all are recorded at once", worker.log, every=0.1)
        cut, killed = growing(), time.time()
        worker.stop(signal.SIGKILL)
        frames = {n: c["frame"] for n in names for c in sim.ask(f"state {n}")["cameras"]}
        passed = (time.time() - killed) * FPS
        worker.start()
        wait_for(lambda: all(any("killed" in d for d in h["details"]) for h in _happenings(worker).values()
                             if set(h["clips"]) & set(cut.values())), 20, "their events say so", worker.log)
        for camera, clip in cut.items():
            assert not _path(worker, clip, ".mp4.part")
            pictures = _check_unbroken(_path(worker, clip), loop)
            assert len(pictures) > 2 * FPS, (camera, len(pictures))
            lost = (frames[camera] - pictures[-1][1]) % loop
            assert lost - passed <= FPS, (camera, lost, passed)
        worker.stop()
        for h in _happenings(worker).values():
            assert h["revs"] == list(range(1, len(h["revs"]) + 1)), h
        left = glob.glob(f"{worker.state}/media/*/*/*/*.part") + os.listdir(f"{worker.state}/spool/w1.clips")
        assert not left, left
    sim.stop()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
