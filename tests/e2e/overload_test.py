#!/usr/bin/python3
"""A worker that gets a third of the processor it needs: it neither dies nor grows, nobody is
silently behind, important cameras see as before, and when the load goes all see again.
VD_LOW (unimportant cameras, 5), VD_HIGH (important, 1), VD_OVERLOAD (seconds, 9),
VD_SIZE (1280x720): the full form is more, larger and longer."""

import json
import os
import sys
import threading
import time

import zmq

from harness import run_tests, wait_for
from ingest_test import Worker, _simulate

LOW, HIGH = int(os.environ.get("VD_LOW", "5")), int(os.environ.get("VD_HIGH", "1"))
OVERLOAD = float(os.environ.get("VD_OVERLOAD", "9"))
SIZE = os.environ.get("VD_SIZE", "1280x720")
SCENE = f"scene=road+loop=12+crossings=2+fps=25+seed=5+size={SIZE} gop=25"
TICK = os.sysconf("SC_CLK_TCK")


class Quota:
    """A group of processes that may use so much of a core; control groups of either version."""

    def __init__(self):
        self.v2 = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        self.folder = ("/sys/fs/cgroup" if self.v2 else "/sys/fs/cgroup/cpu") + f"/vd-overload-{os.getpid()}"
        os.mkdir(self.folder)

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as out:
            out.write(text)

    def take(self, pid):
        self._write("cgroup.procs", str(pid))

    def limit(self, cores):
        if self.v2:
            self._write("cpu.max", f"{int(cores * 100000)} 100000" if cores else "max 100000")
        else:
            self._write("cpu.cfs_quota_us", str(int(cores * 100000)) if cores else "-1")

    def remove(self):
        os.rmdir(self.folder)


def _quota():
    try:
        quota = Quota()
    except OSError as error:
        return None, error
    try:
        quota.limit(0.5)
        return quota, None
    except OSError as error:
        quota.remove()
        return None, error


class Hellos:
    """Stands where the router would, and keeps what the worker says of itself."""

    def __init__(self, state):
        os.makedirs(state + "/run", exist_ok=True)
        self.seen = []
        self.stopped = threading.Event()
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.linger = 0
        self.socket.bind(f"ipc://{state}/run/events.sock")
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while not self.stopped.is_set():
            if self.socket.poll(100):
                frames = self.socket.recv_multipart()
                if int.from_bytes(frames[2], "big") == 0:
                    self.seen.append((time.monotonic(), json.loads(frames[3])))
        self.socket.close()

    def last(self):
        return self.seen[-1][1] if self.seen else {"cameras": {}, "metrics": {}}

    def stop(self):
        self.stopped.set()
        self.thread.join()


def _cpu(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def _mib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as text:
        return next(int(line.split()[1]) for line in text if line.startswith("Pss:")) / 1024


def _wait(seconds):
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() > until, seconds + 5, "time passes", every=0.2)


def _nodes(worker):
    return [e["data"] for e in worker.events() if e["type"].startswith("vedette.node.")]


def _needs(worker):
    """Cores that it uses while it sees all: not what is left of it on a machine that others keep busy."""
    pid, until = worker.process.pid, time.monotonic() + 180
    while time.monotonic() < until:
        _wait(2)
        before, used, since = _nodes(worker), _cpu(pid), time.monotonic()
        _wait(3)
        needs = (_cpu(pid) - used) / (time.monotonic() - since)
        if len(_nodes(worker)) == len(before) and (not before or before[-1]["phase"] == "end"):
            return needs
    raise AssertionError("the machine is too busy: the worker gives up cameras before it is limited\n" + worker.log())


def a_worker_with_a_third_of_what_it_needs_gives_up_the_least_first_and_comes_back():
    quota, why_not = _quota()
    if quota is None:
        print(f"       skipped: no CPU quota can be set here ({why_not})")
        return
    names = [f"high-{i}" for i in range(HIGH)] + [f"low-{i}" for i in range(LOW)]
    sim = hellos = None
    try:
        sim = _simulate("overload", [f"{name} {SCENE} phase={i % 12}" for i, name in enumerate(names)])
        cameras = {n: f"priority: {9 if n.startswith('high') else 1}, url: \"{sim.url(n)}\"" for n in names}
        with Worker("overload", cameras) as worker:
            hellos = Hellos(worker.state)
            worker.start()
            pid = worker.process.pid
            quota.limit(None)
            quota.take(pid)
            wait_for(lambda: worker.log().count("cam.online") == len(names), 30, "all are online", worker.log)
            needs = _needs(worker)
            early = len(_nodes(worker))  # a machine that others keep busy
            quota.limit(max(needs / 3, 0.01))
            cut = time.monotonic()
            wait_for(lambda: len(_nodes(worker)) > early, 15, "the ladder is told of", worker.log, every=0.2)
            told = time.monotonic() - cut
            _wait(OVERLOAD / 3)
            before = _mib(pid)
            _wait(OVERLOAD * 2 / 3)
            grown = _mib(pid) - before
            assert worker.process.poll() is None
            during = [h for at, h in hellos.seen if at > cut]
            harmed = {c for h in during for c, s in h["cameras"].items() if c.startswith("high") and ("level" in s or s["state"] != "online")}
            lags = [h["metrics"]["vedette_ingest_lag_worst_milliseconds"] for h in during if "metrics" in h]
            high_lags = [s.get("lag_s", 0) for h in during for c, s in h["cameras"].items() if c.startswith("high")]
            lowered = {c: s["level"] for c, s in hellos.last()["cameras"].items() if "level" in s}
            print(f"       needs {needs:.2f} cores, has {needs / 3:.2f}; told after {told:.1f} s; {len(lowered)} of {LOW} lowered: {lowered}")
            print(f"       lag at most {max(lags) / 1000:.1f} s, {lags[-1] / 1000:.1f} s in the end, of important cameras {max(high_lags)} s; "
                  f"{before:.1f} MiB, {grown:+.1f} under load")
            assert lowered and not harmed, (harmed, worker.log())
            assert max(lags) < 15000, lags
            assert grown < max(8, before / 5), grown
            quota.limit(None)
            free = time.monotonic()
            wait_for(lambda: _nodes(worker)[-1]["phase"] == "end", 90, "all see again", worker.log, every=0.5)
            _wait(1.5)
            metrics = hellos.last()["metrics"]
            assert metrics["vedette_ingest_ladder_level{level=\"full\"}"] == len(names), metrics
            assert metrics["vedette_ingest_lag_worst_milliseconds"] < 1000, metrics
            nodes = _nodes(worker)[early:]
            assert len({n["event"] for n in nodes}) == 1 and [n["rev"] for n in nodes] == list(range(1, len(nodes) + 1)), nodes
            assert nodes[0]["phase"] == "start" and "watched less" in nodes[0]["detail"], nodes[0]
            print(f"       all in full {time.monotonic() - free:.0f} s after; {len(nodes)} messages, the first: {nodes[0]['detail']}")
            moved = {e["data"]["camera"] for e in worker.events() if e["type"] == "vedette.motion.start.v1" and
                     e["data"]["camera"].startswith("high")}
            assert len(moved) == HIGH, moved
            assert worker.stop() < 3.5
    finally:
        quota.limit(None)
        if hellos is not None:
            hellos.stop()
        if sim is not None:
            sim.stop()
        quota.remove()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
