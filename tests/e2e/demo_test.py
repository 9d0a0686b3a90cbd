#!/usr/bin/python3
"""What a new user sees: `vedette up` with nothing at all, alerts with pictures within three
minutes, Ctrl-C, and a second run that goes on where the first one stopped."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from camsim import CACHE
from harness import BIN, artefacts, free_port, processes_of, run_tests, wait_for
from system import Api


def alerts_appear_with_their_pictures_and_a_second_run_continues():
    folder = artefacts("demo")
    home = tempfile.mkdtemp(prefix="vd-demo.")
    os.chmod(home, 0o755)
    state, port = os.path.join(home, "s"), free_port()
    out_path, log_path = os.path.join(folder, "out"), os.path.join(folder, "log")

    def run():
        return subprocess.Popen([os.path.join(BIN, "vedette"), "up", "--state", state, "--listen", f"127.0.0.1:{port}",
                                 "--log", log_path], stdin=subprocess.DEVNULL, stdout=open(out_path, "wb"),
                                stderr=subprocess.STDOUT)

    def tail():
        return open(out_path).read() + (open(log_path).read()[-3000:] if os.path.exists(log_path) else "")

    def password():
        return [l.split()[2] for l in open(out_path) if l.startswith("vedette: password:")][0]

    up = run()
    begun = time.monotonic()
    try:
        wait_for(lambda: "everything runs" in open(out_path).read() or up.poll() is not None, 180, "all is up", tail, 0.2)
        assert up.poll() is None, tail()
        wait_for(lambda: "console.first-user" in open(log_path).read(), 10, "the first user", tail)
        api = Api(port, "admin", password())
        first = wait_for(lambda: _with_picture(api), 180 - (time.monotonic() - begun), "an alert with a picture", tail, 0.5)
        _judge_metrics(api)
        print(f"       first alert with its picture after {time.monotonic() - begun:.0f} s")
        since = time.monotonic()
        up.send_signal(signal.SIGINT)
        assert up.wait(10) == 0 and time.monotonic() - since < 5, (time.monotonic() - since, tail())
        assert not processes_of(state)
        up = run()
        since = time.monotonic()
        wait_for(lambda: "everything runs" in open(out_path).read() or up.poll() is not None, 60, "all is up again", tail, 0.2)
        print(f"       second start took {time.monotonic() - since:.1f} s")
        api = Api(port, "admin", password())
        assert any(a["alert"] == first for a in _alerts(api)), "the alert of the first run is gone"
    finally:
        if up.poll() is None:
            up.terminate()
            up.wait(15)
    assert not processes_of(state)
    shutil.rmtree(home)


def _judge_metrics(api):
    """One place tells of console, router, every worker and every camera, in the form that Prometheus reads."""
    status, head, body = api.call("GET", "/metrics")
    assert status == 200 and head["Content-Type"].startswith("text/plain; version=0.0.4"), (status, head)
    samples, types, last = {}, {}, ""
    for line in body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, last, kind = line.split(" ")
            assert last not in types, f"{last} comes twice"
            types[last] = kind
        elif not line.startswith("# HELP "):
            name, value = line.rsplit(" ", 1)
            assert name.split("{")[0].startswith(last), f"{line} among {last}"
            samples[name] = float(value)
    assert types["vedette_ingest_frames_total"] == "counter" and types["vedette_ingest_lag_seconds"] == "histogram", types
    frames = [samples[f'vedette_ingest_frames_total{{worker="w{n}"}}'] for n in (1, 2)]
    assert sum(frames) > 0 and 'vedette_ingest_ladder_level{worker="w1",level="full"}' in samples, samples
    assert samples['vedette_ingest_lag_seconds_bucket{worker="w1",le="+Inf"}'] > 0, samples
    assert samples["vedette_router_events_total"] > 0 and samples["vedette_console_router_up"] == 1, samples
    cameras = [v for n, v in samples.items() if n.startswith('vedette_camera_online{camera="')]
    assert len(cameras) == 6 and sum(cameras) == samples['vedette_cameras{state="online"}'] > 0, samples


def _alerts(api):
    return api.get("/api/v1/alerts")["alerts"]


def _with_picture(api):
    for alert in _alerts(api):
        if alert["media"]["snapshot"]:
            status, _, body = api.call("GET", f"/api/v1/media/{alert['media']['snapshot']}")
            if status == 200 and body[:2] == b"\xff\xd8":
                return alert["alert"]
    return None


if __name__ == "__main__":
    os.makedirs(CACHE, exist_ok=True)
    run_tests(globals(), sys.argv[1:])
