"""A producer of events written from the contract: numbers without a gap, a bounded window,
go-back-N. It stands for a door contact that never tires."""

import datetime
import json
import os
import struct
import threading
import time
import uuid

import zmq

WINDOW = 256


def uuid7():
    """A UUID version 7 of now."""
    value = (int(time.time() * 1000) << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return str(uuid.UUID(int=value))


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Producer:
    def __init__(self, run, rate, camera="door-1", area="test/b"):
        self.endpoint = f"ipc://{run}/events.sock"
        self.source = f"/input/{camera}/{uuid7()}"
        self.rate = rate
        self.camera, self.area = camera, area
        self.kept = []  # every message ever made; index + 1 is its sequence
        self.acked = 0
        self.ends = False
        self.pauses = False
        self.context = zmq.Context()
        self.thread = threading.Thread(target=self._run, name="producer", daemon=True)
        self.thread.start()

    def make(self):
        sequence, at = len(self.kept) + 1, now()
        event = uuid7()
        self.kept.append(json.dumps({
            "specversion": "1.0", "id": uuid7(), "source": self.source, "sequence": f"{sequence:020d}",
            "type": "vedette.input.start.v1", "subject": f"camera/{self.camera}", "time": at, "recordedtime": at,
            "data": {"event": event, "rev": 1, "phase": "start", "area": self.area, "camera": self.camera,
                     "zone": [], "start": at, "end": None, "end_reason": None, "score": 0.5, "peak": 0.5,
                     "boxes": [], "why": {}, "quality": {}, "media": {"snapshot": None, "clip": None}}}).encode())

    def stop(self):
        self.ends = True
        self.thread.join(5)
        self.context.destroy(linger=0)

    def _run(self):
        sock = self.context.socket(zmq.DEALER)
        sock.linger = 0
        sock.setsockopt(zmq.RECONNECT_IVL, 50)
        sock.connect(self.endpoint)
        source, sent, welcomed = self.source.encode(), 0, False
        hello = heard = 0.0
        made = time.monotonic()
        while not self.ends:
            at = time.monotonic()
            while not self.pauses and made < at:
                self.make()
                made += 1 / self.rate
            if self.pauses:
                made = at
            if at - hello > 1:
                hello = at
                sock.send_multipart([source, struct.pack(">Q", 0), json.dumps(
                    {"hello": 1, "worker": self.camera, "cameras": {},
                     "spool": {"depth": len(self.kept) - self.acked, "last": len(self.kept), "oldest_us": 0}}).encode()])
            if welcomed and sent > self.acked and at - heard > 2:
                sent, heard = self.acked, at  # no word for long: again from the last one known
            while welcomed and sent < len(self.kept) and sent - self.acked < WINDOW:
                sock.send_multipart([source, struct.pack(">Q", sent + 1), self.kept[sent]])
                sent += 1
            if not sock.poll(5):
                continue
            frames = sock.recv_multipart()
            verb, number = frames[1], struct.unpack(">Q", frames[2])[0]
            if verb == b"W":
                self.acked, sent, welcomed, heard = max(self.acked, number), max(self.acked, number), True, at
            elif verb == b"A":
                self.acked, heard = max(self.acked, number), at
            elif verb == b"E":
                sent, heard = number - 1, at
        sock.close()
