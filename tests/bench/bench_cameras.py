#!/usr/bin/python3
"""CPU and memory a 640x480@10 camera costs: vedette-ingest, a bare libav loop that only decodes
(bare_decode), and Debian's motion, on the same streams, side by side in turns. Prints, judges
nothing. VD_CAMERAS="20 60", VD_ROUNDS=3, VD_SECONDS=15 (measured a turn), VD_WARM_UP=8."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../e2e"))
from camsim import CACHE  # noqa: E402
from harness import BIN, wait_for  # noqa: E402

COUNTS = [int(n) for n in os.environ.get("VD_CAMERAS", "20 60").split()]
ROUNDS = int(os.environ.get("VD_ROUNDS", "3"))
SECONDS = float(os.environ.get("VD_SECONDS", "15"))
WARM_UP = float(os.environ.get("VD_WARM_UP", "8"))
TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid):
    """Seconds of CPU that the process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """MiB of its own (private and its share of what is shared)."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("Pss:")) / 1024


def rest(seconds):
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > until, seconds + 5, "time passes", every=0.2)


def measured(argv, folder, n, before=None):
    """Runs argv; returns percent of a core and MiB a camera."""
    if before:
        before()
    log = open(os.path.join(folder, os.path.basename(argv[0]) + ".log"), "ab")
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)
    try:
        rest(WARM_UP)
        if process.poll() is not None:
            return None
        used, since = cpu(process.pid), time.monotonic()
        rest(SECONDS)
        if process.poll() is not None:
            return None
        percent = (cpu(process.pid) - used) / (time.monotonic() - since) * 100 / n
        return percent, memory(process.pid) / n
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def bare_decode(folder, port, n):
    program = os.path.join(os.path.dirname(BIN), "tests/bench/bare_decode")
    if not os.path.exists(program):
        return None
    urls = [f"rtsp://127.0.0.1:{port}/cam{i + 1}" for i in range(n)]
    return [program, "0", str(int(WARM_UP + SECONDS + 60)), *urls], None


def ingest(folder, port, n):
    config, state = os.path.join(folder, "config"), os.path.join(folder, "state")
    os.makedirs(os.path.join(config, "cameras"), exist_ok=True)
    with open(os.path.join(config, "vedette.yaml"), "w", encoding="utf-8") as out:
        out.write("areas:\n  - {code: b, name: Bench}\ningest: {connects_per_worker: 64, connects_per_host: 64}\n")
    with open(os.path.join(config, "cameras/all.yaml"), "w", encoding="utf-8") as out:
        out.write("cameras:\n")
        for i in range(n):
            out.write(f"  - {{id: cam{i + 1}, area: b, url: rtsp://127.0.0.1:{port}/cam{i + 1}, evidence: snapshot}}\n")

    def fresh():
        shutil.rmtree(state, ignore_errors=True)
        for part in ("run", "spool", "media", "secrets"):
            os.makedirs(os.path.join(state, part))
    return [os.path.join(BIN, "vedette-ingest"), "--config", config, "--state", state, "--worker", "w1", "--share", "0/1"], fresh


def motion(folder, port, n):
    program = shutil.which("motion") or ("/usr/bin/motion" if os.path.exists("/usr/bin/motion") else None)
    if program is None:
        return None
    with open(os.path.join(folder, "motion.conf"), "w", encoding="utf-8") as out:
        out.write("daemon off\nwebcontrol_port 0\nstream_port 0\nmovie_output off\npicture_output off\n"
                  f"framerate 10\nwidth 640\nheight 480\nlog_level 4\ntarget_dir {folder}\n")
        for i in range(n):
            out.write(f"camera {folder}/camera{i + 1}.conf\n")
    for i in range(n):
        with open(os.path.join(folder, f"camera{i + 1}.conf"), "w", encoding="utf-8") as out:
            out.write(f"camera_id {i + 1}\nnetcam_url rtsp://127.0.0.1:{port}/cam{i + 1}\n"
                      "netcam_params rtsp_transport = tcp\nwidth 640\nheight 480\nframerate 10\n")
    return [program, "-c", os.path.join(folder, "motion.conf")], None


def bench(n):
    folder = tempfile.mkdtemp(prefix="vd-bench.")
    os.makedirs(CACHE, exist_ok=True)
    camsim = subprocess.Popen([os.path.join(BIN, "vedette-camsim"), "--port", "0", "--cameras", str(n), "--cache", CACHE,
                               "--control", os.path.join(folder, "c")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=open(os.path.join(folder, "camsim.log"), "wb"))
    try:
        port = int(camsim.stdout.readline().split()[1])
        runs = {"bare_decode": bare_decode(folder, port, n), "vedette-ingest": ingest(folder, port, n),
                "motion": motion(folder, port, n)}
        got = {name: [] for name in runs}
        for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine hits all
            for name, run in runs.items():
                if run is not None and (result := measured(run[0], folder, n, run[1])) is not None:
                    got[name].append(result)
        median = {name: tuple(statistics.median(v) for v in zip(*results)) for name, results in got.items() if results}
        base = median.get("bare_decode", (None,))[0]
        for name, (percent, mib) in median.items():
            line = {"bench": "cameras", "cameras": n, "program": name, "rounds": len(got[name]),
                    "cpu_percent_a_camera": round(percent, 2), "cpu_min_max": [round(f(r[0] for r in got[name]), 2) for f in (min, max)],
                    "mib_a_camera": round(mib, 2)}
            if base:
                line["cpu_ratio_to_bare_decode"] = round(percent / base, 2)
            if "motion" in median:
                line["cpu_ratio_to_motion"] = round(percent / median["motion"][0], 2)
            print(json.dumps(line), flush=True)
        for name in runs:
            if name not in median:
                print(json.dumps({"bench": "cameras", "cameras": n, "program": name, "result": "not there, or it ended"}), flush=True)
    finally:
        camsim.terminate()
        camsim.wait(10)
        camsim.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for count in COUNTS:
        bench(count)
