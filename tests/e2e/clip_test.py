#!/usr/bin/python3
"""Clips: every happening has one, whole, of the right moment, exact to the frame; a death costs
no more than its last second; a private part is in no file."""

import glob
import os
import pathlib
import signal
import subprocess
import sys
import time
from datetime import datetime

from console_kit import Host
from harness import BIN, run_tests, wait_for
from ingest_test import Worker, _simulate
from system import System

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
        if not event["subject"].startswith("camera/"):
            continue
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
    sim = _simulate("clip-exact-cameras", [f"{n} {SCENE} phase={2 * i}{words.get(n, '')}" for i, n in enumerate(names)])
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
    sim = _simulate("clip-killed-cameras", [f"{n} {SCENE}{' codec=h265' if i % 2 else ''}" for i, n in enumerate(names)])
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


def a_private_part_is_in_no_picture_and_jpeg_becomes_a_film():
    loop = 12 * FPS
    sim = _simulate("clip-masked-cameras", [f"direct {SCENE}", f"pipe {SCENE} phase=2", f"jpeg {SCENE} codec=mjpeg phase=4"])
    mask = "masks: [{name: m, privacy: true, polygon: [[0.4,0.4],[0.6,0.4],[0.6,0.9],[0.4,0.9]]}]"
    pipe = f"pipeline: \"rtspsrc location={sim.url('pipe')} protocols=tcp ! rtph264depay ! avdec_h264\""
    with _worker("clip-mask", {"direct": f"url: \"{sim.url('direct')}\", {mask}", "pipe": f"{pipe}, {mask}",
                               "jpeg": f"url: \"{sim.url('jpeg')}\""}) as worker:
        worker.start()
        growing, done = {}, {}

        def watched():
            """Looks into unfinished files too."""
            for path in glob.glob(f"{worker.state}/media/a/*/*/*.mp4*"):
                camera = path.split("/")[-3]
                if path.endswith(".part"):
                    subprocess.run(["cp", path, f"{worker.folder}/{camera}.mp4"], check=False)
                    growing[camera] = f"{worker.folder}/{camera}.mp4"
                elif camera not in done:
                    done[camera] = path
            return len(done) == 3 and len(growing) == 3
        wait_for(watched, 60, "a clip of each", lambda: str((done, growing)) + worker.log(), every=0.2)
        sim.stop()
        worker.stop()
        for camera, path in [*growing.items(), *done.items()]:
            pictures = _read(path, "-p", "0.4,0.4,0.2,0.5", "-p", "0.05,0.2,0.15,0.2")
            assert len(pictures) > FPS, (path, len(pictures))
            for at, number, _, inside, outside in pictures:
                assert camera == "jpeg" or float(inside) < 17.5, (camera, at, inside)
                assert float(outside) > 25 and number >= 0, (camera, at, number, outside)
            for before, after in zip(pictures, pictures[1:]):
                assert after[1] == (before[1] + 1) % loop and abs(after[0] - before[0] - 1000000 / FPS) <= 30, (camera, before, after)
        assert not [h["details"] for h in _happenings(worker).values() if any("mask" in d for d in h["details"])]


def bad_days_cost_what_is_said_and_no_event():
    """The format changes within; a happening without an end goes on in new files; the stream breaks; the folder of media
    goes, and comes back."""
    sim = _simulate("clip-spoilt-cameras", [f"format {SCENE}", f"broken {SCENE} phase=4"])
    ball = ("videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! "
            "x264enc tune=zerolatency key-int-max=20 ! avdec_h264")
    with _worker("clip-bad", {**{n: f"url: \"{sim.url(n)}\"" for n in ("format", "broken")}, "long": f"pipeline: \"{ball}\""},
                 f"evidence: {{pre: {PRE}s, post: {POST}s, file: 10s}}\n") as worker:
        worker.start()
        db = worker.state + "/spool/w1.db"

        def open_of(camera):
            return os.path.exists(db) and [h for h in _happenings(worker).values()
                                           if h["camera"] == camera and h["clips"] and not h["ended"]]
        changed = wait_for(lambda: open_of("format"), 60, "something moves", worker.log, every=0.1)[0]["start"]
        sim.ask("fault format params")
        broken = wait_for(lambda: open_of("broken"), 60, "something moves", worker.log, every=0.1)[0]["start"]
        sim.ask("fault broken stall")

        def told():
            of = {(h["camera"], h["start"]): h for h in _happenings(worker).values()}
            return (max(len(h["clips"]) for h in of.values() if h["camera"] == "long") >= 2
                    and len(of["format", changed]["clips"]) >= 2 and of["format", changed]["ended"]
                    and any("ends early: the stream broke (stalled)" in d for d in of["broken", broken]["details"]))
        wait_for(told, 30, "two files of one, the end of the other", lambda: worker.log() + str(_happenings(worker)))
        sim.ask("clear format")
        sim.ask("clear broken")
        os.rename(worker.state + "/media", worker.state + "/away")
        open(worker.state + "/media", "w").close()
        seen = {h["start"] for h in _happenings(worker).values()}
        wait_for(lambda: [h for h in _happenings(worker).values() if h["start"] not in seen and h["ended"]
                          and any("There is no clip" in d for d in h["details"])], 60, "events without clips", worker.log, every=0.2)
        os.unlink(worker.state + "/media")
        os.rename(worker.state + "/away", worker.state + "/media")
        seen = {h["start"] for h in _happenings(worker).values()}
        wait_for(lambda: [h for h in _happenings(worker).values() if h["start"] not in seen and h["clips"]
                          and _path(worker, h["clips"][0])], 60, "clips again", worker.log, every=0.2)
        worker.stop()
        worker.start()  # looks after what could not be given its name while the folder was gone
        wait_for(lambda: worker.log().count("worker.ready") == 2, 10, "a second start", worker.log)
        worker.stop()
        for path in glob.glob(f"{worker.state}/media/*/*/*/*.mp4"):
            assert len(_read(path)) > 0, path
        for h in _happenings(worker).values():
            assert h["revs"] == list(range(1, len(h["revs"]) + 1)), h
        assert not glob.glob(f"{worker.state}/media/*/*/*/*.part") and not os.listdir(f"{worker.state}/spool/w1.clips")
    sim.stop()


def a_disk_that_hangs_holds_up_clips_and_nothing_else():
    """Starts, their pictures and ends come as ever while no clip is written; what the ring could not hold is said."""
    scene = SCENE.replace("+burn", "+noise+burn")
    sim = _simulate("clip-slow-cameras", [f"one {scene}", f"two {scene} phase=4"])
    with _worker("clip-slow", {n: f"url: \"{sim.url(n)}\"" for n in ("one", "two")},
                 f"evidence: {{pre: {PRE}s, post: {POST}s, ring: 2MiB}}\n") as worker:
        hangs = worker.folder + "/hangs"
        worker.environment = {"LD_PRELOAD": BIN + "/slow-disk.so", "VD_SLOW_DISK": hangs}
        worker.start()

        def of(phase, skip=0):
            """Messages about motion, those that came after the first so many of all."""
            events = worker.events()[skip:] if os.path.exists(worker.state + "/spool/w1.db") else []
            return [e for e in events if e["data"]["phase"] == phase and e["type"].startswith("vedette.motion.")]

        def by_camera(events):
            return [sum(e["data"]["camera"] == n for e in events) for n in ("one", "two")]

        def delay(events):
            delays = sorted(_seconds(e["recordedtime"]) - _seconds(e["time"]) for e in events)
            return delays[len(delays) // 2]
        wait_for(lambda: min(by_camera(of("media"))) > 0, 60, "a clip of each", worker.log, every=0.1)
        usual = of("start")
        open(hangs, "w").close()
        mark = len(worker.events())
        wait_for(lambda: min(by_camera(of("start", mark))) >= 3 and min(by_camera(of("end", mark))) >= 3, 90,
                 "happenings begin and end as ever", worker.log, every=0.2)
        begun = of("start", mark)
        assert all(_path(worker, e["data"]["media"]["snapshot"], ".jpg") for e in begun), begun
        told = {e["data"]["media"]["clip"] for e in of("media", mark)}
        print(f"       {len(begun)} starts while clips waited, {1000 * delay(begun):.0f} ms from decision to spool (before: "
              f"{1000 * delay(usual):.0f} ms)")
        fresh = {e["data"]["event"] for e in begun[2:]}
        os.unlink(hangs)
        wait_for(lambda: all(h["clips"] or h["details"] for e, h in _happenings(worker).items() if e in fresh and h["ended"]),
                 30, "each that waited has its clip, or is told why not", lambda: str(_happenings(worker)))
        wait_for(lambda: {h["camera"] for h in _happenings(worker).values()
                          if any("missing: the disk is too slow" in d for d in h["details"])} == {"one", "two"},
                 60, "what is missing is said", lambda: str(_happenings(worker)) + worker.log(), every=0.2)
        assert len(told) <= 4, told  # the two that were told of before it hung, or just then; no file was begun since
        worker.stop()  # before the cameras, which would be cut off within a picture
        sim.stop()
        for h in _happenings(worker).values():
            assert h["clips"] or h["details"], h
            assert all(len(_read(_path(worker, c))) > 0 for c in h["clips"]), h


def an_operator_plays_it_and_jumps_in_it():
    more = EVIDENCE
    with System("clip-page", {"one": SCENE, "other": SCENE + " codec=h265 phase=3"}, workers=1, more=more) as system:
        system.write("cameras/cameras.yaml", "cameras:\n" + "".join(
            system.camera_yaml(c, evidence="clips") for c in ("one", "other")))
        system.start()
        api = system.api()
        with open(system.state + "/secrets/first-password", encoding="utf-8") as secret:
            host = Host(pathlib.Path(system.home), f"http://127.0.0.1:{system.port}", secret.read().strip())
        try:
            alerts = {}

            def seen():
                for alert in api.call("GET", "/api/v1/alerts")[2]["alerts"]:
                    if alert["media"]["clip"] and not alert["active"]:
                        alerts.setdefault(alert["camera"], alert)
                return len(alerts) == 2 and all(glob.glob(f"{system.state}/media/*/*/*/{a['media']['clip'].split('.')[1]}.mp4")
                                                for a in alerts.values())
            wait_for(seen, 60, "alerts with clips", system.tail, every=0.2)
            _serve(api, alerts["one"]["media"]["clip"], system.state)
            page = host.browser(1280, 800)
            page.sign_in()
            page.driver.get(f"http://127.0.0.1:{system.port}/#/alerts/{alerts['one']['alert']}")
            video = page.wait("vd-clip video")
            ask = "const v = document.querySelector('vd-clip video'); return [v.readyState, v.duration, v.currentTime, v.videoWidth, v.error && v.error.code]"
            wait_for(lambda: page.driver.execute_script(ask)[0] >= 1, 10, "it is known how long it is")
            duration = page.driver.execute_script(ask)[1]
            assert duration > PRE + POST, duration
            page.driver.execute_script("arguments[0].play()", video)
            wait_for(lambda: page.driver.execute_script(ask)[2] > 0.5, 15, "it plays", lambda: str(page.driver.execute_script(ask)))
            page.driver.execute_script("arguments[0].currentTime = arguments[1]", video, duration - 1)
            wait_for(lambda: page.driver.execute_script(ask)[2] >= duration - 0.2, 15, "it plays from there to its end",
                     lambda: str(page.driver.execute_script(ask)))
            assert page.driver.execute_script(ask)[3] == 320
            page.shot("clip")
            page.driver.get("about:blank")
            page.driver.get(f"http://127.0.0.1:{system.port}/#/alerts/{alerts['other']['alert']}")
            page.wait_text("vd-clip", "can't play", 15)
            assert page.one("vd-clip a[download]").get_attribute("href").endswith(alerts["other"]["media"]["clip"])
        finally:
            host.close_browsers()
        system.stop()


def _serve(api, clip, state):
    """By ranges, and whole; what is beyond is said."""
    path = f"/api/v1/media/{clip}"
    status, head, whole = api.call("GET", path)
    with open(glob.glob(f"{state}/media/*/*/*/{clip.split('.')[1]}.mp4")[0], "rb") as file:
        assert status == 200 and head["Content-Type"] == "video/mp4" and whole == file.read()
    assert head["Accept-Ranges"] == "bytes"
    for text, begin, end in (("0-99", 0, 100), ("20000-39999", 20000, 40000), (f"{len(whole) - 7}-", len(whole) - 7, len(whole))):
        status, head, part = api.call("GET", path, headers={"Range": "bytes=" + text})
        assert status == 206 and part == whole[begin:end], (text, status, len(part))
        assert head["Content-Range"] == f"bytes {begin}-{end - 1}/{len(whole)}", head["Content-Range"]
    status, head, _ = api.call("GET", path, headers={"Range": f"bytes={len(whole)}-"})
    assert status == 416 and head["Content-Range"] == f"bytes */{len(whole)}", (status, head)


def _side_by_side():
    """Each test by itself, all at once: they wait most of the time, and small pictures cost little."""
    tests = [n for n, f in globals().items() if callable(f) and getattr(f, "__module__", "") == "__main__"
             and not n.startswith("_") and f.__code__.co_argcount == 0]
    running = [subprocess.Popen([sys.executable, __file__, n], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for n in tests]
    failed = 0
    for process in running:
        print(process.communicate()[0], end="", flush=True)
        failed += process.returncode != 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_tests(globals(), sys.argv[1:])
    else:
        _side_by_side()
