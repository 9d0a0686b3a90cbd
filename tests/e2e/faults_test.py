#!/usr/bin/python3
"""Everything that a camera can do wrong, each on a camera of its own, while others go on: it
recovers by itself, the others are not disturbed, and each cause is logged once."""

import re
import sys
import time
from collections import Counter

from follower import Follower
from harness import run_tests, wait_for
from system import System

# Fault (as camsim names it) -> what the log must name, once. None: it may go unnoticed.
LASTING = {"refuse": "refused|closed", "silent": "timeout|stalled", "html": "", "401": "auth|401", "404": "404|not-found|missing",
           "453": "453|busy", "503": "503|busy", "bad-sdp": "", "stall": "stalled|timeout", "8k": ""}
# Those that leave the stream running, or that are over at once.
PASSING = {"params": "", "damage 100": None, "loss 50": None, "slow 60": None,
           "reset": "", "close": "", "jump 3600": None, "jump -3600": None, "garbage 4000": "",
           # The decoder keeps the parameters it has: nothing is lost, nothing need be said.
           "zero": None}
SECONDS = 7


def _id(fault):
    return "f-" + re.sub(r"[^a-z0-9]+", "-", fault.replace("-3600", "back"))


def cameras_recover_from_every_fault_and_others_are_not_disturbed():
    faults = list(LASTING) + list(PASSING)
    scene = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"
    cameras = {_id(f): f"{scene} phase={i % 7}" for i, f in enumerate(faults)}
    cameras |= {"calm-1": scene, "calm-2": f"{scene} phase=5"}
    with System("faults", cameras) as system:
        system.start()
        follower = Follower(system.state + "/run")
        wait_for(lambda: set(system.states().values()) == {"online"} and len(system.states()) == len(cameras),
                 40, "all cameras online", lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        mark = len(system.logged(""))
        for fault in faults:
            system.camsim.ask(f"fault {_id(fault)} {fault}")
        until = time.monotonic() + SECONDS
        down = set()
        while time.monotonic() < until:
            states = system.states()
            down |= {c for c, s in states.items() if s not in ("online", "connecting")}
            assert states["calm-1"] == states["calm-2"] == "online", states
            time.sleep(0.3)
        for fault in LASTING:
            assert _id(fault) in down, f"{fault} was not noticed: {system.states()}"
        system.camsim.ask("clear all")
        wait_for(lambda: set(system.states().values()) == {"online"}, 20, "every camera is back",
                 lambda: str({c: s for c, s in system.states().items() if s != "online"}), every=0.2)
        lines = system.logged("")[mark:]
        for fault, named in {**LASTING, **PASSING}.items():
            mine = [l for l in lines if f"cam={_id(fault)} " in l or f"camera={_id(fault)} " in l]
            if named is not None:
                assert any(re.search(named, l) for l in mine), f"{fault} is not named: {mine}"
            # One line a cause: the same text (numbers aside) does not come again.
            same = Counter(re.sub(r"^\S+ |\d+", "", l) for l in mine)
            again = {text: n for text, n in same.items() if n > 2}
            assert not again, f"{fault}: said again and again: {again}"
        calm = [l for l in lines if "calm-" in l and (" warn " in l or " error " in l)]
        assert not calm, calm
        lost = {b["data"]["camera"] for _, _, b, _ in follower.bodies("event/") if ".lost." in b["type"]}
        ended = {b["data"]["camera"] for _, _, b, _ in follower.bodies("event/")
                 if ".lost." in b["type"] and b["data"]["phase"] == "end"}
        assert lost and lost == ended and not {"calm-1", "calm-2"} & lost, (lost, ended)
        print(f"       {len(faults)} faults, {len(lost)} cameras lost and back, {len(lines)} lines logged")
        system.verify()
        follower.stop()
        assert system.stop() < 5


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
