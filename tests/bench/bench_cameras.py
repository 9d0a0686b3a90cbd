#!/usr/bin/python3
"""What a camera costs: vedette-ingest against a bare libav loop that only decodes (bare_decode), Debian's motion and the
ffmpeg program to null, each beside it on the same streams at the same time, so that a busy machine hits both: the ratio
of the two in each of VD_ROUNDS=5 windows of VD_SECONDS=8, its median and its spread. Prints, judges nothing. VD_CASES:
cameras and size, "20x640x480@10 60x640x480@10 4x1920x1080@25"; VD_WARM_UP=10 (and longer for many cameras)."""

import json
import os
import re
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

CASES = os.environ.get("VD_CASES", "20x640x480@10 60x640x480@10 4x1920x1080@25").split()
ROUNDS = int(os.environ.get("VD_ROUNDS", "5"))
SECONDS = float(os.environ.get("VD_SECONDS", "8"))
WARM_UP = float(os.environ.get("VD_WARM_UP", "10"))
TRIES = 3
FFMPEGS = 8  # one process a camera: so many show what one costs
# What sees 1080p25 sees one place: drawing it takes longer than all the rest.
LARGE = "scene=road+loop=10+crossings=1+fps=25+seed=5+size={size} gop=50"


def cpu(pids):
    """Seconds of CPU that the processes have used, all threads together."""
    used = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as stat:
                    used += int(stat.read().split()[0])
            except OSError:
                pass  # it has ended
    return used / 1e9


def memory(pids):
    """MiB of their own (private and their share of what is shared)."""
    kib = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as text:
            kib += next(int(line.split()[1]) for line in text if line.startswith("Pss:"))
    return kib / 1024


def rest(seconds):
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > until, seconds + 5, "time passes", every=0.2)


class Program:
    """One or more processes that watch n cameras."""

    def __init__(self, name, argvs, folder, n):
        self.name, self.n = name, n
        self.log = os.path.join(folder, name + ".log")
        with open(self.log, "ab") as log:
            self.processes = [subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder) for argv in argvs]
        self.pids = [p.pid for p in self.processes]

    def is_alive(self):
        return all(p.poll() is None for p in self.processes)

    def stop(self):
        for p in self.processes:
            p.terminate()
        for p in self.processes:
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()


def ingest(folder, urls):
    config, state = os.path.join(folder, "config"), os.path.join(folder, "state")
    os.makedirs(os.path.join(config, "cameras"))
    for part in ("run", "spool", "media", "secrets"):
        os.makedirs(os.path.join(state, part))
    with open(os.path.join(config, "vedette.yaml"), "w", encoding="utf-8") as out:
        out.write("areas:\n  - {code: b, name: Bench}\ningest: {connects_per_worker: 64, connects_per_host: 64}\n")
    with open(os.path.join(config, "cameras/all.yaml"), "w", encoding="utf-8") as out:
        out.write("cameras:\n")
        for i, url in enumerate(urls):
            out.write(f"  - {{id: cam{i + 1}, area: b, url: {url}, evidence: snapshot}}\n")
    return Program("vedette-ingest", [[os.path.join(BIN, "vedette-ingest"), "--config", config, "--state", state,
                                       "--worker", "w1", "--share", "0/1"]], folder, len(urls))


def bare_decode(folder, urls, _):
    program = os.path.join(os.path.dirname(BIN), "tests/bench/bare_decode")
    if not os.path.exists(program):
        return None
    return Program("bare_decode", [[program, "0", "100000", *urls]], folder, len(urls))


def motion(folder, urls, size):
    program = shutil.which("motion")
    if program is None:
        return None
    w, h, fps = size
    with open(os.path.join(folder, "motion.conf"), "w", encoding="utf-8") as out:
        out.write("daemon off\nwebcontrol_port 0\nstream_port 0\nmovie_output off\npicture_output off\n"
                  f"framerate {fps}\nwidth {w}\nheight {h}\nlog_level 4\ntarget_dir {folder}\n")
        for i in range(len(urls)):
            out.write(f"camera {folder}/camera{i + 1}.conf\n")
    for i, url in enumerate(urls):
        with open(os.path.join(folder, f"camera{i + 1}.conf"), "w", encoding="utf-8") as out:
            out.write(f"camera_id {i + 1}\nnetcam_url {url}\nnetcam_params rtsp_transport = tcp\n"
                      f"width {w}\nheight {h}\nframerate {fps}\n")
    return Program("motion", [[program, "-c", os.path.join(folder, "motion.conf")]], folder, len(urls))


def ffmpeg(folder, urls, _):
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    argvs = [[program, "-v", "error", "-nostdin", "-threads", "1", "-rtsp_transport", "tcp", "-i", url, "-an", "-f", "null", "-"]
             for url in urls[:FFMPEGS]]
    return Program("ffmpeg", argvs, folder, len(argvs))


def percent(program, used, seconds):
    return used / seconds * 100 / program.n


def windows(one, other):
    """[(percent of a core a camera of one, of other)]; None when either has ended."""
    rows = []
    for _ in range(ROUNDS):
        before, since = (cpu(one.pids), cpu(other.pids)), time.monotonic()
        rest(SECONDS)
        if not (one.is_alive() and other.is_alive()):
            return None
        after, passed = (cpu(one.pids), cpu(other.pids)), time.monotonic() - since
        rows.append(tuple(percent(p, b - a, passed) for p, a, b in zip((one, other), before, after)))
    return rows


def spread(values, digits=3):
    return [round(f(values), digits) for f in (statistics.median, min, max)]


def steps(program):
    """[cameras that were watched less after it] of each step of the worker's overload ladder."""
    with open(program.log, encoding="utf-8", errors="replace") as log:
        return [int(n) for n in re.findall(r" ladder\.step .*?lowered=(\d+)", log.read())]


def compare(case, worker, other):
    line = {"bench": "cameras", "case": case, "against": other.name}
    for _ in range(TRIES):  # what was measured while something was left out is no figure
        wait_for(lambda: ([0] + steps(worker))[-1] == 0, 180, "the worker sees all", every=1)
        before = len(steps(worker))
        rows = windows(worker, other)
        if rows is None:
            return {**line, "result": "ended"}
        if len(steps(worker)) == before:
            break
    else:
        return {**line, "result": "too busy a machine: the overload ladder stepped"}
    return {**line, "rounds": len(rows),
            "vedette_percent": spread([r[0] for r in rows]), "percent": spread([r[1] for r in rows]),
            "ratio": spread([r[0] / r[1] for r in rows]),
            "vedette_mib": round(memory(worker.pids) / worker.n, 2), "mib": round(memory(other.pids) / other.n, 2)}


def simulator(folder, n, size):
    w, h, fps = size
    argv = [os.path.join(BIN, "vedette-camsim"), "--port", "0", "--cache", CACHE, "--control", os.path.join(folder, "c")]
    if (w, h, fps) == (640, 480, 10):
        argv += ["--cameras", str(n)]
    else:
        for i in range(n):
            argv += ["--camera", f"cam{i + 1} {LARGE.format(size=f'{w}x{h}')} fps={fps} phase={i * 2}"]
    os.makedirs(CACHE, exist_ok=True)
    with open(os.path.join(folder, "camsim.log"), "wb") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)


def bench(case):
    n, *size = map(int, re.fullmatch(r"(\d+)x(\d+)x(\d+)@(\d+)", case).groups())
    folder = tempfile.mkdtemp(prefix="vd-bench.")
    camsim = simulator(folder, n, size)
    programs, lines = [], []
    try:
        port = int(camsim.stdout.readline().split()[1])
        urls = [f"rtsp://127.0.0.1:{port}/cam{i + 1}" for i in range(n)]
        programs.append(ingest(folder, urls))
        for start in (bare_decode, motion, ffmpeg):
            other = start(folder, urls, size)
            if other is None:
                lines.append({"bench": "cameras", "case": case, "against": start.__name__, "result": "not there"})
            else:
                programs.append(other)
                rest(WARM_UP + n / 6)
                lines.append(compare(case, programs[0], other))
                programs.pop().stop()
            print(json.dumps(lines[-1]), flush=True)
    finally:
        for program in programs:
            program.stop()
        camsim.terminate()
        camsim.wait(10)
        camsim.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)
    return lines


def table(lines):
    print("\n| case | against | vedette % | its % | ratio (least - most) | vedette MiB | its MiB |\n|---|---|--:|--:|--:|--:|--:|")
    for line in lines:
        if "result" in line:
            print(f"| {line['case']} | {line['against']} | {line['result']} | | | | |")
        else:
            print(f"| {line['case']} | {line['against']} | {line['vedette_percent'][0]} | {line['percent'][0]} | {line['ratio'][0]} "
                  f"({line['ratio'][1]} - {line['ratio'][2]}) | {line['vedette_mib']} | {line['mib']} |")


if __name__ == "__main__":
    table([line for case in CASES for line in bench(case)])
