#!/usr/bin/python3
"""The whole path on real programs: every crossing that the simulator shows becomes one event and,
by rule, one alert, in PostgreSQL, on the feed and in the console; the quiet scene makes none."""

import datetime
import sys
import time

from follower import Follower
from harness import run_tests, wait_for
from system import System

CAMERAS = {
    "gate": "scene=gate+loop=24+crossings=3+seed=5 gop=10",
    "road": "scene=road+loop=20+crossings=3+seed=2 gop=10 phase=3",
    "yard": "scene=yard+loop=24+crossings=2+seed=3 gop=10 phase=5",
    "hall": "scene=corridor+loop=20+crossings=2+seed=6 gop=10 phase=7",
    "quiet": "scene=yard+quiet+sway=40+loop=20+seed=9 gop=10",
}
WARM_UP = 4.0  # after a connect the detector learns
SLACK = 1.2  # of a backdated start and an end after its quiet time
ROUND = 30.0  # seconds of truth that are judged


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _meet(event, crossing):
    return event["from"] < crossing["to"] + SLACK and event["to"] > crossing["from"] - SLACK


def _judge(camera, truth, events, begin, end):
    """One event a crossing that began within the round, one crossing an event."""
    for crossing in truth:
        hits = [e for e in events if _meet(e, crossing)]
        if begin <= crossing["from"] <= end:
            assert len(hits) == 1, f"{camera}: crossing {crossing} has {len(hits)} events: {events}"
    for event in events:
        hits = [c for c in truth if _meet(event, c)]
        if begin <= event["from"] <= end:
            assert len(hits) == 1, f"{camera}: event {event} belongs to {len(hits)} crossings: {truth}"


def every_crossing_is_one_event_and_one_alert_and_the_quiet_scene_makes_none():
    with System("path", CAMERAS) as system:
        system.start()
        follower = Follower(system.state + "/run")
        api = system.api()
        stream = api.stream()
        wait_for(lambda: set(system.states().values()) == {"online"} and len(system.states()) == len(CAMERAS),
                 30, "all cameras online", lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        begin = time.time() + WARM_UP
        end = begin + ROUND
        wait_for(lambda: time.time() > end, ROUND + WARM_UP + 1, "a round of scenes", every=0.2)

        last = max(seconds(c["end"]) for camera in CAMERAS for c in system.camsim.truth(camera, ROUND))
        wait_for(lambda: time.time() > last + 3, 30, "the last crossing is over", every=0.2)
        truth = {camera: [{"from": seconds(c["start"]), "to": seconds(c["end"])}
                          for c in system.camsim.truth(camera, ROUND + 60)] for camera in CAMERAS}
        wait_for(lambda: follower.last == int(system.sql("SELECT position FROM feed_counter")[0][0]), 5, "the feed")

        events = {}
        for _, _, body, _ in follower.bodies("event/"):
            data = body["data"]
            if body["type"].startswith("vedette.motion."):
                event = events.setdefault(data["event"], {"camera": data["camera"], "to": float("inf"), "id": data["event"]})
                event["from"] = seconds(data["start"])
                if data["end"]:
                    event["to"] = seconds(data["end"])
                event["snapshot"] = data["media"]["snapshot"] or event.get("snapshot")
        for camera in CAMERAS:
            _judge(camera, truth[camera], [e for e in events.values() if e["camera"] == camera], begin, end)
        assert not [e for e in events.values() if e["camera"] == "quiet"], "the quiet scene made an event"
        judged = sum(begin <= c["from"] <= end for each in truth.values() for c in each)
        assert judged >= 8, truth
        print(f"       {judged} crossings judged, {len(events)} events, {follower.last} positions")

        # By rule, each event is one alert, everywhere.
        rows = system.sql("SELECT e.event, count(DISTINCT a.id), min(a.id::text) FROM alert_event e JOIN alert a ON a.id = e.alert "
                          "WHERE a.rule = 'each-motion' GROUP BY e.event")
        assert {r[0] for r in rows} == set(events), (rows, list(events))
        assert all(r[1] == "1" for r in rows), rows
        alerts = {r[2] for r in rows}
        heard = {b["data"]["alert"] for _, _, b, _ in follower.bodies("alert/")}
        assert alerts <= heard, alerts - heard
        wait_for(lambda: alerts <= {d.get("data", d).get("alert") for _, _, n, d in list(stream.got) if n == "alert"}, 5,
                 "every alert came over SSE", lambda: str(stream.got[-3:]))
        # Each has a picture, and its happening's start names it.
        for event in events.values():
            status, head, body = api.call("GET", f"/api/v1/media/{event['snapshot']}")
            assert status == 200 and body[:2] == b"\xff\xd8" and head["Content-Type"] == "image/jpeg", (event, status)
        # In one source, numbers come in order and without a gap.
        for (source,) in system.sql("SELECT source FROM source"):
            got = [int(b["sequence"]) for _, _, b, _ in follower.bodies("event/") if b["source"] == source]
            assert got == list(range(1, len(got) + 1)), (source, got)
        system.verify()
        stream.close()
        follower.stop()
        assert not follower.problems, follower.problems
        assert system.stop() < 5


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
