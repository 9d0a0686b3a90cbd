#!/usr/bin/python3
"""Workers and the probe alone with simulated cameras, no router: every codec is read, pipelines
too; nothing is left open by a death; nothing hangs a stop; a refused configuration changes
nothing."""

import glob
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

from camsim import Camsim
from harness import BIN, artefacts, run_tests, wait_for

SCENE = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"
YAML = """areas: [{code: a, name: A}]
ingest: {backoff_min: 100ms, backoff_max: 1s, open_timeout: 20s, read_timeout: 2s, degraded_after: 2s,
  lost_after: 1s, back_after: 500ms, good_after: 2s, connects_per_host: 16}
"""


class Worker:
    """A configuration, a state folder, and vedette-ingest on them."""

    def __init__(self, name, cameras):
        self.folder = tempfile.mkdtemp(prefix="vd-ingest.")
        self.config, self.state = self.folder + "/config", self.folder + "/state"
        os.makedirs(self.config + "/cameras")
        os.mkdir(self.state)
        self.write("vedette.yaml", YAML)
        self.write("cameras/all.yaml", "cameras:\n" + "".join(
            f"  - {{id: {i}, area: a, {text}}}\n" for i, text in cameras.items()))
        self.log_path = artefacts(name) + "/log"
        self.process = None
        self.environment = {}

    def write(self, path, text):
        with open(os.path.join(self.config, path), "w", encoding="utf-8") as out:
            out.write(text)

    def start(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([BIN + "/vedette-ingest", "--config", self.config, "--state", self.state],
                                        stderr=open(self.log_path, "ab"), env={**os.environ, **self.environment})
        return self

    def log(self):
        with open(self.log_path, encoding="utf-8") as text:
            return text.read()

    def stop(self, sig=signal.SIGTERM):
        """Seconds it took."""
        since = time.monotonic()
        self.process.send_signal(sig)
        self.process.wait(10)
        return time.monotonic() - since

    def events(self):
        with sqlite3.connect(f"file:{self.state}/spool/w1.db?mode=ro", uri=True) as db:
            made = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'message'").fetchone()
            if not made:
                return []  # the file is there a moment before its tables
            return [json.loads(body) for (body,) in db.execute("SELECT body FROM message ORDER BY id")]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind is None:
            shutil.rmtree(self.folder)


def _probe(*words):
    done = subprocess.run([BIN + "/vedette-probe", "--json", "--seconds", "3", *words], capture_output=True,
                          timeout=60, check=False)
    return json.loads(done.stdout)


def _simulate(name, cameras):
    folder = artefacts(name)
    return Camsim(folder, cameras, open(folder + "/camsim.log", "ab"))  # pylint: disable=consider-using-with


def every_codec_is_read_and_sound_is_not():
    sim = _simulate("ingest-probe", [f"h264 {SCENE} audio=yes", f"h265 {SCENE} codec=h265", f"mjpeg {SCENE} codec=mjpeg",
                                     f"slow {SCENE.replace('gop=10', 'gop=200')}", f"deaf {SCENE} audio=only"])
    try:
        for codec, named in (("h264", "h264"), ("h265", "hevc"), ("mjpeg", "mjpeg")):
            seen = _probe(sim.url(codec))
            assert seen["ok"] and seen["codec"] == named and (seen["width"], seen["height"]) == (320, 240), seen
            assert 9 < seen["fps"] < 11 and seen["frames"] > 20 and seen["broken"] == 0, seen
            assert seen["audio_discarded"] == (codec == "h264"), seen
        seen = _probe(sim.url("deaf"))
        assert not seen["ok"] and seen["fault"] == "unsupported" and "audio" in seen["message"], seen
        seen = _probe("--pipeline", f"rtspsrc location={sim.url('h264')} protocols=tcp ! rtph264depay ! avdec_h264")
        assert seen["ok"] and seen["width"] == 320 and seen["frames"] > 20, seen
        seen = _probe("--pipeline", f"rtspsrc location={sim.url('none')} protocols=tcp ! rtph264depay ! avdec_h264")
        assert not seen["ok"] and seen["fault"] == "404", seen
        sim.ask("fault slow 8k")
        assert _probe(sim.url("slow"))["fault"] == "unsupported"
    finally:
        sim.stop()


def a_death_leaves_no_happening_open():
    sim = _simulate("ingest-death", [f"one {SCENE}", f"two {SCENE} phase=7"])
    with Worker("ingest-death", {"one": f"url: \"{sim.url('one')}\"", "two": f"url: \"{sim.url('two')}\"",
                                 "gone": "url: \"rtsp://127.0.0.1:1/x\"",
                                 "ball": "pipeline: \"videotestsrc is-live=true pattern=ball ! "
                                         "video/x-raw,width=320,height=240,framerate=10/1\""}) as worker:
        worker.start()

        def opened(kind):
            phases = {}
            for event in worker.events():
                if event["type"].startswith(f"vedette.{kind}.") and event["data"]["phase"] != "media":
                    phases[event["data"]["event"]] = event["data"]["phase"]
            return [e for e, phase in phases.items() if phase != "end"]
        wait_for(lambda: os.path.exists(worker.state + "/spool/w1.db") and opened("motion") and opened("lost"), 30,
                 "something is open", worker.log, every=0.05)
        worker.stop(signal.SIGKILL)
        cut = opened("motion") + opened("lost")
        worker.start()
        wait_for(lambda: not [e for e in cut if e in opened("motion") + opened("lost")], 10, "ends", worker.log)
        for event in worker.events():
            data = event["data"]
            if data["event"] in cut and data["phase"] == "end":
                assert data["end_reason"] == "restart" and data["end"] >= data["start"], event
        since = time.monotonic()
        wait_for(lambda: worker.log().count("cam.online cam=one") == 2, 5, "decodes again", worker.log)
        assert time.monotonic() - since < 5
        wait_for(lambda: opened("motion"), 30, "something moves", worker.log)
        assert worker.stop() < 3.5  # of which two for a router that is not there
        events = worker.events()
        last = {e["data"]["event"]: e for e in events if e["data"]["phase"] != "media"}
        assert all(e["data"]["phase"] == "end" for e in last.values()), [e for e in last.values() if e["data"]["phase"] != "end"]
        # Numbers are contiguous, revisions rise, pictures that are named are there.
        assert [int(e["sequence"]) for e in events] == list(range(1, len(events) + 1))
        revs = {}
        for event in events:
            data = event["data"]
            assert data["rev"] == revs.get(data["event"], 0) + 1, event
            revs[data["event"]] = data["rev"]
            media = data["media"]["snapshot"]
            if media:
                assert glob.glob(f"{worker.state}/media/{data['area'].replace('/', ',')}/{data['camera']}/*/{media.split('.')[1]}.jpg"), event
        assert any(e["data"]["media"]["snapshot"] for e in events)
    sim.stop()


def nothing_hangs_a_stop():
    with socket.socket() as silent:  # takes connections and never says a word
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        port = silent.getsockname()[1]
        cameras = {f"s{i}": f"url: \"rtsp://127.0.0.1:{port}/{i}\"" for i in range(6)}
        cameras |= {"far": "url: \"rtsp://192.0.2.1/x\"", "who": "url: \"rtsp://no-such-host.invalid/x\"",
                    "pipe": f"pipeline: \"rtspsrc location=rtsp://127.0.0.1:{port}/p protocols=tcp ! decodebin\""}
        with Worker("ingest-stop", cameras) as worker:
            worker.start()
            wait_for(lambda: "cam.lost cam=s0" in worker.log(), 15, "they are lost", worker.log)
            taken = worker.stop()
            assert worker.process.returncode == 0 and taken < 3.5, f"{taken:.1f} s\n{worker.log()}"
            lost = {e["data"]["camera"] for e in worker.events() if e["type"] == "vedette.lost.start.v1"}
            assert {f"s{i}" for i in range(6)} <= lost, lost


def a_refused_configuration_changes_nothing_and_is_said():
    sim = _simulate("ingest-reload", [f"one {SCENE}", f"two {SCENE} phase=7"])
    with Worker("ingest-reload", {"one": f"url: \"{sim.url('one')}\""}) as worker:
        worker.start()
        wait_for(lambda: "cam.online cam=one" in worker.log(), 10, "one is there", worker.log)
        worker.write("cameras/more.yaml", "cameras:\n  - {id: two, area: nowhere, url: \"rtsp://127.0.0.1/x\"}\n")
        wait_for(lambda: "config.refused" in worker.log(), 5, "it is refused", worker.log)
        worker.write("cameras/more.yaml", f"cameras:\n  - {{id: two, area: a, url: \"{sim.url('two')}\"}}\n")
        wait_for(lambda: "cam.online cam=two" in worker.log(), 5, "the new camera is there", worker.log)
        os.unlink(worker.config + "/cameras/more.yaml")
        worker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: worker.log().count("config.loaded") == 2, 5, "it is taken out", worker.log)
        assert worker.log().count("cam.online cam=one") == 1, "the first camera was disturbed"
        worker.stop()
        node = [e["data"] for e in worker.events() if e["type"].startswith("vedette.node.")]
        assert [n["phase"] for n in node] == ["start", "end"], node
        assert "more.yaml" in node[0]["detail"], node
    sim.stop()


def hardware_that_is_not_there_is_said_once_and_done_without():
    sim = _simulate("ingest-hardware-sim", [f"one {SCENE}", f"two {SCENE} phase=7"])
    with Worker("ingest-hardware", {"one": f"decode: vaapi, url: \"{sim.url('one')}\"",
                                    "two": f"decode: cuda, url: \"{sim.url('two')}\""}) as worker:
        worker.start()
        wait_for(lambda: worker.log().count("cam.online") == 2, 10, "both are there", worker.log)
        sim.ask("fault one close")
        wait_for(lambda: "cam.fault cam=one" in worker.log(), 10, "one is cut off", worker.log)
        wait_for(lambda: worker.events(), 30, "something moves", worker.log)
        for camera in ("one", "two"):
            said = [line for line in worker.log().splitlines() if f"cam.decode cam={camera}" in line]
            assert len(said) <= 1 and all("by=software" in line for line in said), said
        print("       " + next((line for line in worker.log().splitlines() if "cam.decode" in line), "this machine has the hardware"))
        worker.stop()
    sim.stop()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
