"""A whole system on a private state folder: simulated cameras, `vedette up`, and the views that
users have of it. Every test that needs real programs starts one of these."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from camsim import Camsim
from harness import BIN, SRC, artefacts, free_port, kill, processes_of, wait_for

SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:")

SYSTEM_YAML = """areas:
  - {{code: test, name: Test}}
  - {{code: test/a, name: A}}
  - {{code: test/b, name: B}}
console: {{listen: "127.0.0.1:{port}", sse_heartbeat: 500ms}}
ingest: {{workers: {workers}, backoff_min: 100ms, backoff_max: 1s, good_after: 2s, open_timeout: 3s,
  read_timeout: 2s, degraded_after: 2s, lost_after: 2s, back_after: 500ms, auth_tries: 3, auth_window: 4s,
  connects_per_host: 32, connects_per_worker: 32}}
router: {{batch_wait: 20ms, standby: 200ms}}
database: {{retry: 200ms}}
"""

# Each happening makes an alert of its own: one event, one alert.
EACH_RULE = """rules:
  - id: each-motion
    when: {kind: motion}
    severity: red
    action: Look.
    group: {by: camera, window: 0s}
  - id: each-lost
    when: {kind: lost}
    severity: yellow
    action: Repair.
    group: {by: camera, window: 0s}
    resolve: auto
"""


class System:
    def __init__(self, test, cameras, rules=EACH_RULE, workers=2, more="", disk_mib=0):
        """cameras: {id: scene line for camsim}; more: appended to vedette.yaml; disk_mib: the
        state folder lies on a disk of its own of that size (root only)."""
        self.folder = artefacts(test)
        self.home = tempfile.mkdtemp(prefix="vd-e2e.")  # short: socket paths end at 107 bytes
        os.chmod(self.home, 0o755)
        self.state = os.path.join(self.home, "s")
        self.disk = disk_mib > 0
        if self.disk:
            os.mkdir(self.state)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={disk_mib}m,mode=0711", "vd-e2e", self.state], check=True)
        self.config = os.path.join(self.home, "c")
        self.port = free_port()
        self.log_path = os.path.join(self.folder, "log")
        self.out_path = os.path.join(self.folder, "out")
        self.log = open(self.log_path, "ab")
        self.up = None
        # Users of their own read it: a clone in /root would be out of their reach.
        suppressions = os.path.join(self.home, "tsan.supp")
        shutil.copyfile(os.path.join(SRC, "tests/tsan.supp"), suppressions)
        os.chmod(suppressions, 0o644)
        self.environment = {"TSAN_OPTIONS": "suppressions=" + suppressions}  # of `vedette up` and all that it starts
        self.camsim = Camsim(self.home, [f"{name} {spec}" for name, spec in cameras.items()], self.log)
        for part in ("cameras", "rules", "secrets"):
            os.makedirs(os.path.join(self.config, part))
        self.write("vedette.yaml", SYSTEM_YAML.format(port=self.port, workers=workers) + more)
        self.write("rules/rules.yaml", rules)
        self.cameras = list(cameras)
        self.write("cameras/cameras.yaml", "cameras:\n" + "".join(self.camera_yaml(c) for c in cameras))

    # ---- configuration

    def camera_yaml(self, camera, **more):
        keys = {"id": camera, "area": "test/a", "url": self.camsim.url(camera), "evidence": "snapshot", **more}
        return "  - {" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}\n"

    def write(self, name, text):
        path = os.path.join(self.config, name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path + ".new", 0o644)
        os.rename(path + ".new", path)

    # ---- life

    def start(self, seconds=60):
        with open(self.out_path, "w", encoding="utf-8"):
            pass
        self.up = subprocess.Popen([os.path.join(BIN, "vedette-up"), "--state", self.state, "--config", self.config,
                                    "--log", "stderr"], stdin=subprocess.DEVNULL, env={**os.environ, **self.environment},
                                   stdout=open(self.out_path, "ab"), stderr=self.log)
        wait_for(lambda: self.said("everything runs") or self.up.poll() is not None, seconds, "all is up", self.tail)
        assert self.up.poll() is None, self.tail()
        return self

    def said(self, text):
        with open(self.out_path, encoding="utf-8") as out:
            return text in out.read()

    def logged(self, pattern):
        """Lines of the log that match."""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return [line.rstrip("\n") for line in log if re.search(pattern, line)]

    def tail(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            text = log.read()[-4000:]
        with open(self.out_path, encoding="utf-8") as out:
            return out.read()[-1000:] + text

    def pid(self, name):
        """The process that plays name now: router, console, w1 …, postmaster."""
        if name == "postmaster":
            try:
                with open(os.path.join(self.state, "pg/postmaster.pid"), encoding="ascii") as text:
                    return int(text.readline())
            except (OSError, ValueError):
                return 0
        found = self.logged(rf"up\.start child={name} pid=")
        return int(found[-1].rsplit("pid=", 1)[1]) if found else 0

    def ready(self, name):
        """True when the newest process of that name has said that it is ready."""
        return bool(self.logged(rf"up\.ready child={name} pid={self.pid(name)} "))

    def stop(self):
        """Seconds that the stop took."""
        since = time.monotonic()
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(15)
        took = time.monotonic() - since
        assert self.up.returncode == 0, self.tail()
        self.up = None
        return took

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.up is not None and self.up.poll() is None:
            self.up.terminate()
            try:
                self.up.wait(15)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
        self.camsim.stop()
        wait_for(lambda: not processes_of(self.state), 6, "every process ends", every=0.1) if kind is None else None
        for pid in processes_of(self.state):
            kill(pid)
        self.log.close()
        if self.disk:
            subprocess.run(["umount", "-l", self.state], check=False)
        if kind is None:
            shutil.rmtree(self.home, ignore_errors=True)
            reports = self.logged(SANITIZER.pattern)
            assert not reports, f"sanitizer reports in {self.log_path}: {reports[:3]}"
        else:
            print(f"state folder left at {self.home}, log at {self.log_path}")

    # ---- views

    def command(self, *argv, check=True, timeout=60):
        """Runs `vedette …` on this state folder."""
        done = subprocess.run([os.path.join(BIN, "vedette"), *argv], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"vedette {' '.join(argv)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def verify(self, check=True):
        return self.command("verify", "--config", self.config, "--state", self.state, check=check)

    def sql(self, text, role="vedette_reader"):
        """Rows as lists of texts; waits for a server that is just starting."""
        with open(os.path.join(self.state, "secrets", role), encoding="ascii") as secret:
            password = secret.readline().strip()
        argv = ["psql", "-X", "-h", os.path.join(self.state, "run/pg"), "-U", role, "-d", "vedette", "-AtF", "\t", "-c", text]
        until = time.monotonic() + 20
        while True:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False,
                                  env={**os.environ, "PGPASSWORD": password, "PGOPTIONS": "-c search_path=vedette"})
            if done.returncode == 0:
                return [line.split("\t") for line in done.stdout.splitlines()]
            if done.returncode != 2 or time.monotonic() > until:  # 2: no connection
                raise AssertionError(done.stderr)
            time.sleep(0.2)

    def sql_kill_backends(self):
        """Ends the database connections that are older than a cutter on the socket."""
        with open(os.path.join(self.state, "secrets/vedette_admin"), encoding="ascii") as secret:
            password = secret.readline().strip()
        direct = os.path.join(self.home, "direct")
        os.makedirs(direct, exist_ok=True)
        link = os.path.join(direct, ".s.PGSQL.5432")
        if not os.path.lexists(link):
            os.symlink(os.path.join(self.state, "run/pg/.s.PGSQL.5432.real"), link)
        subprocess.run(["psql", "-X", "-h", direct, "-U", "vedette_admin", "-d", "vedette",
                        "-Atc", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'vedette_%' "
                        "AND pid <> pg_backend_pid()"], capture_output=True, timeout=20, check=False,
                       env={**os.environ, "PGPASSWORD": password})

    def states(self):
        """Camera -> state, as last stored."""
        return dict(self.sql("SELECT camera, state FROM camera_status"))

    def api(self):
        # The first user is made when the console has reached the database, a moment after it listens.
        wait_for(lambda: self.logged(r"console\.first-user"), 10, "the first user", self.tail)
        with open(os.path.join(self.state, "secrets/first-password"), encoding="ascii") as secret:
            return Api(self.port, "admin", secret.read().strip())


class Api:
    """The console's HTTP interface, signed in."""

    def __init__(self, port, user, password):
        self.port = port
        self.cookie = self.csrf = None
        status, head, body = self.call("POST", "/api/v1/session", {"name": user, "password": password})
        assert status in (200, 201), (status, body)
        self.cookie = head.get("Set-Cookie", "").split(";")[0]
        self.csrf = body.get("csrf")

    def call(self, method, path, body=None, headers=None):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        head = {"Content-Type": "application/json", **(headers or {})}
        if self.cookie:
            head["Cookie"] = self.cookie
        if self.csrf:
            head["X-CSRF-Token"] = self.csrf
        try:
            link.request(method, path, json.dumps(body) if body is not None else None, head)
            answer = link.getresponse()
            data = answer.read()
        finally:
            link.close()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, answer.headers, json.loads(data) if "json" in kind and data else data

    def get(self, path):
        status, _, body = self.call("GET", path)
        assert status == 200, (path, status, body)
        return body

    def stream(self):
        return Stream(self)


class Stream:
    """Server-sent events, read on a thread of its own: (monotonic time, id, name, data)."""

    def __init__(self, api):
        self.got = []
        self.link = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
        self.link.request("GET", "/api/v1/stream", headers={"Cookie": api.cookie, "Accept": "text/event-stream"})
        self.answer = self.link.getresponse()
        assert self.answer.status == 200, self.answer.status
        self.thread = threading.Thread(target=self._read, name="sse", daemon=True)
        self.thread.start()

    def _read(self):
        fields = {}
        try:
            for raw in self.answer:
                line = raw.decode("utf-8").rstrip("\r\n")
                if line == "":
                    if "data" in fields:
                        self.got.append((time.monotonic(), fields.get("id"), fields.get("event", "message"),
                                         json.loads(fields["data"])))
                    fields = {}
                elif not line.startswith(":"):
                    key, _, value = line.partition(":")
                    fields[key] = value.removeprefix(" ")
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            return

    def close(self):
        self.link.close()
