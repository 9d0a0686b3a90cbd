"""Live pictures, from simulated cameras to a browser: they advance, they are shared, they stop when
nobody looks, and a mask stays on."""

import http.client
import os
import pathlib
import signal
import sys
import time

from console_kit import Host
from console_page_test import CONTRAST
from harness import kill, run_tests, wait_for
from live_kit import FRAGMENT, INIT, JPEG, NOTE_NUMBERS, STATE, Watcher, decode, metrics, number
from system import System

WALL = ["gate", "yard", "road", "dock", "carpark", "corridor", "gate+night", "yard+rain", "road+noise"]
SIZE = "+loop=20+quiet+burn+size=320x240"
MASK = "[{name: house, privacy: true, polygon: [[0,0],[0.5,0],[0.5,1],[0,1]]}]"


def _flows(api):
    return metrics(api)["vedette_ingest_live_bytes_total"]


def _viewers(api):
    return metrics(api).get("vedette_ingest_live_viewers", -1)


def nine_on_a_page_advance_are_shared_and_stop_when_nobody_looks():
    cameras = {f"a{i + 1}": f"scene={scene}{SIZE}+fps=5" for i, scene in enumerate(WALL)}
    with System("live-page", cameras) as system:
        system.start()
        api = system.api()
        with open(os.path.join(system.state, "secrets/first-password"), encoding="ascii") as secret:
            host = Host(pathlib.Path(system.home), f"http://127.0.0.1:{system.port}", secret.read().strip())
        try:
            page = host.browser(1600, 900)
            page.sign_in()
            page.driver.execute_script("location.hash = '#/live'")
            page.driver.execute_script(NOTE_NUMBERS)
            wait_for(lambda: len(page.all(".live-frame[data-live=good]")) == 9, 20, "nine live pictures", system.tail, every=0.2)

            def advance():
                seen = page.driver.execute_script("return window.seen")
                return len(seen) == 9 and all(len({n for _, n in list_}) >= 15 for list_ in seen.values())
            wait_for(advance, 20, "fifteen numbers in each of nine pictures", every=0.3)
            for camera, list_ in page.driver.execute_script("return window.seen").items():
                steps = [(b - a) % 100 for (_, a), (_, b) in zip(list_, list_[1:])]
                assert all(1 <= step <= 25 for step in steps), (camera, list_)
            page.shot("live-wall")
            assert page.driver.execute_script(CONTRAST) == []
            once = [u for u in page.requests() if "/api/v1/live" in u]
            assert len(once) == 1 and once[0].count(",") == 8, once
            assert all(u.startswith((host.url, "data:", "blob:")) for u in page.requests())

            second = host.browser(1600, 900)
            second.sign_in()
            second.driver.execute_script("location.hash = '#/live'")
            wait_for(lambda: len(second.all(".live-frame[data-live=good]")) == 9, 20, "nine in the second page", every=0.2)
            wait_for(lambda: metrics(api)["vedette_console_live_pages"] == 2, 5, "two pages", every=1)
            assert metrics(api)["vedette_console_live_feeds"] == 9, metrics(api)
            wait_for(lambda: _viewers(api) == 9, 5, "nine viewers at the workers, for two pages", every=1)
            second.driver.execute_script("document.querySelector('.live-tile').focus()")
            second.keys("\ue007")  # Enter
            wait_for(lambda: "#/live/a1" in second.driver.current_url, 5, "one enlarged by the keys")
            wait_for(lambda: len(second.all(".live.one .live-frame[data-live=good]")) == 1, 15, "it shows", every=0.2)
            second.keys("\ue00c")  # Escape
            wait_for(lambda: len(second.all(".live-tile")) == 9, 5, "the wall again")
            assert not page.errors() and not second.errors(), (page.errors(), second.errors())

            camera = page.one(".live-frame[data-camera=a3]")
            system.camsim.ask("fault a3 stall for=60")
            wait_for(lambda: camera.get_attribute("data-live") == "bad", 15, "a picture that stands is said to be old", every=0.2)
            assert "old" in camera.text and "ago" in camera.text, camera.text
            page.shot("live-stale")
            assert page.driver.execute_script(CONTRAST) == []
            assert len(page.all(".live-frame[data-live=good]")) == 8
            system.camsim.ask("clear a3")
        finally:
            host.close_browsers()
        wait_for(lambda: _viewers(api) == 0, 10, "no viewer ten seconds after the last page", every=1)
        before = _flows(api)
        time.sleep(2.2)  # over two reports of the workers: what flows shows in them
        assert _flows(api) == before > 0, (before, _flows(api))
        views = system.sql("SELECT actor, object FROM vedette.log WHERE action = 'live.view'")
        assert {o for _, o in views} == {f"camera/{c}" for c in cameras} and {a for a, _ in views} == {"admin"}, views


def masks_codecs_slow_readers_and_a_worker_that_dies():
    cameras = {"plain": f"scene=gate{SIZE}+fps=10 gop=10", "masked": f"scene=gate{SIZE}+fps=10 gop=10",
               "modern": f"scene=yard{SIZE}+fps=10 codec=h265 gop=10",
               "heavy": "scene=road+loop=4+quiet+noise+burn+size=1280x720+fps=10 qp=10 gop=5"}
    cameras["both"] = f"scene=dock{SIZE}+fps=10 gop=10 sub=160x120"
    with System("live-api", cameras, workers=1) as system:
        more = {"masked": {"masks": MASK}, "both": {"evidence": "clips", "detect_url": system.camsim.url("both/sub")}}
        system.write("cameras/cameras.yaml", "cameras:\n" + "".join(system.camera_yaml(c, **more.get(c, {})) for c in cameras))
        system.start()
        api = system.api()
        slow = Watcher(api, ["heavy"])
        slow.reading.clear()
        begun = system.camsim.ask("state heavy")["cameras"][0]["packets"]
        watcher = Watcher(api, ["plain", "masked", "modern"])
        able = Watcher(api, ["modern"], query="&h265=1")
        wait_for(lambda: watcher.has("plain", FRAGMENT) > 20 and watcher.has("masked", JPEG) > 2 and able.has("modern", FRAGMENT) > 5
                 and watcher.has("modern", JPEG) > 0, 20, "all kinds of pictures", lambda: f"{watcher.count} {able.count}", every=0.1)

        numbers = [number(p, 320, 240) for p in watcher.frames("plain", 320, 240)]
        steps = {(b - a) % 200 for a, b in zip(numbers, numbers[1:])}
        assert len(numbers) > 40 and -1 not in numbers and steps == {1}, numbers
        assert watcher.init["plain"][0].startswith("avc1."), watcher.init["plain"][0]
        assert able.init["modern"][0].startswith("hvc1."), able.init["modern"][0]
        assert len(able.frames("modern", 320, 240)) >= 10

        main, sub = Watcher(api, ["both"], "main"), Watcher(api, ["both"])
        for each, is_main, size in ((main, True, (320, 240)), (sub, False, (160, 120))):
            wait_for(lambda e=each: e.has("both", FRAGMENT) > 5 and e.has("both", STATE), 15, "main and sub stream", lambda e=each: str(e.count))
            assert each.state["both"]["main"] is is_main, each.state
            assert {number(p, *size) for p in each.frames("both", *size)}.isdisjoint({-1})
            each.close()

        assert not watcher.has("masked", INIT) and not watcher.has("masked", FRAGMENT), watcher.count
        masked, = decode(watcher.jpeg["masked"], "mjpeg", 320, 240)
        plain, = decode(watcher.jpeg["modern"], "mjpeg", 320, 240)
        covered = [masked[y * 320 + x] for y in range(240) for x in range(160)]
        assert max(covered) <= 24, f"{max(covered)} shows under the mask"
        assert max(masked[y * 320 + x] for y in range(240) for x in range(176, 320)) > 100
        assert max(plain[y * 320 + x] for y in range(240) for x in range(160)) > 100, "the other camera has no mask"

        def sent():
            return system.camsim.ask("state heavy")["cameras"][0]["packets"]
        wait_for(lambda: sent() > begun + 100, 30, "twenty megabytes that nobody reads, more than all queues hold", every=0.2)
        inits = slow.has("heavy", INIT)
        slow.reading.set()
        wait_for(lambda: slow.has("heavy", INIT) > max(inits, 1), 20, "it goes on with a key frame", lambda: str(slow.count), every=0.1)
        wait_for(lambda: metrics(api)["vedette_console_live_lost_total"] + metrics(api)["vedette_ingest_live_lost_total"] > 0, 10,
                 "what it lost is counted", lambda: str(metrics(api)), every=1)
        late = len(slow.lag_s)
        wait_for(lambda: len(slow.lag_s) > late + 10 and slow.lag_s[-1] < 4, 20, "and with what is now", lambda: str(slow.lag_s[-5:]), every=0.1)
        slow.close()

        had, inits = watcher.has("plain", FRAGMENT), watcher.has("plain", INIT)
        assert kill(system.pid("w1"), signal.SIGKILL)
        wait_for(lambda: watcher.has("plain", INIT) > inits and watcher.has("plain", FRAGMENT) > had + 10, 30, "it comes back", system.tail)
        assert not watcher.ended.is_set() and watcher.state["plain"]["state"] == "connected", watcher.state
        for each in (watcher, able):
            each.close()
        wait_for(lambda: _viewers(api) == 0, 10, "no viewer is left", every=1)
        system.stop()


def who_may_not_or_asks_nonsense_is_refused():
    with System("live-door", {"gate": f"scene=gate{SIZE}+fps=5"}, workers=1) as system:
        system.start()
        api = system.api()

        def ask(path, method="GET", cookie=api.cookie):
            link = http.client.HTTPConnection("127.0.0.1", system.port, timeout=10)
            link.request(method, path, headers={"Cookie": cookie} if cookie else {})
            answer = link.getresponse()
            status = answer.status
            if status != 200 or method != "GET":
                answer.read()
            link.close()
            return status
        assert ask("/api/v1/live?cameras=gate", cookie=None) == 401
        assert ask("/api/v1/live?cameras=gate", "HEAD") == 200
        assert ask("/api/v1/live?cameras=gate", "POST") == 405
        for bad in ("", "?cameras=", "?cameras=gate,gate", "?cameras=..%2f..%2fetc", "?cameras=gate%00", "?cameras=gate&stream=all",
                    "?cameras=gate&h265=2", "?cameras=" + ",".join(f"c{i}" for i in range(17)), "?cameras=" + "a" * 64,
                    "?cameras=gate%22,%22credit%22:9"):
            assert ask("/api/v1/live" + bad) == 400, bad
        assert ask("/api/v1/live?cameras=" + "a," * 1200) in (400, 414)

        added = system.command("user", "add", "park", "--role", "operator", "--area", "test/b",
                               "--config", system.config, "--state", system.state, check=False)
        assert added.returncode == 0, added
        other = type(api)(system.port, "park", added.stdout.split()[-1])
        assert ask("/api/v1/live?cameras=gate", cookie=other.cookie) == 404, "what he may not see does not exist for him"

        unknown = Watcher(api, ["nowhere", "gate"])
        wait_for(lambda: unknown.has("gate", FRAGMENT) > 3 and unknown.has("nowhere", STATE) > 0, 15, "one camera of two", every=0.1)
        assert unknown.state["nowhere"] == {"state": "unreachable"}, unknown.state

        many = [Watcher(api, ["gate"]) for _ in range(127)]
        assert all(w.status == 200 for w in many), [w.status for w in many]
        assert Watcher(api, ["gate"]).status == 503, "the hundred and twenty-ninth has to wait"
        wait_for(lambda: all(w.has("gate", FRAGMENT) > 1 for w in many), 30, "all have pictures", every=0.2)
        assert metrics(api)["vedette_console_live_feeds"] == 2
        took = system.stop()
        assert took < 8, f"a stop with 128 who watch took {took:.1f} s"
        assert all(w.ended.wait(5) for w in many)


def what_somebody_may_see_no_more_leaves_his_open_pages():
    with System("live-scope", {"gate": f"scene=gate{SIZE}+fps=5", "dock": f"scene=dock{SIZE}+fps=5"}, workers=1) as system:
        system.start()
        api = system.api()
        added = system.command("user", "add", "guard", "--role", "operator", "--area", "test/a",
                               "--config", system.config, "--state", system.state)
        guard = type(api)(system.port, "guard", added.stdout.split()[-1])
        everything, his, other = Watcher(api, ["gate", "dock"]), Watcher(guard, ["gate", "dock"]), Watcher(guard, ["dock"])
        events = http.client.HTTPConnection("127.0.0.1", system.port, timeout=30)
        events.request("GET", "/api/v1/stream", headers={"Cookie": guard.cookie})
        stream = events.getresponse()
        wait_for(lambda: all(w.has("dock", FRAGMENT) > 2 for w in (everything, his, other)), 20, "all watch", every=0.1)

        system.write("cameras/cameras.yaml", "cameras:\n" + system.camera_yaml("gate", area="test/b") + system.camera_yaml("dock"))
        wait_for(his.ended.is_set, 15, "gate is another area's now: the page that shows it ends", system.tail, every=0.1)
        assert Watcher(guard, ["gate"]).status == 404
        assert not everything.ended.is_set() and not other.ended.is_set()

        system.sql("UPDATE app_user SET areas = '{test/b}' WHERE name = 'guard'", "vedette_console")
        wait_for(other.ended.is_set, 20, "he was given another area: what he may see no more ends", every=0.1)
        while stream.read1(65536):
            pass  # to its end, within the connection's thirty seconds
        assert not everything.ended.is_set()
        assert Watcher(guard, ["dock"]).status == 404
        now = Watcher(guard, ["gate"])
        wait_for(lambda: now.has("gate", FRAGMENT) > 2, 20, "and what he may see now comes", system.tail, every=0.1)
        for each in (everything, now):
            each.close()
        system.stop()


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
