"""Waits, outside of a bare root, for what `make run` inside of it promises: the console's address
and password, an alert with its picture within three minutes of the build's end, an end within
five seconds. usage: bare_check.py PORT LOG ROOT PID"""

import http.client
import json
import os
import signal
import sys
import time

port, log, root, pid = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])


def said(text):
    with open(log, encoding="utf-8", errors="replace") as lines:
        return [line.rstrip() for line in lines if text in line]


def until(what, condition, seconds):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            sys.exit(f"make run ended before: {what}; see {log}")
        if time.monotonic() > end:
            sys.exit(f"not within {seconds} s: {what}; see {log}")
        time.sleep(0.5)


def call(method, path, body=None, cookie=None):
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request(method, path, json.dumps(body) if body else None,
                 {"Content-Type": "application/json", **({"Cookie": cookie} if cookie else {})})
    answer = link.getresponse()
    data = answer.read()
    link.close()
    return answer, data


def picture():
    _, data = call("GET", "/api/v1/alerts", cookie=cookie)
    for alert in json.loads(data)["alerts"]:
        if alert["media"]["snapshot"]:
            answer, data = call("GET", f"/api/v1/media/{alert['media']['snapshot']}", cookie=cookie)
            if answer.status == 200 and data[:2] == b"\xff\xd8":
                return alert["alert"]
    return None


begun = time.monotonic()
until("the build's end", lambda: said("vedette: state folder"), 1800)
built = time.monotonic()
until("everything runs", lambda: said("vedette: everything runs"), 180)
password = said("vedette: password:")[0].split()[2]
answer, _ = call("POST", "/api/v1/session", {"name": "admin", "password": password})
assert answer.status in (200, 201), answer.status
cookie = answer.headers["Set-Cookie"].split(";")[0]
until("an alert with its picture", picture, 180 - (time.monotonic() - built))
print(f"built after {built - begun:.0f} s, first alert with its picture {time.monotonic() - built:.0f} s later")
page, data = call("GET", "/")
assert page.status == 200 and b"<html" in data.lower(), page.status
proc = f"{root}/proc"  # that of the root's own pid namespace, which is ours too
users, supervisor = {}, []
for entry in filter(str.isdigit, os.listdir(proc)):
    try:
        with open(f"{proc}/{entry}/comm", encoding="utf-8") as text:
            name = text.read().strip()
        users.setdefault(name, set()).add(os.stat(f"{proc}/{entry}").st_uid)
    except FileNotFoundError:
        continue
    if name == "vedette-up":
        supervisor.append(int(entry))
print("users:", {name: sorted(uids) for name, uids in users.items() if name.startswith(("vedette", "postgres"))})
for name in ("vedette-router", "vedette-console", "vedette-ingest", "postgres"):
    assert 0 not in users.get(name, {0}), (name, users)
since = time.monotonic()
os.kill(min(supervisor), signal.SIGINT)
while time.monotonic() - since < 10 and not said("vedette: stopped"):
    time.sleep(0.05)
took = time.monotonic() - since
print(f"stopped after {took:.1f} s")
assert took < 5 and said("vedette: stopped"), took
