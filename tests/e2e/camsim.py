"""vedette-camsim as a test sees it: cameras with known truth, and faults on command."""

import json
import os
import socket
import subprocess

from harness import BIN, SRC, wait_for

# Encoded scenes are kept between tests: drawing one takes longer than showing it.
CACHE = os.environ.get("VD_CAMSIM_CACHE") or os.path.join(SRC, "build/camsim")


class Camsim:
    def __init__(self, folder, cameras, log):
        """cameras: lines of its --camera, e.g. 'cam1 scene=gate+loop=20+crossings=2'."""
        os.makedirs(CACHE, exist_ok=True)
        self.control = os.path.join(folder, "camsim.sock")
        argv = [os.path.join(BIN, "vedette-camsim"), "--port", "0", "--cache", CACHE, "--control", self.control]
        for camera in cameras:
            argv += ["--camera", camera]
        # GLib keeps a few blocks for good; the leaks that count here are those of the product.
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                                        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0", "TSAN_OPTIONS": "report_bugs=0"})
        line = self.process.stdout.readline().decode()
        assert line.startswith("port "), f"vedette-camsim said '{line}'"
        self.port = int(line.split()[1])
        wait_for(lambda: os.path.exists(self.control), 10, "camsim's control socket")

    def url(self, camera):
        return f"rtsp://127.0.0.1:{self.port}/{camera}"

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(20)
            link.connect(self.control)
            link.sendall(line.encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = link.recv(65536)
                if not more:
                    break
                answer += more
        answer = json.loads(answer)
        assert "error" not in answer, f"camsim: {line}: {answer}"
        return answer

    def truth(self, camera, seconds):
        """Crossings of the camera that began in the last seconds, oldest first."""
        return self.ask(f"when {camera} {seconds}")["cameras"][0]["began"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
