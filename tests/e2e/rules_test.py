#!/usr/bin/python3
"""Rules before a real router: a trial over the recorded events decides as it did, common causes fold, also over kills."""

import json
import os
import random
import sys
import time

from follower import Follower
from harness import run_tests, wait_for
from producer import now, uuid7
from router_rig import CONFIG, Raw, Rig, kill, wait_active

SEED = int(os.environ.get("VD_SEED", "1"))
EVENTS = int(os.environ.get("VD_EVENTS", "400"))

AREAS = """areas:
  - {code: "44", name: Test}
  - {code: 44/1, name: Windy}
  - {code: 44/2, name: Quiet}
calendars: [{name: never, dates: [1990-01-01]}]
"""


def _cameras(area, prefix, n):
    return "cameras:\n" + "".join(f"  - {{id: {prefix}-{i}, area: {area}, url: 'rtsp://127.0.0.1:1/{prefix}-{i}'}}\n"
                                  for i in range(1, n + 1))


def _rig(rules, **cameras):
    rig = Rig("rules:\n" + rules)
    os.makedirs(os.path.join(rig.state, "config/cameras"))
    rig.write("config/vedette.yaml", AREAS + "\n".join(CONFIG.splitlines()[2:]) + "\n")
    for prefix, (area, n) in cameras.items():
        rig.write(f"config/cameras/{prefix}.yaml", _cameras(area, prefix, n))
    return rig


class Cameras:
    """Happenings of many cameras out of one hand: each begins, perhaps changes, and ends."""

    def __init__(self, rig):
        self.raw = Raw(rig)
        self.raw.hello()
        self.raw.expect("W", 0, 15)
        self.number, self.open, self.sent = 0, {}, []

    def _send(self, phase, camera, area, kind, happening, rev, start, **data):
        self.number += 1
        body = self.raw.event(self.number, phase, kind, camera, happening, area=area, rev=rev, start=start, **data)
        self.sent.append((self.number, body))
        self.raw.send(self.number, body)

    def begin(self, camera, area, kind="motion", **data):
        happening, start = uuid7(), now()
        self._send("start", camera, area, kind, happening, 1, start, **data)
        self.open[happening] = [camera, area, kind, 1, start]
        return happening

    def update(self, happening, **data):
        camera, area, kind, rev, start = self.open[happening]
        self.open[happening][3] = rev + 1
        self._send("update", camera, area, kind, happening, rev + 1, start, **data)

    def end(self, happening, **data):
        camera, area, kind, rev, start = self.open.pop(happening)
        self._send("end", camera, area, kind, happening, rev + 1, start, **data)

    def again(self):
        """To a router that was started anew: all that it has not acknowledged, as a producer does."""
        self.raw.heard.clear()
        self.raw.hello()

        def welcomed():
            self.raw.hear()
            return [n for verb, n in self.raw.heard if verb == "W"]
        stored = wait_for(welcomed, 20, "a welcome")[-1]
        for number, body in self.sent:
            if number > stored:
                self.raw.send(number, body)

    def settle(self):
        self.raw.expect("A", self.number, 20)

    def close(self):
        self.raw.close()


TRIED = """  - {id: each, when: {kind: motion}, severity: yellow, action: Look., group: {window: 0s}}
  - {id: folded, when: {kind: motion, min_score: 50%}, severity: yellow, action: Look., group: {by: area, window: 2s}, resolve: auto}
  - {id: long, when: {kind: motion, min_duration: 1s}, severity: yellow, action: Look.}
  - {id: three, when: {kind: motion, area: 44/1, count: {at_least: 3, within: 3s}}, severity: red, action: Look., group: {by: area, window: 1s}}
  - {id: after, after: {kind: input, within: 4s}, when: {kind: motion}, severity: red, action: Look., group: {by: area}}
  - {id: cool, when: {kind: lost}, severity: green, action: Look., cooldown: 5s, group: {window: 0s}}
  - id: cause
    when: {kind: lost, count: {share: 30%, within: 4s, of: cameras}}
    suppress: true
    severity: yellow
    action: Look.
    group: {by: area, window: 3s}
  - id: open-hours
    when: {kind: motion, schedule: {zone: Asia/Shanghai, holidays: never}, max_size: 20%}
    severity: green
    action: Look.
    group: {window: 1s}
"""


def a_trial_decides_as_the_router_did():
    chance = random.Random(SEED)
    with _rig(TRIED, a=("44/1", 8), b=("44/2", 5)) as rig:
        router = rig.router()
        wait_active(rig)
        cameras = Cameras(rig)
        for i in range(EVENTS):
            if i in (EVENTS // 3, EVENTS // 2):
                kill(router)
                router = rig.router()
                cameras.again()
            what, open_now = chance.random(), list(cameras.open)
            if open_now and (what < 0.4 or len(open_now) > 12):
                cameras.end(chance.choice(open_now), peak=chance.choice((0.4, 0.6)))
            elif open_now and what < 0.5:
                cameras.update(chance.choice(open_now), peak=chance.choice((0.4, 0.6)))
            else:
                prefix, area, n = chance.choice((("a", "44/1", 8), ("b", "44/2", 5)))
                cameras.begin(f"{prefix}-{chance.randint(1, n)}", area, chance.choice(("motion", "motion", "lost", "input")),
                              boxes=[[0, 0, 0.5, chance.choice((0.1, 0.9))]])
            time.sleep(chance.choice((0.0, 0.0, 0.02, 0.08)))  # durations and windows are part of what is tried
        for happening in list(cameras.open):
            cameras.end(happening)
        cameras.settle()
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert WHERE resolve = 'auto' AND state <> 'resolved'") == [["0"]], 90,
                 "quiet alerts resolve by themselves", every=0.5)
        kept = os.path.join(rig.state, "events")
        with open(kept, "w", encoding="utf-8") as out:
            done = rig.command("events", "--json", "--from", "1")
            out.write(done.stdout)
        tried = rig.command("rules", "test", "--events", kept, "--json", "--until", now())
        assert tried.returncode == 0, tried.stderr
        lines = [json.loads(line) for line in tried.stdout.splitlines()]
        alerts = {line["alert"]: line for line in lines if "resolved" in line}
        want = sorted((a["rule"], a["group"], a["events"], a["event"] or "", a["active"], a["resolved"],
                       alerts[a["suppressed_by"]]["event"] if a["suppressed_by"] else "") for a in alerts.values())
        rows = rig.sql("SELECT a.rule, a.group_key, a.events, coalesce(a.event::text, ''), a.active, a.state = 'resolved',"
                       " coalesce(p.event::text, '') FROM alert a LEFT JOIN alert p ON p.id = a.suppressed_by")
        got = sorted((r[0], r[1], int(r[2]), r[3], r[4] == "t", r[5] == "t", r[6]) for r in rows)
        assert got == want, "\n".join(f"{'router' if x in got else 'trial'}: {x}" for x in sorted(set(got) ^ set(want)))
        rules = {line["rule"]: line["alerts"] for line in lines if "happenings" in line}
        assert all(rules.values()), rules
        text = rig.command("rules", "test", "--events", kept, "--rule", "three").stdout
        assert "not as many within the time" in text and "the camera is in another area" in text, text[-600:]
        with open(kept, "a", encoding="utf-8") as out:
            out.write("{\"position\":1}\n")
        refused = rig.command("rules", "test", "--events", kept)
        assert refused.returncode == 3 and f"events:{len(done.stdout.splitlines()) + 1}: no event" in refused.stderr, refused.stderr
        cameras.close()
        print(f"       {cameras.number} messages, {len(got)} alerts alike: {rules}")


LOST = """  - {id: each, when: {kind: lost}, severity: yellow, action: Call the technician., ack_within: 5m, group: {window: 1s}}
  - id: area-down
    when: {kind: lost, count: {share: 20%, within: 20s, of: cameras}}
    suppress: true
    severity: red
    action: Look at the uplink and the power of the area.
    group: {by: area, window: 60s}
"""


def _first_messages(follower):
    """The first message of each alert: what was announced when it opened."""
    first = {}
    for _, topic, body, _ in follower.rows:
        if topic.startswith("alert/"):
            data = json.loads(body)["data"]
            first.setdefault(data["alert"], data)
    return first


UNRESOLVED = "SELECT count(*) FROM alert WHERE state <> 'resolved' AND suppressed_by IS NULL"


def fifty_of_sixty_cameras_lost_leave_one_alert():
    with _rig(LOST, c=("44/1", 60)) as rig:
        router = rig.router()
        wait_active(rig)
        follower = Follower(rig.run)
        cameras = Cameras(rig)
        lost = {}
        for i in range(1, 51):
            lost[i] = cameras.begin(f"c-{i}", "44/1", "lost")
            if i in (8, 25):  # before and after the cause is known
                cameras.settle()
                kill(router)
                router = rig.router()
                cameras.again()
        cameras.settle()
        assert rig.sql(UNRESOLVED) == [["1"]], rig.sql("SELECT rule, state, suppressed_by FROM alert")
        [[rule, camera, area, events]] = rig.sql("SELECT rule, camera, area, events FROM alert WHERE suppressed_by IS NULL")
        assert (rule, camera, area, events) == ("area-down", "", "44/1", "50"), (rule, camera, area, events)
        assert rig.sql("SELECT count(*) FROM alert WHERE suppressed_by IS NOT NULL AND due IS NOT NULL") == [["0"]]
        last = int(rig.sql("SELECT position FROM feed_counter")[0][0])
        wait_for(lambda: follower.last >= last, 20, "the follower is at the end")
        announced = [a for a in _first_messages(follower).values() if a["suppressed_by"] is None and a["rule"] == "each"]
        assert 8 <= len(announced) <= 12, f"{len(announced)} cameras were announced, 20 % of 60 are 12"
        log = rig.sql("SELECT action, count(*) FROM log WHERE action LIKE 'alert.%' GROUP BY 1")
        [[taken]] = rig.sql("SELECT id FROM alert WHERE rule = 'each' AND camera = 'c-3'")
        assert rig.command("alert", "take", taken, "--actor", "ann").returncode == 0
        # Most come back: what stays lost is news of its own, what is back needs nobody.
        for i in range(1, 46):
            cameras.end(lost[i])
        cameras.settle()
        rows = rig.sql("SELECT camera FROM alert WHERE rule = 'each' AND suppressed_by IS NULL AND state <> 'resolved' ORDER BY 1")
        assert rows == [["c-46"], ["c-47"], ["c-48"], ["c-49"], ["c-50"]], rows
        assert rig.sql("SELECT active FROM alert WHERE rule = 'area-down'") == [["f"]]
        late = rig.sql("SELECT camera FROM alert WHERE rule = 'each' AND suppressed_by IS NULL AND active"
                       " AND (deadline IS NULL OR deadline < opened + interval '5 min' OR due IS NULL)")
        assert late == [], f"no deadline, or not from when it came up: {late}"
        kill(router)
        router = rig.router()
        cameras.again()
        for i in range(46, 51):
            cameras.end(lost[i])
        cameras.settle()
        assert rig.sql("SELECT count(*) FROM alert") == [["51"]]
        assert rig.sql("SELECT count(*) FROM alert WHERE active") == [["0"]]
        assert rig.sql("SELECT count(*) FROM alert_event WHERE NOT ended") == [["0"]]
        wait_for(lambda: rig.sql("SELECT id FROM alert WHERE suppressed_by IS NOT NULL AND state <> 'resolved'") == [[taken]], 20,
                 "what lay beneath the cause is closed with it, but for what somebody took")
        follower.stop()
        cameras.close()
        print(f"       50 of 60 lost: 1 alert stands, {len(announced)} cameras were announced before; {dict(log)}")


STORM = """  - {id: motion, when: {kind: motion}, severity: yellow, action: Look.}
  - id: storm
    when: {kind: motion, count: {share: 40%, within: 30s, of: cameras}}
    suppress: true
    severity: yellow
    action: Look at the weather.
    group: {by: area, window: 60s}
  - {id: break-in, when: {kind: motion, area: 44/2}, severity: red, action: Send the patrol.}
"""


def a_storm_on_thirty_cameras_leaves_a_break_in_on_top():
    with _rig(STORM, w=("44/1", 30), q=("44/2", 3)) as rig:
        rig.router()
        wait_active(rig)
        cameras = Cameras(rig)
        going = []
        for i in range(300):
            going.append(cameras.begin(f"w-{i % 30 + 1}", "44/1", peak=0.9))
            if i == 200:
                break_in, begun = cameras.begin("q-2", "44/2"), time.monotonic()
            if len(going) > 30:
                cameras.end(going.pop(0))

        def top():
            done = rig.command("alert", "list", "--urgent", "--json")
            assert done.returncode == 0, done.stderr
            return [json.loads(line) for line in done.stdout.splitlines()[:1]]
        [first] = wait_for(lambda: [a for a in top() if a["event"] == break_in], 10, "the break-in is on top", every=0.05)
        took = time.monotonic() - begun
        assert first["rule"] == "break-in" and first["severity"] == "red", first
        cameras.settle()
        assert top()[0]["event"] == break_in
        shown = rig.command("alert", "list", "--urgent", "--json").stdout.splitlines()
        every = rig.sql("SELECT count(*) FROM alert")[0][0]
        assert len(shown) <= 15, f"{len(shown)} of {every} alerts are shown"
        cameras.close()
        print(f"       on top after {took:.2f} s; {len(shown)} of {every} alerts shown, the others lie beneath the storm")


OUTAGE = """  - {id: each, when: {kind: motion}, severity: yellow, action: Look.}
  - {id: system, when: {kind: node}, severity: yellow, action: Call the administrator., group: {by: rule, window: 60s}}
  - {id: three, when: {kind: motion, count: {at_least: 3, within: 1s}}, severity: red, action: Look., group: {by: area}}
  - {id: long, when: {kind: motion, min_duration: 60s}, severity: red, action: Look.}
"""


def a_database_outage_is_one_alert_and_what_came_meanwhile_has_its_own_times():
    with _rig(OUTAGE, a=("44/1", 4), b=("44/2", 4)) as rig:
        rig.router()
        wait_active(rig)
        cameras = Cameras(rig)
        first = cameras.begin("a-1", "44/1")
        cameras.settle()
        rig.pg.tell("crash")
        begun = [cameras.begin(f"b-{i}", "44/2") for i in (1, 2, 3, 4)]  # at once: a count
        for happening in begun:
            cameras.end(happening)
        last, until = None, time.monotonic() + 4
        while time.monotonic() < until:  # far apart, stored together afterwards: no count
            if last:
                cameras.end(last)
            last = cameras.begin("a-2", "44/1")
            time.sleep(1.3)
        cameras.end(last)
        cameras.end(first)
        rig.pg.tell("start")
        cameras.settle()
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert WHERE kind = 'node' AND NOT active") == [["1"]], 20,
                 "the outage is told, and over", rig.tail)
        assert rig.sql("SELECT count(*) FROM alert WHERE rule = 'system'") == [["1"]]
        assert rig.sql("SELECT area, events FROM alert WHERE rule = 'three'") == [["44/2", "4"]], rig.sql(
            "SELECT area, events FROM alert WHERE rule = 'three'")
        assert rig.sql("SELECT count(*) FROM alert WHERE rule = 'long'") == [["0"]], "nothing lasted a minute"
        twice = rig.sql("SELECT e.event, count(*) FROM alert_event e JOIN alert a ON a.id = e.alert WHERE rule = 'each'"
                        " GROUP BY 1 HAVING count(*) > 1")
        assert twice == [], twice
        cameras.close()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
