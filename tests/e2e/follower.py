"""A subscriber written from the contract alone, to judge the feed independently of the project's
own clients: takes the whole feed, closes gaps by replay, and keeps every row with its time."""

import json
import struct
import threading
import time

import zmq


class Follower:
    def __init__(self, run, start=1):
        """run: the folder of the sockets; start: the first position wanted."""
        self.feed = f"ipc://{run}/feed.sock"
        self.replay = f"ipc://{run}/replay.sock"
        self.rows = []  # (position, topic, body, monotonic time), in order, each position once
        self.heartbeats = []  # (monotonic time, position, body)
        self.last = start - 1
        self.ahead = {}  # position -> row: what came live beyond a gap that a replay is closing
        self.problems = []
        self.repeats = 0  # live messages at or below what was taken already
        self.gaps = 0  # times a replay was needed
        self.ends = False
        self.asked = 0.0
        self.context = zmq.Context()
        self.thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self.thread.start()

    def stop(self):
        self.ends = True
        self.thread.join(5)
        self.context.destroy(linger=0)

    def bodies(self, prefix):
        """[(position, topic, parsed body, time)] of the topics that begin so."""
        return [(p, t, json.loads(b), at) for p, t, b, at in list(self.rows) if t.startswith(prefix)]

    def starts(self):
        """First messages of happenings: {event id: data}."""
        return {b["data"]["event"]: b["data"] for _, t, b, _ in self.bodies("event/") if b["data"]["phase"] == "start"}

    def _take(self, position, topic, body):
        if position <= self.last:
            self.repeats += 1
            return
        self.ahead[position] = (position, topic, body, time.monotonic())
        while self.last + 1 in self.ahead:
            self.last += 1
            self.rows.append(self.ahead.pop(self.last))
        if self.ahead:
            self._ask()

    def _dealer(self):
        self.dealer = self.context.socket(zmq.DEALER)
        self.dealer.linger = 0
        self.dealer.connect(self.replay)
        self.poller.register(self.dealer, zmq.POLLIN)

    def _ask(self):
        """Asks for everything after what was taken, unless an answer is on its way."""
        now = time.monotonic()
        if now - self.asked < 2:
            return
        if self.asked:  # no answer in time: the router went away meanwhile
            self.poller.unregister(self.dealer)
            self.dealer.close()
            self._dealer()
        self.asked = now
        self.gaps += 1
        self.dealer.send(json.dumps({"op": "replay", "from": self.last + 1, "prefix": "", "credit": 500}).encode())

    def _answer(self, frames):
        kind, position = frames[0], struct.unpack(">Q", frames[1])[0]
        self.asked = time.monotonic()
        if kind == b"row":
            self._take(position, frames[2].decode(), frames[3].decode())
            self.dealer.send(json.dumps({"op": "credit", "n": 1}).encode())
        elif kind in (b"live", b"expired", b"error"):
            self.asked = 0.0 if kind == b"live" else time.monotonic()
            if kind != b"live" and b"not-now" not in frames[2]:  # the database is away: asked again
                self.problems.append((kind, position, frames[2:]))

    def _run(self):
        self.poller = zmq.Poller()
        sub = self.context.socket(zmq.SUB)
        sub.linger = 0
        sub.rcvhwm = 100000
        sub.setsockopt(zmq.RECONNECT_IVL, 50)
        sub.subscribe(b"")
        sub.connect(self.feed)
        self.poller.register(sub, zmq.POLLIN)
        self._dealer()
        self._ask()
        while not self.ends:
            for sock, _ in self.poller.poll(100):
                try:
                    frames = sock.recv_multipart(zmq.NOBLOCK)
                except zmq.ZMQError:
                    continue
                if sock is self.dealer:
                    self._answer(frames)
                    continue
                position = struct.unpack(">Q", frames[1])[0]
                if frames[0].startswith(b"heartbeat/"):
                    self.heartbeats.append((time.monotonic(), position, json.loads(frames[2])))
                    if position > self.last:
                        self._ask()
                else:
                    self._take(position, frames[0].decode(), frames[2].decode())
        sub.close()
        self.dealer.close()
