#!/usr/bin/python3
"""The bus over TCP: the right key gets in and misses nothing, and nobody else hears a word. Two state
folders stand for two machines: the router's, and that of an ingest machine beside it."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request

import zmq

from harness import BIN, free_port, run_tests, wait_for
from producer import uuid7
from router_rig import CONFIG, Raw, Rig, kill

from vedette_feed import Feed, keys_of, snapshot

RULES = "rules:\n  - {id: each, when: {kind: motion}, severity: red, action: Look., group: {by: camera, window: 0s}}\n"
NAMES = ("router", "node-a", "reader", "later", "stranger")


def _key(*words):
    return subprocess.run([os.path.join(BIN, "vedette-key"), *words], capture_output=True, text=True, check=False)


class Wired(Rig):
    """A rig whose bus is tcp://, and the keys of all who come."""

    def __init__(self):
        super().__init__(RULES)
        self.events, self.feed, self.replay = (f"tcp://127.0.0.1:{free_port()}" for _ in range(3))
        self.keys, self.public = {}, {}
        for name in NAMES:
            path = os.path.join(self.state, "secrets", "bus-" + name)
            self.public[name] = _key("generate", path).stdout.strip()
            self.keys[name] = path
        self.list("node-a", "reader")

    def list(self, *names):
        clients = "".join(f'    - {{name: {n}, public_key: "{self.public[n]}", '
                          f'{"node: node-a" if n == "node-a" else "listens: true"}}}\n' for n in names)
        self.write("config/vedette.yaml", CONFIG.replace("bus: {heartbeat: 200ms}\n", "bus:\n  heartbeat: 200ms\n") .replace(
            "database:", self.endpoints() + f"  server_key_file: {self.keys['router']}\n  clients:\n" + clients + "database:"))

    def endpoints(self):
        return f"  events: {self.events}\n  feed: {self.feed}\n  replay: {self.replay}\n  server_key: \"{self.public['router']}\"\n"

    def of(self, name):
        return keys_of(self.keys[name], self.public["router"])

    def metric(self, name):
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = self.of("reader")
            socket.connect(self.replay)
            socket.send(b'{"op":"metrics"}')
            assert socket.poll(5000), "no answer from the replay"
            text = socket.recv_multipart()[2].decode()
        return int([line.split()[1] for line in text.splitlines() if line.startswith(name + " ")][0])

    def asks(self, name):
        """Asks the replay, and returns the kind of what ends the answer."""
        def ask(request):
            with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
                socket.linger = 0
                socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = self.of(name)
                socket.connect(self.replay)
                socket.send(json.dumps(request).encode())
                while True:
                    assert socket.poll(5000), "no answer from the replay"
                    kind = socket.recv_multipart()[0]
                    if kind not in (b"row", b"snapshot"):
                        return kind
        return ask

    def raw(self, name, source=None):
        return Raw(self, source, self.events, self.of(name) if name is not None else None)

    def welcome(self):
        raw = self.raw("node-a", f"/ingest/node-a-w9/{uuid7()}")
        raw.hello()
        raw.expect("W", 0, 15)
        return raw


class Ear:
    """Subscribes to everything and counts what it hears."""

    def __init__(self, rig, keys):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.SUB)
        self.socket.linger = 0
        if keys is not None:
            self.socket.curve_publickey, self.socket.curve_secretkey, self.socket.curve_serverkey = keys
        self.socket.subscribe(b"")
        self.socket.connect(rig.feed)

    def heard(self):
        n = 0
        while self.socket.poll(0):
            self.socket.recv_multipart()
            n += 1
        return n

    def close(self):
        self.context.destroy(linger=0)


def _rows(feed, until, seconds=30):
    """Positions up to until."""
    seen, end = [], time.monotonic() + seconds
    while feed.position < until:
        assert time.monotonic() < end, f"at {feed.position}, not at {until}"
        message = feed.next(0.5)
        if message is not None:
            seen.append(message.position)
    return seen


def _positions(path):
    with open(path, encoding="utf-8") as text:
        return [json.loads(line)["position"] for line in text if line.endswith("\n")]


def a_key_is_made_for_its_owner_alone_and_never_twice():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "key")
        made = _key("generate", path)
        assert made.returncode == 0 and len(made.stdout.strip()) == 40, made
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert _key("show", path).stdout == made.stdout
        with open(path, encoding="ascii") as text:
            secret = text.read().strip()
        assert len(secret) == 40 and secret not in made.stdout + made.stderr
        again = _key("generate", path)
        assert again.returncode == 3 and "exists" in again.stderr, again
        assert _key("show", path).stdout == made.stdout
        with open(path, "w", encoding="ascii") as text:
            text.write("no key\n")
        assert _key("show", path).returncode == 1


def the_right_key_misses_nothing_and_nobody_else_hears_a_word():
    with Wired() as rig:
        router = rig.router()
        rig.welcome().close()
        others = [Ear(rig, None), Ear(rig, rig.of("stranger")), Ear(rig, rig.of("node-a"))]
        reader = Ear(rig, rig.of("reader"))
        kept = os.path.join(rig.state, "kept")
        reading = rig.start("vedette-events", "--follow", "--append", kept, "--from", "1", "--key", rig.keys["reader"], "--config",
                            os.path.join(rig.state, "config"), "--state", rig.state)
        refused = rig.start("vedette-watch", "--config", os.path.join(rig.state, "config"), "--state", rig.state)
        assert refused.wait(10) != 0, "without a key there is nothing to watch"
        spool = (rig.keys["node-a"], rig.public["router"])
        producer = rig.producer("node-a", 300, 4, 1, rig.events, spool)
        wait_for(lambda: os.path.exists(kept) and len(_positions(kept)) > 100, 20, "the reader reads", rig.tail)
        kill(router)
        router = rig.router()
        assert producer.wait(30) == 0
        wait_for(lambda: rig.producer("node-a", 1, 0, 2, rig.events, spool).wait(30) == 0 and rig.is_clean(), 40, "all is stored",
                 rig.tail, every=0.3)
        last = int(rig.sql("SELECT position FROM feed_counter")[0][0])
        wait_for(lambda: _positions(kept)[-1] >= last, 20, "the command is at the end", rig.tail)
        assert _positions(kept) == list(range(1, len(_positions(kept)) + 1)), "it missed a position or saw one twice"
        with Feed(rig.feed, rig.replay, after=0, keys=rig.of("reader")) as feed:
            assert _rows(feed, last) == list(range(1, last + 1))
        position, parts = snapshot(rig.replay, keys=rig.of("reader"))
        assert position >= last and any(kind == "alert" for kind, _ in parts), (position, len(parts))
        assert reader.heard() > 0
        assert [ear.heard() for ear in others] == [0, 0, 0]
        for ear in [reader, *others]:
            ear.close()
        for name in ("stranger", None):
            with Feed(rig.feed, rig.replay, after=0, keys=rig.of(name) if name else None) as feed:
                assert feed.next(1.0) is None, f"{name} got something"
        assert rig.metric("vedette_router_keys_refused_total") >= 2
        reading.terminate()
        assert reading.wait(5) == 0
        print(f"       {last} positions")


def a_key_speaks_for_its_own_node_alone():
    with Wired() as rig:
        rig.router()
        rig.welcome().close()
        forger, listener, plain = rig.raw("node-a", f"/ingest/node-b-w1/{uuid7()}"), rig.raw("reader"), rig.raw(None)
        nearly = rig.raw("node-a", f"/ingest/node-ab/{uuid7()}")
        asks = rig.asks("node-a")
        assert asks({"op": "snapshot", "credit": 10}) == b"complete", "a node may ask what is in use"
        assert asks({"op": "replay", "from": 1, "credit": 10}) == asks({"op": "metrics"}) == b"error", "and no more"
        for raw in (forger, listener, plain, nearly):
            raw.socket.sndtimeo = 0
            try:
                raw.hello()
                raw.send(1, raw.event(1))
            except zmq.Again:
                assert raw in (listener, plain), "whose key is listed for it has a way in"
        wait_for(lambda: rig.metric("vedette_router_not_theirs_total") >= 4, 10, "the forgeries are counted", rig.tail)
        own = rig.welcome()
        before = rig.metric("vedette_router_not_theirs_total")
        own.hello(worker="node-b-w1", cameras={"dock": {"state": "online", "since": "2026-01-01T00:00:00Z"}})
        wait_for(lambda: rig.metric("vedette_router_not_theirs_total") > before, 10, "another's cameras are not its own")
        own.send(1, own.event(1))
        own.expect("A", 1)
        for raw in (forger, listener, plain, nearly):
            raw.hear()
            assert raw.heard == [], (raw.source, raw.heard)
            raw.close()
        own.close()
        assert rig.sql("SELECT DISTINCT split_part(source, '/', 3) FROM source WHERE source NOT LIKE '/router/%'") == [["node-a-w9"]]
        assert rig.sql("SELECT count(*) FROM event WHERE kind = 'motion'") == [["1"]]
        assert rig.sql("SELECT * FROM camera_status") == []


def a_key_that_is_taken_away_is_hung_up_on_and_one_that_is_added_gets_in():
    with Wired() as rig:
        rig.router()
        raw = rig.welcome()
        gone, later = (Feed(rig.feed, rig.replay, after=0, patience=0.5, keys=rig.of(n)) for n in ("reader", "later"))
        raw.send(1, raw.event(1))
        raw.expect("A", 1)
        last = int(rig.sql("SELECT position FROM feed_counter")[0][0])
        _rows(gone, last)
        assert later.next(0.5) is None
        rig.list("node-a", "later")
        _rows(later, last)  # it comes in by itself, so the list has changed
        raw.hello()
        wait_for(lambda: raw.hello() or raw.hear() or raw.heard.count(("W", 1)) > 0, 15, "its own node is welcome again", rig.tail,
                 every=0.2)
        raw.send(2, raw.event(2))
        raw.expect("A", 2, 15)
        _rows(later, last + 2)
        assert gone.next(2.0) is None and gone.position == last, "it still hears"
        rig.list("node-a", "reader")
        assert _rows(gone, last + 2) == [last + 1, last + 2]
        for feed in (gone, later):
            feed.close()
        raw.close()


def a_console_follows_over_tcp():
    with Wired() as rig:
        rig.router()
        rig.welcome().close()
        port = free_port()
        with open(os.path.join(rig.state, "config/vedette.yaml"), "a", encoding="utf-8") as out:
            out.write(f"console: {{listen: 127.0.0.1:{port}, bus_key_file: {rig.keys['reader']}}}\n")
        console = rig.start("vedette-console", "--config", os.path.join(rig.state, "config"), "--state", rig.state)

        def log():
            with open(os.path.join(rig.state, "log"), encoding="utf-8", errors="replace") as text:
                return text.read()

        wait_for(lambda: "console.feed state=following" in log(), 15, "it follows the feed", rig.tail)

        def tells():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    return b"vedette_router_feed_position" in answer.read()
            except OSError:
                return False

        wait_for(tells, 10, "what the router counts, by way of the console", rig.tail, every=0.2)
        console.terminate()
        assert console.wait(10) == 0


def an_ingest_machine_hands_in_over_tcp():
    """Its configuration has no list and no key of the router's but the public one."""
    machine = tempfile.mkdtemp(prefix="vedette-node-")
    with Wired() as rig:
        rig.router()
        rig.welcome().close()
        for name in ("config/cameras", "state"):
            os.makedirs(os.path.join(machine, name))
        with open(os.path.join(machine, "config/vedette.yaml"), "w", encoding="utf-8") as out:
            out.write("areas: [{code: \"44\", name: Test}]\nbus:\n" + rig.endpoints() + f"  key_file: {rig.keys['node-a']}\n")
        with open(os.path.join(machine, "config/cameras/ball.yaml"), "w", encoding="utf-8") as out:
            out.write("cameras:\n  - {id: ball, area: \"44\", pipeline: \"videotestsrc is-live=true pattern=ball ! "
                      "video/x-raw,width=320,height=240,framerate=10/1\"}\n")
        worker = rig.start("vedette-ingest", "--config", machine + "/config", "--state", machine + "/state", "--worker", "node-a-w1")
        wait_for(lambda: rig.sql("SELECT 1 FROM event e JOIN source s ON s.id = e.source WHERE e.camera = 'ball'"
                                 " AND s.source LIKE '/ingest/node-a-w1/%' LIMIT 1"), 30, "the worker's events", rig.tail)
        wait_for(lambda: rig.sql("SELECT worker FROM camera_status WHERE camera = 'ball'") == [["node-a-w1"]], 10, "its camera")
        worker.terminate()
        assert worker.wait(10) == 0
    shutil.rmtree(machine)


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
