#!/usr/bin/python3
"""Kills and cuts at random moments while events flow; afterwards nothing is missing, nothing is
twice. VD_SEED repeats a run, VD_KILLS and VD_CUTS say how many (make test: a tenth of the full
count)."""

import json
import os
import random
import sys
import time

from cutter import Cutter
from follower import Follower
from harness import kill, run_tests, wait_for
from producer import Producer
from system import System

KILLS = int(os.environ.get("VD_KILLS", "10"))
CUTS = int(os.environ.get("VD_CUTS", "2"))
SEED = int(os.environ.get("VD_SEED", "20261123"))
VICTIMS = ["w1", "w2", "router", "console", "postmaster"]
CAMERAS = {
    "c1": "scene=gate+loop=20+crossings=3+seed=5+size=320x240 gop=10",
    "c2": "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10 phase=3",
    "c3": "scene=yard+loop=20+crossings=3+seed=3+size=320x240 gop=10 phase=6",
    "c4": "scene=corridor+loop=20+crossings=3+seed=6+size=320x240 gop=10 phase=9",
}


class _Chaos:
    def __init__(self, system):
        self.system = system
        self.random = random.Random(SEED)
        run = os.path.join(system.state, "run")
        self.cables = {"bus": Cutter(os.path.join(run, "events.sock")),
                       "database": Cutter(os.path.join(run, "pg/.s.PGSQL.5432"))}
        self.done = []
        self.n_cuts = 0

    def kill(self):
        name = self.random.choice(VICTIMS)
        pid = wait_for(lambda: self.system.pid(name), 20, f"{name} runs")
        if not kill(pid):
            return False  # it is between two lives: another moment
        self.done.append(f"kill {name}")
        return True

    def cut(self):
        kind = ["bus", "database", "cameras"][self.n_cuts % 3]
        seconds = self.random.uniform(0.5, 3.0)
        if kind == "cameras":
            for camera in CAMERAS:
                self.system.camsim.ask(f"fault {camera} refuse for={seconds:.1f}")
        else:
            cable = self.cables[kind]
            if not cable.carried or cable.cut() == 0:
                cable.mend()
                return False  # nothing went through it just now: no cut
            until = time.monotonic() + seconds
            wait_for(lambda: time.monotonic() > until, 10, "the cut lasts")
            cable.mend()
        self.n_cuts += 1
        self.done.append(f"cut {kind} {seconds:.1f} s")
        return True

    def run(self):
        plan = [self.kill] * KILLS + [self.cut] * CUTS
        self.random.shuffle(plan)
        for act in plan:
            until = time.monotonic() + self.random.uniform(0.2, 2.0)
            wait_for(lambda: time.monotonic() > until, 10, "a random moment")
            wait_for(act, 60, "something to kill or cut", every=0.1)

    def stop(self):
        for cable in self.cables.values():
            cable.stop()


def _nothing_is_missing_and_nothing_is_twice(system, follower, producer):
    database = system.sql("SELECT position, topic FROM feed ORDER BY position")
    assert [int(r[0]) for r in database] == list(range(1, len(database) + 1)), "positions have gaps"
    seen = [(p, t) for p, t, _, _ in follower.rows]
    assert [p for p, _ in seen] == list(range(1, len(seen) + 1))
    assert seen == [(int(p), t) for p, t in database], "the follower saw another feed than was stored"
    stored = system.sql(f"SELECT sequence FROM event e JOIN source s ON s.id = e.source WHERE s.source = '{producer.source}' ORDER BY 1")
    assert [int(r[0]) for r in stored] == list(range(1, len(producer.kept) + 1)), "the producer's events"
    twice = system.sql("SELECT event, phase, rev, count(*) FROM event GROUP BY 1, 2, 3 HAVING count(*) > 1")
    assert not twice, twice
    doubled = system.sql("SELECT e.event, a.rule, count(*) FROM alert_event e JOIN alert a ON a.id = e.alert "
                         "GROUP BY 1, 2 HAVING count(*) > 1")
    assert not doubled, doubled
    happened = {r[0] for r in system.sql("SELECT DISTINCT event FROM event WHERE kind = 'motion'")}
    alerted = {r[0] for r in system.sql("SELECT e.event FROM alert_event e JOIN alert a ON a.id = e.alert WHERE a.rule = 'each-motion'")}
    assert happened == alerted, (happened - alerted, alerted - happened)
    # What a death cut short was ended by the next life: nothing stays open that no camera shows.
    reasons = system.sql("SELECT topic, body FROM feed WHERE topic LIKE 'event/%/motion/end/'")
    cut = sum(json.loads(body)["data"]["end_reason"] == "restart" for _, body in reasons)
    print(f"       {len(database)} positions, {len(happened)} happenings, {cut} ended by a restart, "
          f"{len(producer.kept)} inputs, {follower.gaps} replays")


def everything_arrives_once_whatever_is_killed_or_cut():
    name = "kill-soak" if KILLS > 10 else "kill"
    with System(name, CAMERAS) as system:
        system.start()
        follower = Follower(system.state + "/run")
        producer = Producer(system.state + "/run", rate=20)
        wait_for(lambda: set(system.states().values()) == {"online"} and len(system.states()) == len(CAMERAS),
                 30, "all cameras online", system.tail, every=0.2)
        wait_for(lambda: producer.acked > 20, 10, "inputs flow", system.tail)
        chaos = _Chaos(system)
        wait_for(lambda: chaos.cables["bus"].listener and chaos.cables["database"].listener, 5, "cutters in place")
        kill(system.pid("router"))  # so that all of it goes through the cutters from here on
        try:
            chaos.run()
        finally:
            print(f"       seed {SEED}: {', '.join(chaos.done)}")
        for child in ("router", "console", "w1", "w2"):
            wait_for(lambda: system.ready(child), 30, f"{child} is back", system.tail, every=0.1)
        wait_for(lambda: set(system.states().values()) == {"online"}, 30, "all cameras online again",
                 lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        producer.pauses = True
        # The scenes end too, so that the last word can be waited for.
        system.write("cameras/cameras.yaml", "cameras: []\n")
        wait_for(lambda: producer.acked == len(producer.kept), 30, "every input is stored", system.tail)
        wait_for(lambda: system.verify(check=False).returncode == 0, 30, "the audit is clean",
                 lambda: system.verify(check=False).stdout + system.tail(), every=0.5)
        wait_for(lambda: not system.sql("SELECT event FROM open_event WHERE kind = 'motion'"), 15, "no happening stays open",
                 lambda: str(system.sql("SELECT body FROM open_event WHERE kind = 'motion'")), every=0.2)
        wait_for(lambda: follower.last == int(system.sql("SELECT position FROM feed_counter")[0][0]), 15, "the follower is through",
                 lambda: f"{follower.last} {follower.problems}")
        print("       " + system.verify().stdout.strip().replace("\n", "\n       "))
        _nothing_is_missing_and_nothing_is_twice(system, follower, producer)
        producer.stop()
        follower.stop()
        assert not follower.problems, follower.problems
        chaos.stop()
        took = system.stop()
        assert took < 5, took


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
