"""A router with a database and producers of its own, without cameras: what router_test.py drives."""

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import uuid

import zmq
from jsonschema import Draft202012Validator

from harness import BIN, SRC, wait_for
from producer import now, uuid7

sys.path.insert(0, os.path.join(SRC, "alerts/feed"))

CONFIG = """areas:
  - {code: "44", name: Test}
bus: {heartbeat: 200ms}
database: {retry: 200ms, statement_timeout: 5s, connect_timeout: 2s}
router: {standby: 200ms}
"""

RULES = """rules:
  - id: each
    when: {kind: motion}
    severity: red
    action: Look at the picture.
    group: {by: camera, window: 0s}
  - id: folded
    when: {kind: motion, min_score: 50%}
    severity: yellow
    action: Look at the picture.
    group: {by: area, window: 2s}
    resolve: auto
"""


class Postgres:
    def __init__(self):
        self.process = subprocess.Popen([os.path.join(BIN, "pg-tmp")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        self.folder = self.process.stdout.readline().strip()
        assert self.folder, "no PostgreSQL"

    def tell(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done", what

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Rig:
    def __init__(self, rules=RULES):
        self.pg = Postgres()
        self.state = tempfile.mkdtemp(prefix="vedette-router-")
        for name in ("run", "secrets", "spool", "config/rules"):
            os.makedirs(os.path.join(self.state, name))
        os.symlink(self.pg.folder, os.path.join(self.state, "run/pg"))
        for role in ("owner", "router", "console", "reader"):
            self.write(f"secrets/vedette_{role}", "none\n", 0o600)
        self.write("config/vedette.yaml", CONFIG)
        self.write("config/rules/rules.yaml", rules)
        self.run = os.path.join(self.state, "run")
        self.processes = []
        self.log = open(os.path.join(self.state, "log"), "ab")  # pylint: disable=consider-using-with

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait(10)
        self.pg.close()
        self.log.close()
        with open(os.path.join(self.state, "log"), encoding="utf-8", errors="replace") as text:
            bad = [line for line in text if "Sanitizer" in line or "runtime error:" in line]
        assert not bad or kind, f"{self.state}/log: {bad[0]}"
        if kind is None:
            shutil.rmtree(self.state)
        else:
            print(f"kept: {self.state}")

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.state, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)

    def start(self, program, *args, **more):
        process = subprocess.Popen([os.path.join(BIN, program), *args], stderr=self.log, **{"stdout": self.log, **more})
        self.processes.append(process)
        return process

    def router(self):
        return self.start("vedette-router", "--config", os.path.join(self.state, "config"), "--state", self.state)

    def producer(self, name, rate, seconds, seed, at=None, keys=()):
        """keys: the file of its secret key and the router's public one, where at is tcp://."""
        return self.start("producer", os.path.join(self.state, "spool", name + ".db"), at or f"ipc://{self.run}/events.sock",
                          name, str(rate), str(seconds), str(seed), *keys)

    def command(self, verb, *args):
        return subprocess.run([os.path.join(BIN, "vedette-" + verb), *args, "--config", os.path.join(self.state, "config"),
                               "--state", self.state], capture_output=True, text=True, check=False, timeout=60)

    def sql(self, query):
        done = subprocess.run(["psql", "-h", self.pg.folder, "-U", "vedette_admin", "-d", "vedette", "-AtF", "\t", "-c",
                               "SET search_path = vedette", "-c", query], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()[1:]]

    def is_clean(self):
        done = self.command("verify")
        return done.returncode == 0 and " 0 still in spools" in done.stdout

    def tail(self):
        with open(os.path.join(self.state, "log"), encoding="utf-8", errors="replace") as text:
            return "".join(text.readlines()[-30:]) + self.command("verify").stdout


class Raw:
    """A producer by hand: says what it is told to, and keeps what it hears."""

    def __init__(self, rig, source=None, at=None, keys=None):
        self.source = source or f"/input/raw/{uuid7()}"
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.sndtimeo = 10000  # libzmq drops the way to a peer that speaks another mechanism, for good
        if keys is not None:
            self.socket.curve_publickey, self.socket.curve_secretkey, self.socket.curve_serverkey = keys
        self.socket.connect(at or f"ipc://{rig.run}/events.sock")
        self.heard = []

    def close(self):
        self.context.destroy(linger=0)

    def send(self, number, body):
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        self.socket.send_multipart([self.source.encode(), struct.pack(">Q", number), body])

    def hello(self, **more):
        self.send(0, {"hello": 1, "worker": "raw", **more})

    def hear(self):
        while self.socket.poll(0):
            _, verb, number, *_ = self.socket.recv_multipart()
            self.heard.append((verb.decode(), struct.unpack(">Q", number)[0]))

    def expect(self, verb, number, seconds=10):
        """Waits for that answer; others are kept in heard."""
        def came():
            self.hear()
            return (verb, number) in self.heard
        wait_for(came, seconds, f"{verb} {number}", lambda: str(self.heard[-20:]))

    def event(self, number, phase="start", kind="motion", camera="raw-1", happening=None, **data):
        return {"specversion": "1.0", "id": uuid7(), "source": self.source, "sequence": f"{number:020d}",
                "type": f"vedette.{kind}.{phase}.v1", "subject": f"camera/{camera}", "time": now(), "recordedtime": now(),
                "data": {"event": happening or uuid7(), "rev": 1, "phase": phase, "area": "44/1", "camera": camera, "zone": [],
                         "start": now(), "end": now() if phase == "end" else None,
                         "end_reason": "quiet" if phase == "end" else None, "score": 0.4, "peak": 0.4, "boxes": [],
                         "media": {"snapshot": None, "clip": None}, **data}}


def validators():
    found = {}
    for name in ("event", "alert", "heartbeat", "replay"):
        with open(os.path.join(SRC, f"alerts/feed/schemas/{name}.v1.json"), encoding="utf-8") as text:
            schema = json.load(text)
        Draft202012Validator.check_schema(schema)
        found[name] = Draft202012Validator(schema)
    return found


def wait_active(rig):
    """The router answers a hello."""
    raw = Raw(rig)
    raw.hello()
    raw.expect("W", 0, 15)
    raw.close()


def kill(process, sig=signal.SIGKILL):
    process.send_signal(sig)
    process.wait(20)


def fresh():
    return str(uuid.uuid4())
