#!/usr/bin/python3
"""The supervisor, with real processes: its own PostgreSQL, and stand-ins for the rest. What it
promises is checked one sentence at a time; run one by naming it."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from harness import BIN, free_port, processes_of, run_tests, wait_for  # noqa: E402

PROGRAMS = ["vedette-router", "vedette-console", "vedette-ingest", "vedette-camsim"]


class Up:
    """One supervisor on a fresh state folder, with stand-ins as its children."""

    def __init__(self, config=None, state=None):
        self.home = tempfile.mkdtemp(prefix="vd-up.")
        os.chmod(self.home, 0o711)
        self.state = state or os.path.join(self.home, "s")
        self.notes = os.path.join(self.home, "notes")
        self.bin = os.path.join(self.home, "bin")
        for folder in (self.notes, self.bin):
            os.mkdir(folder)
        os.chmod(self.notes, 0o777)
        os.chmod(self.bin, 0o755)
        standin = shutil.copy(os.path.join(HERE, "standin.py"), self.bin)
        os.chmod(standin, 0o755)
        for name in PROGRAMS:
            path = os.path.join(self.bin, name)
            with open(path, "w", encoding="ascii") as out:
                out.write(f'#!/bin/sh\nVD_STANDIN_NAME={name} exec python3 {standin} "$@"\n')
            os.chmod(path, 0o755)
        self.config = config
        self.port = free_port()
        self.process = None
        self.log = os.path.join(self.home, "log")
        self.out = os.path.join(self.home, "out")

    def start(self, *more, ready=True):
        open(self.out, "w").close()
        argv = [os.path.join(BIN, "vedette-up"), "--state", self.state, "--bin", self.bin]
        argv += ["--listen", f"127.0.0.1:{self.port}"] if self.config is None else ["--config", self.config]
        self.process = subprocess.Popen(argv + list(more), stdin=subprocess.DEVNULL,
                                        stdout=open(self.out, "ab"), stderr=open(self.log, "ab"),
                                        env={**os.environ, "VD_STANDIN": self.notes,
                                             "PGPASSWORD": "leak-me-not"})
        if ready:
            wait_for(lambda: self.said("everything runs") or self.process.poll() is not None, 60,
                     "everything runs", self.tail)
            assert self.process.poll() is None, "it ended"
        return self

    def said(self, text):
        return text in open(self.out, encoding="utf-8").read()

    def tail(self):
        return open(self.out).read()[-2000:] + open(self.log).read()[-3000:]

    def flag(self, name, kind, text=""):
        with open(os.path.join(self.notes, f"{name}.{kind}"), "w", encoding="ascii") as out:
            out.write(text)

    def unflag(self, name, kind):
        os.unlink(os.path.join(self.notes, f"{name}.{kind}"))

    def noted(self, name, kind="starts"):
        path = os.path.join(self.notes, f"{name}.{kind}")
        if not os.path.exists(path):
            return []
        return [json.loads(line) for line in open(path, encoding="ascii")]

    def pid(self, name):
        return self.noted(name)[-1]["pid"]

    def stop(self, sig=signal.SIGTERM):
        """Seconds it took, and the exit status."""
        since = time.monotonic()
        self.process.send_signal(sig)
        status = self.process.wait(20)
        return time.monotonic() - since, status

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        if exc[0] is not None:
            print(self.tail())
        shutil.rmtree(self.home, ignore_errors=True)


def starts_all_and_stops_within_five_seconds():
    with Up() as up:
        up.start()
        assert up.said(f"console: http://127.0.0.1:{up.port}/") and up.said("password: "), up.tail()
        password = os.path.join(up.state, "secrets/first-password")
        assert stat.S_IMODE(os.stat(password).st_mode) == 0o600
        assert open(password).read().strip() not in open(up.log).read()
        pids = processes_of(up.state)
        assert len(pids) >= 6, pids
        took, status = up.stop(signal.SIGINT)
        assert took < 5 and status == 0, (took, status)
        wait_for(lambda: not processes_of(up.state), 1, "nothing is left", lambda: processes_of(up.state))
        first = open(password).read()
        up.start()  # continues on the same data
        assert open(password).read() == first
        took, status = up.stop()
        assert took < 5 and status == 0, (took, status)


def a_child_that_is_killed_runs_again_within_a_second_and_no_other_notices():
    with Up() as up:
        up.start()
        before = {n: up.pid(n) for n in ("w1", "w2", "vedette-router", "vedette-console")}
        for name in before:
            os.kill(up.pid(name), signal.SIGKILL)
            since = time.monotonic()
            wait_for(lambda: up.pid(name) != before[name], 5, f"{name} runs again", up.tail)
            assert time.monotonic() - since < 1, f"{name} took {time.monotonic() - since:.2f} s"
        for name in before:
            assert len(up.noted(name)) == 2, (name, up.noted(name))


def a_child_that_dies_at_once_is_held_back_and_said_once():
    with Up() as up:
        up.start()
        up.flag("w1", "exit", "1")
        os.kill(up.pid("w1"), signal.SIGKILL)
        wait_for(lambda: len(up.noted("w1")) >= 5, 10, "five starts", up.tail)
        ends = [line for line in open(up.log) if "up.end child=w1" in line and "exit status" in line]
        assert len(ends) == 1, ends
        up.unflag("w1", "exit")
        n = len(up.noted("w1"))
        wait_for(lambda: len(up.noted("w1")) > n, 12, "it comes back", up.tail)
        assert len(up.noted("w2")) == 1 and len(up.noted("vedette-router")) == 1


def the_database_that_is_killed_comes_back_and_nobody_else_ends():
    with Up() as up:
        up.start()
        postmaster = int(open(os.path.join(up.state, "pg/postmaster.pid")).readline())
        os.kill(postmaster, signal.SIGKILL)

        def again():
            try:
                line = open(os.path.join(up.state, "pg/postmaster.pid")).readlines()
                return int(line[0]) != postmaster and "ready" in line[-1]
            except (OSError, IndexError, ValueError):
                return False
        wait_for(again, 20, "the server is back", up.tail)
        for name in ("w1", "w2", "vedette-router", "vedette-console"):
            assert len(up.noted(name)) == 1, name
        took, _ = up.stop()
        assert took < 5, took


def a_deaf_child_is_killed_and_the_whole_still_stops_within_five_seconds():
    with Up() as up:
        for name in ("w1", "vedette-router"):
            up.flag(name, "deaf")
        up.start()
        took, status = up.stop()
        assert took < 5 and status == 0, (took, status)
        assert not processes_of(up.state)
        text = open(up.log).read()
        assert "up.kill child=w1" in text and "up.kill child=router" in text, text[-2000:]


def a_hang_up_is_passed_on_to_every_program():
    with Up() as up:
        up.start()
        up.process.send_signal(signal.SIGHUP)
        for name in PROGRAMS[:2] + ["w1", "w2"]:
            wait_for(lambda: "SIGHUP" in up.noted(name, "signals"), 3, f"{name} hears it", up.tail)
        assert up.process.poll() is None


def a_second_instance_is_refused_and_told_who_runs():
    with Up() as up:
        up.start()
        second = Up(state=up.state)
        with second:
            second.start(ready=False)
            assert second.process.wait(10) == 1
            text = second.tail()
            assert f"pid {up.process.pid}" in text and up.state in text and "--state" in text, text
        assert up.process.poll() is None and len(up.noted("w1")) == 1


def after_kill_9_of_the_supervisor_its_children_end_and_the_next_continues():
    with Up() as up:
        up.start()
        children = processes_of(up.state)
        up.process.kill()
        up.process.wait()
        up.start(ready=False)
        wait_for(lambda: up.said("everything runs") or up.process.poll() is not None, 60, "runs again", up.tail)
        assert not set(children) & set(processes_of(up.state)), "an old child is left"


def a_port_in_use_is_named_before_anything_starts():
    with Up() as up, socket.socket() as other:
        other.bind(("127.0.0.1", up.port))
        other.listen()
        up.start(ready=False)
        assert up.process.wait(10) == 1
        assert f"port {up.port}" in up.tail() and "in use" in up.tail(), up.tail()
        assert not up.noted("vedette-router")


def a_data_folder_of_another_postgresql_is_named_and_left_alone():
    with Up() as up:
        up.start()
        up.stop()
        version = os.path.join(up.state, "pg/PG_VERSION")
        with open(version, "w", encoding="ascii") as out:
            out.write("12\n")
        up.start(ready=False)
        assert up.process.wait(20) == 1
        assert "12" in up.tail() and "PostgreSQL" in up.tail(), up.tail()
        assert not processes_of(up.state)


def a_folder_that_belongs_to_somebody_else_is_refused():
    if os.geteuid() != 0:
        return
    with Up() as up:
        up.start()
        up.stop()
        os.chown(os.path.join(up.state, "spool"), 65534, 65534)
        up.start(ready=False)
        assert up.process.wait(20) == 1
        assert "belongs to 'nobody'" in up.tail() and "spool" in up.tail(), up.tail()


def every_process_has_a_user_of_its_own_and_little_else():
    if os.geteuid() != 0:
        return
    with Up() as up:
        up.start()
        users = set()
        for name in ("vedette-router", "vedette-console", "w1", "vedette-camsim"):
            got = up.noted(name)[0]
            users.add(got["uid"])
            assert got["uid"] != 0 and got["no_new_privs"] == "1" and 0 not in got["groups"], got
            assert got["files"] in ([0, 1, 2, 3, 4], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5]), got
            assert "PGPASSWORD" not in got["environment"], got
        assert len(users) == 4, users
        run = os.stat(os.path.join(up.state, "run"))
        assert stat.S_IMODE(run.st_mode) == 0o1770, "one user may take another's socket away"
        secrets = os.path.join(up.state, "secrets")
        for name in os.listdir(secrets):
            st = os.stat(os.path.join(secrets, name))
            assert stat.S_IMODE(st.st_mode) == 0o600, (name, oct(st.st_mode))
        owners = {n: os.stat(os.path.join(secrets, n)).st_uid for n in os.listdir(secrets)}
        assert owners["vedette_router"] == up.noted("vedette-router")[0]["uid"], owners
        assert owners["vedette_console"] == up.noted("vedette-console")[0]["uid"], owners
        assert owners["first-password"] == up.noted("vedette-console")[0]["uid"], owners


def a_first_configuration_with_mistakes_is_printed_whole_and_nothing_starts():
    with Up() as up:
        up.config = os.path.join(up.home, "c")
        os.makedirs(os.path.join(up.config, "rules"))
        os.chmod(up.config, 0o755)
        _write(up, "vedette.yaml", "areas:\n  - {code: a, name: A}\n")
        _write(up, "rules/all.yaml", "rules:\n  - {id: a, when: {kinds: lost}, severity: purple}\n")
        up.start(ready=False)
        assert up.process.wait(10) == 1
        text = up.tail()
        assert "rules/all.yaml:2:" in text and "purple" in text and "kinds" in text, text
        assert not up.noted("w1")


def a_start_with_a_spoilt_configuration_prints_it_whole_and_runs_on_what_passed_last():
    with Up() as up:
        up.start()
        up.stop()
        path = "config/rules/demo.yaml"
        text = open(os.path.join(up.state, path), encoding="utf-8").read()
        up.config = os.path.join(up.state, "config")
        _write(up, "rules/demo.yaml", text.replace("severity: red", "severity: purple").replace("kind: lost", "kinds: lost"))
        up.start()
        said = up.tail()
        assert "rules/demo.yaml:" in said and "purple" in said and "kinds" in said, said
        assert "what passed last is in force" in said, said
        assert len(up.noted("w1")) == 2 and len(up.noted("vedette-camsim")) == 2
        up.stop()
        _write(up, "rules/demo.yaml", text)
        up.start()
        assert not up.said("what passed last"), up.tail()


def _write(up, name, text):
    path = os.path.join(up.config, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
    os.chmod(path, 0o644)


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
