#!/usr/bin/python3
"""Somebody sets the clock of a running system, an hour on and an hour back, while things happen: each
crossing that the cameras show is still one happening and one alert at once, as long as it was; nothing is
lost, doubled, or told that is not so; and what one machine's wrong clock says is marked as suspect."""

import datetime
import os
import struct
import sys
import time

from follower import Follower
from harness import BIN, run_tests, wait_for
from system import System

SCENE = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"
CAMERAS = {"one": SCENE, "two": SCENE + " phase=1.3", "three": SCENE + " phase=2.6", "four": SCENE + " phase=3.9",
           "five": SCENE + " phase=5.2"}
HOUR = 3600 * 1000 * 1000  # in microseconds, as clock-step.so wants it
PROGRAMS = ["vedette-ingest", "vedette-router", "vedette-console", "postgres"]
# By how many hours the clocks of these are wrong, one state of things after the other.
STEPS = [(0, 0, 0, 0), (1, 1, 1, 1), (-1, -1, -1, -1), (1, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 0, 0)]
WARM_UP = 4.0  # seconds after a connect, in which the detector learns


class Clocks:
    """The wall clocks of the programs of a system, by clock-step.so."""

    def __init__(self, system):
        self.folder = os.path.join(system.home, "clocks")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        for program in PROGRAMS:
            with open(os.path.join(self.folder, program), "wb") as out:
                out.write(bytes(8))
            os.chmod(os.path.join(self.folder, program), 0o644)
        library = os.path.join(system.home, "clock-step.so")  # where every user of ours can read it
        with open(library, "wb") as out, open(os.path.join(BIN, "clock-step.so"), "rb") as built:
            out.write(built.read())
        os.chmod(library, 0o755)
        system.environment |= {"LD_PRELOAD": library, "VD_CLOCK_STEP": self.folder}

    def step(self, hours):
        for program, wrong_by in zip(PROGRAMS, hours):
            with open(os.path.join(self.folder, program), "r+b") as out:
                out.write(struct.pack("=q", wrong_by * HOUR))


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def a_clock_that_is_set_by_an_hour_loses_nothing_and_makes_nothing_up():
    with System("clock", CAMERAS) as system:
        clocks = Clocks(system)
        system.start()
        follower = Follower(system.state + "/run")
        api = system.api()
        stream = api.stream()
        wait_for(lambda: system.states() == dict.fromkeys(CAMERAS, "online"), 30, "all cameras online",
                 lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        warm = time.time() + WARM_UP
        since = []
        for hours in STEPS:
            wait_for(lambda: _open(follower), 25, "something happens, into which the step falls", system.tail)
            clocks.step(hours)
            since.append(time.monotonic())
            _fresh(follower, system)
            assert api.get("/api/v1/alerts"), "the session goes on"
        end = time.time()
        _fresh(follower, system)  # what began before is told by then
        begun = set(_happenings(follower))
        wait_for(lambda: not begun & set(_open(follower)), 15, "what has begun ends", lambda: str(_open(follower)))

        happenings = {k: h for k, h in _happenings(follower).items() if k in begun}
        _judge(system, happenings, warm, end)
        _judge_alerts(system, api, stream, {k: h for k, h in happenings.items() if h["came"] > warm}, happenings)
        _judge_times(system, follower, since)
        assert {h["kind"] for h in happenings.values()} == {"motion"}, happenings
        system.verify()
        stream.close()
        follower.stop()
        assert not follower.problems, follower.problems
        assert system.stop() < 5


def _happenings(follower):
    """Event id -> its messages in the order they came, and when the first came (as people's time)."""
    shift = time.time() - time.monotonic()
    found = {}
    for _, topic, body, at in follower.bodies("event/"):
        data = body["data"]
        if "camera" not in data:
            continue  # a node says that it started
        one = found.setdefault(data["event"], {"camera": data["camera"], "kind": topic.split("/")[-3], "came": at + shift,
                                               "phases": [], "spans": []})
        one["phases"].append(data["phase"])
        if data["end"]:
            one["spans"].append(_seconds(data["end"]) - _seconds(data["start"]))
            one["why"] = data["end_reason"]
    return found


def _open(follower):
    return {k: h for k, h in _happenings(follower).items() if "end" not in h["phases"]}


def _fresh(follower, system):
    """Waits until two happenings have begun from now on, and ended."""
    known = set(_happenings(follower))
    wait_for(lambda: sum(k not in known and "end" in h["phases"] for k, h in _happenings(follower).items()) >= 2, 30,
             "two new things happen", lambda: f"{_happenings(follower)}\n{system.tail()}", every=0.05)


def _judge(system, happenings, warm, end):
    """Each crossing is one happening, told before the next begins; each happening one crossing, as long as it was."""
    judged = 0
    for camera in CAMERAS:
        truth = [_seconds(c["start"]) for c in system.camsim.truth(camera, 300)]
        mine = [h for h in happenings.values() if h["camera"] == camera]
        for begin, following in zip(truth, truth[1:] + [float("inf")]):
            hits = [h for h in mine if begin < h["came"] < following]
            if warm < begin < end:
                assert len(hits) == 1, f"{camera}: the crossing at {begin} has {hits}; all: {mine}"
                judged += 1
        for one in mine:
            assert one["phases"].count("start") == 1 and one["phases"].count("end") == 1, one
            assert one["why"] == "quiet" and all(0 < s < 12 for s in one["spans"]), one
    assert judged >= 8, (judged, happenings)
    print(f"       {judged} crossings judged, {len(happenings)} happenings")


def _judge_alerts(system, api, stream, streamed, happenings):
    """One alert a happening by the rule that folds nothing, everywhere and at once; none is left active, none late."""
    rows = system.sql("SELECT e.event, count(DISTINCT a.id), min(a.id::text), bool_or(a.active) FROM alert_event e "
                      "JOIN alert a ON a.id = e.alert WHERE a.rule = 'each-motion' GROUP BY e.event")
    rows = [r for r in rows if r[0] in happenings]
    assert {r[0]: r[1] for r in rows} == dict.fromkeys(happenings, "1"), (rows, list(happenings))
    assert not [r for r in rows if r[3] != "f"], rows
    alerts = {r[2] for r in rows if r[0] in streamed}  # those before were open before the stream was

    def missing():
        return alerts - {d.get("data", d).get("alert") for _, _, n, d in list(stream.got) if n == "alert"}
    wait_for(lambda: not missing(), 5, "every alert came over SSE", lambda: f"{missing()} of {len(alerts)}")
    assert not system.sql("SELECT id, rule FROM alert WHERE rule <> 'each-motion'"), "made up"
    assert api.get("/api/v1/status")["committing"] is True


def _judge_times(system, follower, since):
    """What came while the camera's machine and the router did not agree is suspect, and nothing else."""
    wrong = system.sql("SELECT id, time, received FROM event WHERE time_suspect <> "
                       "(abs(extract(epoch FROM time - received)) > 300)")
    assert not wrong, wrong
    suspect = {r[0] for r in system.sql("SELECT id FROM event WHERE time_suspect")}
    for n, (ingest, router, _, _) in enumerate(STEPS):
        until = since[n + 1] if n + 1 < len(since) else float("inf")
        ids = {b["id"] for _, _, b, at in follower.bodies("event/") if since[n] + 0.5 < at < until - 0.5}
        assert ids, STEPS[n]
        assert ids & suspect == (ids if ingest != router else set()), (STEPS[n], ids, suspect)
    late = [h[2] for h in follower.heartbeats if not h[2].get("committing", True)]
    assert not late, late[:3]
    assert not system.logged(r"(cam\.lost|camera\.lost|watchdog|state=lost)"), system.logged(r"lost")[:3]


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
