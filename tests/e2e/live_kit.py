"""Live pictures as a program sees them: the frames of GET /api/v1/live."""

import http.client
import json
import struct
import subprocess
import threading
import time

INIT, FRAGMENT, JPEG, STATE = 1, 2, 3, 4
HEADER = struct.Struct(">IBBBBq")


class Watcher:
    """One connection. Reads on a thread of its own, for as long as reading is set."""

    def __init__(self, api, cameras, stream="sub", query=""):
        self.cameras, self.kinds, self.bytes, self.lag_s = cameras, [], 0, []
        self.init, self.video, self.jpeg, self.state, self.count = {}, {}, {}, {}, {}
        self.reading = threading.Event()
        self.reading.set()
        self.link = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
        self.link.request("GET", f"/api/v1/live?cameras={','.join(cameras)}&stream={stream}{query}", headers={"Cookie": api.cookie})
        self.answer = self.link.getresponse()
        self.status = self.answer.status
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self.thread.start()

    def _read(self):
        try:
            while True:
                self.reading.wait()
                head = self.answer.read(HEADER.size)
                if len(head) < HEADER.size:
                    break
                size, kind, camera, key, zero, at_ms = HEADER.unpack(head)
                assert zero == 0 and camera < len(self.cameras), head
                self._take(kind, self.cameras[camera], key, at_ms, self.answer.read(size))
                self.bytes += HEADER.size + size
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        self.ended.set()

    def _take(self, kind, camera, key, at_ms, data):
        self.count[camera, kind] = self.count.get((camera, kind), 0) + 1
        if kind == INIT:
            codec, _, head = data.partition(b"\0")
            self.init[camera], self.video[camera] = (codec.decode(), head), []
        elif kind == FRAGMENT:
            assert self.video[camera] or key, "video begins with a key frame"
            self.video[camera].append(data)
            self.lag_s.append(time.time() - at_ms / 1000)
        elif kind == JPEG:
            self.jpeg[camera] = data
        else:
            assert kind == STATE, kind
            self.state[camera] = json.loads(data)

    def fragments(self, camera):
        return self.count.get((camera, FRAGMENT), 0)

    def frames(self, camera, width, height):
        """All that came since the last init, decoded: grey pictures."""
        return decode(self.init[camera][1] + b"".join(self.video[camera]), "mp4", width, height)

    def close(self):
        self.link.sock and self.link.sock.shutdown(2)
        self.reading.set()
        self.link.close()


def decode(data, form, width, height):
    done = subprocess.run(["ffmpeg", "-v", "error", "-f", form, "-i", "pipe:0", "-vsync", "passthrough", "-f", "rawvideo",
                           "-pix_fmt", "gray", "pipe:1"], input=data, capture_output=True, timeout=60, check=True)
    size = width * height
    return [done.stdout[i:i + size] for i in range(0, len(done.stdout), size)]
