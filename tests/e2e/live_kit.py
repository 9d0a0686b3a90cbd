"""Live pictures as programs and pages see them: the frames of GET /api/v1/live, the numbers that
camsim burns into its pictures, and what flows by the metrics."""

import http.client
import json
import struct
import subprocess
import threading
import time

from harness import wait_for

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

    def has(self, camera, kind):
        return self.count.get((camera, kind), 0)

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


CELLS, SUM_BITS = 24, 4


def number(grey, width, height):
    """The frame number in a decoded picture, as vd_scene_read_number() reads it; -1: none."""
    size = max(2, height // 60)
    code = 0
    for i in range(CELLS):
        lit = [grey[y * width + x] for y in range(size // 4, size - size // 4)
               for x in range(i * size + size // 4, (i + 1) * size - size // 4)]
        mean = sum(lit) / len(lit)
        if 92 < mean < 160:
            return -1
        code = code << 1 | (mean > 128)
    value, check = code >> SUM_BITS, 5
    for shift in range(0, 20, 4):
        check += value >> shift & 15
    return value if check & 15 == code & 15 else -1


# In a page: notes, for each video and canvas of the wall, when it first showed which number.
NOTE_NUMBERS = """
window.seen = {};
const read = (shown, width, height) => {
  const size = Math.max(2, Math.floor(height / 60)), cells = 24;
  const canvas = window.reader ??= document.createElement('canvas');
  canvas.width = size * cells; canvas.height = size;
  const brush = canvas.getContext('2d', {willReadFrequently: true});
  brush.drawImage(shown, 0, 0, size * cells, size, 0, 0, size * cells, size);
  const data = brush.getImageData(0, 0, size * cells, size).data;
  let code = 0;
  for (let i = 0; i < cells; i++) {
    const at = (Math.floor(size / 2) * size * cells + i * size + Math.floor(size / 2)) * 4;
    code = code * 2 + (data[at + 1] > 128 ? 1 : 0);
  }
  const value = Math.floor(code / 16);
  let sum = 5;
  for (let n = value; n; n = Math.floor(n / 16)) sum += n % 16;
  return sum % 16 === code % 16 ? value : -1;
};
window.noting ??= setInterval(() => {
  for (const frame of document.querySelectorAll('.live-frame')) {
    const video = frame.querySelector('video');
    if (video.hidden || video.readyState < 2) continue;
    const list = window.seen[frame.dataset.camera] ??= [];
    const value = read(video, video.videoWidth, video.videoHeight);
    if (value >= 0 && list.at(-1)?.[1] !== value) list.push([Date.now(), value]);
  }
}, 20);
"""


def metrics(api):
    """The metrics, summed over their labels. Waits for an answer that has the workers' too; not to be
    asked too often, for the router keeps each who asked for a while."""
    sums = {}
    wait_for(lambda: sums.update(_metrics(api)) or "vedette_ingest_packets_total" in sums, 15, "the workers' metrics", every=1)
    return sums


def _metrics(api):
    sums = {}
    for line in api.call("GET", "/metrics")[2].decode().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            name = name.split("{")[0]
            sums[name] = sums.get(name, 0) + float(value)
    return sums
