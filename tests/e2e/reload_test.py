#!/usr/bin/python3
"""A running system takes a good change within seconds and refuses a bad one whole; passwords with
every awkward character work and appear nowhere."""

import glob
import os
import signal
import subprocess
import sys

from harness import BIN, children_of, cmdline, processes_of, run_tests, wait_for
from system import System

SCENE = "scene=road+loop=20+crossings=3+seed=2+size=320x240 gop=10"
PASSWORD = "p@ss:w/o#r?d%41 &="


def a_camera_that_is_added_appears_and_a_bad_folder_is_refused_whole():
    with System("reload", {"one": SCENE, "two": SCENE + " phase=4", "three": SCENE + " phase=8"}) as system:
        first = system.camera_yaml("one") + system.camera_yaml("two")
        system.write("cameras/cameras.yaml", "cameras:\n" + first)
        system.start()
        api = system.api()
        wait_for(lambda: system.states() == {"one": "online", "two": "online"}, 30, "both online",
                 lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        connects = len(system.logged(r"cam=(one|two) "))
        system.write("cameras/more.yaml", "cameras:\n" + system.camera_yaml("three"))
        wait_for(lambda: system.states().get("three") == "online", 5, "the third within five seconds", system.tail)
        wait_for(lambda: "three" in str(api.get("/api/v1/cameras")), 5, "the console shows it",
                 lambda: str(api.get("/api/v1/cameras")))
        assert len(system.logged(r"cam=(one|two) ")) == connects, "cameras that did not change were touched"

        mark = len(system.logged(""))
        system.write("cameras/more.yaml", "cameras:\n" + system.camera_yaml("three").replace("area:", "aera:")
                     + system.camera_yaml("one"))
        system.up.send_signal(1)  # SIGHUP, beside the changed file
        wait_for(lambda: [l for l in system.logged("")[mark:] if "aera" in l or "refused" in l], 5, "the refusal is said",
                 system.tail)
        done = system.command("check", system.config, check=False)
        assert done.returncode != 0 and "more.yaml:" in done.stdout + done.stderr, done
        wait_for(lambda: system.sql("SELECT 1 FROM event WHERE kind = 'node'"), 5, "an event says so", system.tail)
        assert set(system.states().values()) == {"online"}, system.states()

        os.unlink(os.path.join(system.config, "cameras/more.yaml"))
        wait_for(lambda: "three" not in {c["id"] if isinstance(c, dict) and "id" in c else str(c)
                                         for c in _cameras(api)}, 8, "the third goes", lambda: str(_cameras(api)))
        assert system.stop() < 5


def whoever_is_killed_while_the_folder_is_bad_serves_again_within_seconds():
    with System("kept", {"one": SCENE, "two": SCENE + " phase=4"}) as system:
        system.start()
        api = system.api()
        wait_for(lambda: system.states() == {"one": "online", "two": "online"}, 30, "both online",
                 lambda: f"{system.states()}\n{system.tail()}", every=0.2)
        system.write("cameras/cameras.yaml", "cameras:\n" + system.camera_yaml("one").replace("area:", "aera:"))
        refused = r"config\.refused .*cameras/cameras\.yaml:2:"
        processes = {"w1": "vedette-ingest", "w2": "vedette-ingest", "router": "vedette-router", "console": "vedette-console"}
        wait_for(lambda: len(system.logged(refused)) >= len(processes), 10, "every process refuses the folder", system.tail)

        before = {name: system.pid(name) for name in processes}
        told = len(system.logged(refused))
        since = int(system.sql("SELECT max(position) FROM event")[0][0])
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: all(system.pid(n) != before[n] and system.ready(n) for n in before), 10, "all are ready again",
                 system.tail)
        assert len(system.logged(refused)) == told + len(processes), "each says once more what it runs on"
        assert not system.logged(r"exit status 78"), system.tail()
        wait_for(lambda: {row[0] for row in system.sql(
            "SELECT e.camera FROM event e JOIN feed f USING (position) WHERE e.kind = 'node' AND e.phase = 'start' AND "
            f"f.body::text LIKE '%cameras.yaml:2:%' AND position > {since}")} >= {"w1"}, 10, "an event says so", system.tail)
        wait_for(lambda: {row[0] for row in system.sql("SELECT DISTINCT camera FROM event WHERE kind = 'motion' AND "
                                                       f"phase = 'start' AND position > {since}")} == {"one", "two"},
                 40, "motion of both is reported", system.tail, every=0.2)
        wait_for(lambda: api.call("GET", "/api/v1/alerts")[0] == 200, 10, "the console serves", system.tail)
        audit = system.verify()
        assert "ok" in audit.stdout and "cameras.yaml:2:" in audit.stderr, audit

        system.write("cameras/cameras.yaml", "cameras:\n" + system.camera_yaml("one"))
        wait_for(lambda: {c["id"] for c in _cameras(api)} == {"one"}, 8, "the mended folder is taken up", system.tail)
        wait_for(lambda: len(system.logged(r"vedette-(ingest|router) config\.loaded ")) >= 3, 8,
                 "and by the others", system.tail)
        assert system.stop() < 5


def _cameras(api):
    answer = api.get("/api/v1/cameras")
    return answer.get("cameras", answer.get("items", [])) if isinstance(answer, dict) else answer


def passwords_work_and_appear_nowhere():
    secret = "/tmp/vd-secret.%d" % os.getpid()
    with open(secret, "w", encoding="utf-8") as out:
        out.write(PASSWORD)
    try:
        with System("passwords", {"door": f"{SCENE} user=viewer password-file={secret}",
                                  "wrong": f"{SCENE} user=viewer password-file={secret}"}) as system:
            _password_file(system, "door", PASSWORD)
            _password_file(system, "wrong", PASSWORD[:-1])
            system.write("cameras/cameras.yaml", "cameras:\n"
                         + system.camera_yaml("door", user="viewer", password_file="secrets/door")
                         + system.camera_yaml("wrong", user="viewer", password_file="secrets/wrong"))
            system.start()
            wait_for(lambda: system.states().get("door") == "online", 20, "the right password works",
                     lambda: f"{system.states()}\n{system.tail()}", every=0.2)
            wait_for(lambda: system.logged(r"cam=wrong .*(401|auth)"), 20, "the wrong one is named", system.tail)
            first = open(os.path.join(system.state, "secrets/first-password")).read().strip()
            roles = [open(p).read().strip() for p in glob.glob(os.path.join(system.state, "secrets/vedette_*"))]
            api = system.api()
            dump = subprocess.run(["pg_dump", "--data-only", "-h", system.state + "/run/pg", "-U", "vedette_admin", "vedette"],
                                  capture_output=True, check=False, env={**os.environ, "PGPASSWORD": open(
                                      os.path.join(system.state, "secrets/vedette_admin")).read().strip()})
            assert dump.returncode == 0, dump.stderr
            places = {"log": open(system.log_path, "rb").read(), "tables": dump.stdout,
                      "cameras": str(api.get("/api/v1/cameras")).encode(), "status": str(api.get("/api/v1/status")).encode()}
            for pid in _all(system):
                try:
                    places[f"command line of {pid}"] = cmdline(pid).encode()
                    places[f"environment of {pid}"] = open(f"/proc/{pid}/environ", "rb").read() if os.geteuid() == 0 else b""
                except (ProcessLookupError, FileNotFoundError):
                    continue  # a short-lived one, gone meanwhile
            for folder, _, files in os.walk(os.path.join(system.state, "spool")):
                for name in files:
                    places[f"spool {name}"] = open(os.path.join(folder, name), "rb").read()
            for password in [PASSWORD, PASSWORD[:-1], first, *roles]:
                quoted = password.replace("%", "%25").replace("@", "%40").replace(":", "%3A")
                for place, text in places.items():
                    assert password.encode() not in text and quoted.encode() not in text, f"a password is in the {place}"
    finally:
        os.unlink(secret)


def _all(system):
    found, more = set(), processes_of(system.state)
    while more:
        pid = more.pop()
        if pid not in found:
            found.add(pid)
            more += children_of(pid)
    return found


def _password_file(system, name, text):
    path = os.path.join(system.config, "secrets", name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o600)
    if os.geteuid() == 0:
        import pwd  # the user exists once the first system has run here
        try:
            os.chown(path, pwd.getpwnam("vedette-ingest").pw_uid, -1)
        except KeyError:
            subprocess.run([os.path.join(BIN, "vedette-up"), "--help"], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
