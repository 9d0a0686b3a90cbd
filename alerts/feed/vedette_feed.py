"""A subscriber to Vedette's feed that misses nothing and sees nothing twice.

It listens to the live feed, sees a gap by the numbers (and in silence by the heartbeat), and closes
it by a replay. Keep `position` together with what you did with a message, and go on behind it after
a restart:

    with Feed("ipc:///var/lib/vedette/run/feed.sock", "ipc:///var/lib/vedette/run/replay.sock", after=kept) as feed:
        for message in feed:                  # position, topic, body (a dict)
            store(message, position=message.position)

Over tcp:// the router admits listed keys alone: keys=keys_of("secret-key-file", "<the router's public key>"), also
for snapshot(). Needs pyzmq. One thread owns a Feed. As a program it prints lines of JSON:
python3 vedette_feed.py [--key FILE SERVER_KEY] FEED REPLAY [AFTER [PREFIX]].
"""

import json
import struct
import sys
import time
from collections import namedtuple

import zmq

Message = namedtuple("Message", "position topic body")

HEARTBEAT = b"heartbeat/"
CREDIT, TOP_UP = 1000, 500
HWM = 100000


class Expired(Exception):
    """What comes next is no longer kept; `floor` is the first position that is. Take a snapshot, then seek."""

    def __init__(self, floor):
        super().__init__(f"no longer kept: {floor} is the first position that is")
        self.floor = floor


class WentBack(Exception):
    """The feed is behind us: another database, or one that was restored from a backup."""


def keys_of(key_file, server_key):
    """What keys= takes: our secret key from a file ('vedette key generate' writes one), and the router's public key."""
    with open(key_file, "rb") as text:
        secret = text.read().strip()
    return zmq.curve_public(secret), secret, server_key.encode()


def _show(socket, keys):
    if keys is not None:
        socket.curve_publickey, socket.curve_secretkey, socket.curve_serverkey = keys


class Feed:
    """after: everything up to this position is done; None: begin with now. prefix: of the topic. narrow: take
    only the prefix over the wire, and fetch each message by a replay of it (thin links)."""

    def __init__(self, feed, replay, after=None, prefix="", narrow=False, patience=3.0, context=None, keys=None):
        self.replay_at, self.prefix, self.narrow, self.patience = replay, prefix.encode(), narrow, patience
        self.context, self.keys = context or zmq.Context.instance(), keys
        self.position = -1 if after is None else after
        self.heartbeat = None  # the last one, a dict
        self.gaps = 0
        self._state = "begin" if after is None else "ask"
        self._ask_at = self._heard = 0.0
        self._behind = None
        self._rows = 0
        self._dealer = None
        self._sub = self.context.socket(zmq.SUB)
        self._sub.setsockopt(zmq.RCVHWM, HWM)
        self._sub.setsockopt(zmq.LINGER, 0)
        self._sub.setsockopt(zmq.RECONNECT_IVL, 100)
        self._sub.setsockopt(zmq.RECONNECT_IVL_MAX, 2000)
        for topic in {self.prefix, HEARTBEAT} if narrow else {b""}:
            self._sub.setsockopt(zmq.SUBSCRIBE, topic)
        _show(self._sub, keys)
        self._sub.connect(feed)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        while True:
            message = self.next(1.0)
            if message is not None:
                yield message

    def close(self):
        self._sub.close()
        if self._dealer is not None:
            self._dealer.close()

    @property
    def is_live(self):
        """Nothing that was there when we came, or when we last missed something, is outstanding."""
        return self._state == "live"

    def seek(self, after):
        """Goes on behind that position."""
        self.position = after
        self._ask_later(0)

    def next(self, timeout):
        """The next Message, in order of position, or None when there was none for timeout seconds."""
        until = time.monotonic() + timeout
        while True:
            if self._state == "ask" and time.monotonic() >= self._ask_at:
                self._ask()
            if self._state == "replay" and time.monotonic() - self._heard > self.patience:
                self._ask_later(0)
                continue
            is_replay = self._state == "replay"
            socket = self._dealer if is_replay else self._sub
            try:
                frames = socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                left = until - time.monotonic()
                if left <= 0:
                    return None
                if self._state == "ask":
                    left = min(left, max(0.0, self._ask_at - time.monotonic()))
                socket.poll(max(1, int(1000 * min(left, 0.5))))
                continue
            message = self._take_answer(frames) if is_replay else self._take_live(frames)
            if message is not None:
                return message

    def _ask_later(self, seconds):
        self._state, self._ask_at = "ask", time.monotonic() + seconds

    def _ask(self):
        if self._dealer is not None:
            self._dealer.close()  # what was on its way answers an older question
        self._dealer = self.context.socket(zmq.DEALER)
        self._dealer.setsockopt(zmq.LINGER, 0)
        self._dealer.setsockopt(zmq.RCVHWM, HWM)
        _show(self._dealer, self.keys)
        self._dealer.connect(self.replay_at)
        self._send({"op": "replay", "from": self.position + 1, "prefix": self.prefix.decode(), "credit": CREDIT})
        self._state, self._heard, self._rows = "replay", time.monotonic(), 0

    def _send(self, request):
        try:
            self._dealer.send(json.dumps(request).encode(), zmq.NOBLOCK)
        except zmq.Again:
            pass  # unheard, it is asked again

    def _give(self, position, topic, body):
        self.position = position
        return Message(position, topic.decode(), json.loads(body))

    def _take_answer(self, frames):
        if len(frames) < 2 or len(frames[1]) != 8:
            return None
        kind, position = frames[0], struct.unpack(">Q", frames[1])[0]
        self._heard = time.monotonic()
        if kind == b"row" and len(frames) == 4:
            self._rows += 1
            if self._rows == TOP_UP:
                self._rows = 0
                self._send({"op": "credit", "n": TOP_UP})
            if position > self.position:
                return self._give(position, frames[2], frames[3])
        elif kind == b"complete":
            self.position = max(self.position, position)
        elif kind == b"live":
            self._state = "live"
        elif kind == b"expired":
            self._ask_later(self.patience)
            raise Expired(position)
        elif kind == b"error":
            self._ask_later(0.3)
        return None

    def _take_heartbeat(self, position, body):
        self.heartbeat = json.loads(body)
        if self._state == "begin":
            self.position, self._state = position, "live"
        if position > self.position:
            self.gaps += 1
            self._ask_later(0)
        if position >= self.position:
            self._behind = None
        elif self._behind is None:
            self._behind = time.monotonic()  # a replay reads what is not yet published: that passes
        elif time.monotonic() - self._behind > 10:
            self._behind = None
            raise WentBack(f"the feed is at {position}, we were at {self.position}")

    def _take_live(self, frames):
        if len(frames) != 3 or len(frames[1]) != 8:
            return None
        topic, position, body = frames[0], struct.unpack(">Q", frames[1])[0], frames[2]
        if topic.startswith(HEARTBEAT):
            self._take_heartbeat(position, body)
        elif self._state == "live" and position > self.position:
            if self.narrow or position != self.position + 1:
                self.gaps += not self.narrow
                self._ask_later(0)  # the replay brings this one too
            elif topic.startswith(self.prefix):
                return self._give(position, topic, body)
            else:
                self.position = position
        return None


def snapshot(replay, context=None, timeout=10.0, keys=None):
    """(position, [(kind, dict)]): open alerts, open events and all cameras, true at that position."""
    socket = (context or zmq.Context.instance()).socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    _show(socket, keys)
    socket.connect(replay)
    parts = []
    try:
        socket.send(json.dumps({"op": "snapshot", "credit": CREDIT}).encode())
        while socket.poll(int(timeout * 1000)):
            frames = socket.recv_multipart()
            if frames[0] == b"snapshot":
                parts.append((frames[2].decode(), json.loads(frames[3])))
                if len(parts) % TOP_UP == 0:
                    socket.send(json.dumps({"op": "credit", "n": TOP_UP}).encode())
            elif frames[0] == b"complete":
                return struct.unpack(">Q", frames[1])[0], parts
            elif frames[0] == b"error":
                raise RuntimeError(frames[2].decode())
        raise TimeoutError("no answer from the router")
    finally:
        socket.close()


def main(argv):
    keys = keys_of(argv[2], argv[3]) if argv[1:2] == ["--key"] and len(argv) > 3 else None
    if keys is not None:
        argv = argv[:1] + argv[4:]
    if len(argv) < 3:
        sys.exit(__doc__)
    after = int(argv[3]) if len(argv) > 3 else None
    with Feed(argv[1], argv[2], after=after, prefix=argv[4] if len(argv) > 4 else "", keys=keys) as feed:
        for message in feed:
            print(json.dumps(message._asdict()), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv)
    except (KeyboardInterrupt, BrokenPipeError):
        pass
