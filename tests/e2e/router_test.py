#!/usr/bin/python3
"""The router with a real database and real spools: killed, cut off, fed with rubbish, doubled."""

import json
import os
import random
import sys
import time

import zmq

from follower import Follower
from harness import run_tests, wait_for
from router_rig import CONFIG, Raw, Rig, kill, validators, wait_active

KILLS = int(os.environ.get("VD_KILLS", "12"))
SEED = int(os.environ.get("VD_SEED", "1"))


def _drain(rig, *names):
    """What a producer left in its spool when it ended goes out with its next life."""
    def is_drained():
        for i, name in enumerate(names):
            rig.producer(name, 1, 0, i).wait(30)
        return rig.is_clean()
    wait_for(is_drained, 60, "everything stored, nothing missing, nothing twice", rig.tail, every=0.3)


def _lines(path):
    with open(path, encoding="utf-8") as text:
        return [json.loads(line) for line in text if line.endswith("\n")]


def kills_of_router_database_producers_and_readers_lose_and_double_nothing():
    chance = random.Random(SEED)
    with Rig() as rig:
        kept = os.path.join(rig.state, "kept")
        seconds = KILLS * 0.8 + 4
        router = rig.router()
        wait_active(rig)
        producers = {name: rig.producer(name, 300, seconds, i) for i, name in enumerate(("a", "b"))}
        reader = ("vedette-events", "--follow", "--append", kept, "--from", "1", "--config",
                  os.path.join(rig.state, "config"), "--state", rig.state)
        reading = rig.start(*reader)
        follower = Follower(rig.run)
        for i in range(KILLS):
            time.sleep(chance.uniform(0.2, 1.2))  # the moment of a kill is what is random here
            victim = chance.choice(("router", "router", "router", "pg", "producer", "reader"))
            if victim == "router":
                kill(router)
                router = rig.router()
            elif victim == "pg":
                rig.pg.tell("crash")
                rig.pg.tell("start")
            elif victim == "producer":
                name = chance.choice(list(producers))
                kill(producers[name])
                producers[name] = rig.producer(name, 300, max(1.0, seconds - i), 100 + i)
            else:
                kill(reading)
                reading = rig.start(*reader)
        for process in producers.values():
            process.wait(seconds + 30)
        _drain(rig, "a", "b")
        last = int(rig.sql("SELECT position FROM feed_counter")[0][0])
        wait_for(lambda: follower.last >= last, 20, "the follower is at the end", lambda: f"{follower.last} of {last}")
        wait_for(lambda: _lines(kept)[-1]["position"] >= last, 20, "the reader is at the end")
        positions = [line["position"] for line in _lines(kept)]
        assert positions == list(range(1, len(positions) + 1)), "the reader missed a position or saw one twice"
        assert [row[0] for row in follower.rows] == list(range(1, follower.last + 1)), follower.problems
        doubled = rig.sql("SELECT e.event, a.rule FROM alert_event e JOIN alert a ON a.id = e.alert GROUP BY 1, 2 HAVING count(*) > 1")
        assert doubled == [], doubled
        happened = {r[0] for r in rig.sql("SELECT DISTINCT event FROM event WHERE kind = 'motion'")}
        alerted = {r[0] for r in rig.sql("SELECT e.event FROM alert_event e JOIN alert a ON a.id = e.alert WHERE a.rule = 'each'")}
        assert happened == alerted, (len(happened), len(alerted), list(happened ^ alerted)[:5])
        active = rig.sql("SELECT count(*) FROM alert a WHERE a.rule = 'each' AND a.active <> EXISTS"
                         " (SELECT 1 FROM open_event o WHERE o.event = a.event)")
        assert active == [["0"]], f"{active[0][0]} alerts are active without their happening, or the other way round"
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert WHERE rule = 'folded' AND NOT active AND state <> 'resolved'") == [["0"]],
                 15, "quiet alerts resolve by themselves")
        _validate(follower)
        follower.stop()
        print(f"       {KILLS} kills, {last} positions, {len(happened)} happenings, {len(positions)} lines, "
              f"{follower.gaps} replays\n       " + rig.command("verify", "--quiet").stdout.strip().replace("\n", "\n       "))


def _validate(follower):
    """Everything that was sent is as the schemas say."""
    schema = validators()
    for position, topic, body, _ in follower.rows:
        kind = "alert" if topic.startswith("alert/") else "event"
        errors = list(schema[kind].iter_errors(json.loads(body)))
        assert errors == [], (position, topic, errors[0].message, body)
    for _, _, body in follower.heartbeats:
        errors = list(schema["heartbeat"].iter_errors(body))
        assert errors == [], (errors[0].message, body)


def poison_is_kept_with_its_reason_and_blocks_nothing():
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        rig.sql("ALTER TABLE event ADD CHECK (camera <> 'refused')")
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        other = dict(raw.event(6), source="/input/other/x")
        for number, body in ((1, raw.event(1)), (2, b"no JSON \xff\x00"), (3, dict(raw.event(3), type="vedette.motion.start.v2")),
                             (4, raw.event(4, camera="refused")), (5, b""), (6, other), (7, raw.event(8)), (8, b"x" * 9000),
                             (9, raw.event(9))):
            raw.send(number, body)
        raw.expect("A", 9)
        rows = rig.sql("SELECT q.sequence, q.reason, length(q.bytes) FROM quarantine q ORDER BY 1")
        assert [r[0] for r in rows] == ["2", "3", "4", "5", "6", "7", "8"], rows
        reasons = {r[0]: r[1] for r in rows}
        assert "version" in reasons["3"] and "event_camera_check" in reasons["4"] and "number 7" in reasons["7"], reasons
        assert "/input/other/x" in reasons["6"] and "9000 bytes" in reasons["8"], reasons
        assert rows[0][2] == "10", rows
        assert rig.sql("SELECT sequence FROM event e JOIN source s ON s.id = e.source WHERE s.source LIKE '/input/%' ORDER BY 1") \
            == [["1"], ["9"]]
        assert rig.is_clean(), rig.tail()
        raw.close()


def a_rule_whose_alert_is_refused_costs_no_message_and_stops_nothing():
    rules = """rules:
  - {id: each, when: {kind: motion}, severity: red, action: Look., group: {by: camera, window: 0s}}
  - {id: by-time, when: {kind: dark, min_duration: 1s}, severity: red, action: Look., group: {by: camera, window: 0s}}
  - {id: by-message, when: {kind: bright}, severity: red, action: Look., group: {by: camera, window: 0s}}
  - {id: by-repeat, when: {kind: blurred}, severity: red, action: Look., group: {by: camera, window: 60s}}
"""
    with Rig(rules) as rig:
        router = rig.router()
        wait_active(rig)
        rig.sql("ALTER TABLE alert ADD CONSTRAINT cursed CHECK (rule NOT IN ('by-time', 'by-message')"
                " AND (rule <> 'by-repeat' OR events < 2))")
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        raw.send(1, raw.event(1, kind="dark", camera="raw-2"))
        raw.expect("A", 1)

        def refused():
            return [r[0] for r in rig.sql("SELECT rule FROM refused_alert ORDER BY at")]

        wait_for(lambda: refused() == ["by-time"], 10, "what the tick wanted is set aside", rig.tail)
        for number, kind in enumerate(("motion", "bright", "motion", "blurred", "blurred", "blurred"), 2):
            raw.send(number, raw.event(number, kind=kind))
            raw.expect("A", number)
        assert sorted(refused()) == ["by-message", "by-repeat", "by-time"], refused()
        assert rig.sql("SELECT rule, count(*), max(events) FROM alert GROUP BY 1 ORDER BY 1") == \
            [["by-repeat", "2", "1"], ["each", "2", "1"]]
        assert rig.sql("SELECT * FROM quarantine") == [], "a message was blamed for what a rule wanted"
        wanted = rig.sql("SELECT convert_from(wanted, 'UTF8'), reason FROM refused_alert WHERE rule = 'by-time'")[0]
        assert json.loads(wanted[0])["data"]["rule"] == "by-time" and "cursed" in wanted[1], wanted
        assert rig.is_clean(), rig.tail()
        kill(router)  # what is refused is not asked for again by a restart
        rig.router()
        wait_active(rig)
        raw.hello()
        raw.expect("W", 7)
        raw.send(8, raw.event(8))
        raw.expect("A", 8)
        raw.send(9, raw.event(9, "end", kind="dark", camera="raw-2"))
        raw.expect("A", 9)
        # a happening that could not join is offered to the next alert of its group once more, the others are not
        assert refused().count("by-time") == refused().count("by-message") == 1 and len(refused()) <= 4, refused()
        assert rig.sql("SELECT * FROM quarantine") == []
        assert rig.is_clean(), rig.tail()
        raw.close()


def numbers_are_taken_in_order_and_once():
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        raw = Raw(rig)
        raw.send(1, raw.event(1))  # before any hello: welcomed all the same
        raw.expect("W", 0)
        raw.send(3, raw.event(3))
        raw.expect("E", 1)
        events = [raw.event(n) for n in range(1, 6)]
        for n in (1, 2, 2, 1, 3):
            raw.send(n, events[n - 1])
        raw.expect("A", 3)
        raw.heard.clear()
        raw.send(5, events[4])
        raw.expect("E", 4)
        raw.send(2, events[1])
        raw.expect("A", 3)
        raw.send(4, events[3])
        raw.send(5, events[4])
        raw.expect("A", 5)
        assert rig.sql("SELECT sequence FROM event e JOIN source s ON s.id = e.source WHERE s.source LIKE '/input/raw%' ORDER BY 1") \
            == [[str(n)] for n in range(1, 6)]
        late = raw.event(6)
        late["time"] = "2026-01-01T00:00:00.000Z"
        raw.send(6, late)
        raw.expect("A", 6)
        assert rig.sql("SELECT time_suspect FROM event WHERE sequence = 6") == [["t"]]
        raw.hello()
        raw.expect("W", 6)
        raw.close()


def a_database_that_is_away_is_waited_for_and_said_so():
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        follower = Follower(rig.run)
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        wait_for(lambda: follower.heartbeats and follower.heartbeats[-1][2]["committing"], 5, "a good heartbeat")
        rig.pg.tell("stop")
        for n in range(1, 4):
            raw.send(n, raw.event(n))
        raw.hello(spool={"depth": 3, "last": 3, "oldest_us": int(time.time() * 1e6)})
        beat = wait_for(lambda: not follower.heartbeats[-1][2]["committing"] and follower.heartbeats[-1][2]["waiting"] == 3
                        and follower.heartbeats[-1][2], 10, "the heartbeat says so", lambda: str(follower.heartbeats[-1:]))
        assert beat["since"] and beat["sources"][raw.source]["waiting"] == 3, beat
        assert not [h for h in raw.heard if h[0] == "A"], "acknowledged what is not stored"
        rig.pg.tell("start")
        raw.expect("A", 3, 20)
        wait_for(lambda: follower.heartbeats[-1][2]["committing"], 5, "the heartbeat says that it is back")
        assert rig.sql("SELECT sequence FROM event WHERE camera = 'raw-1' ORDER BY position") == [["1"], ["2"], ["3"]]
        rig.pg.tell("pause")  # it holds the line and says nothing
        raw.send(4, raw.event(4))
        wait_for(lambda: not follower.heartbeats[-1][2]["committing"], 15, "silence is noticed")
        rig.pg.tell("go on")
        raw.expect("A", 4, 30)
        wait_for(rig.is_clean, 20, "clean", rig.tail, every=0.3)
        follower.stop()
        raw.close()


def without_room_it_still_hears_how_much_waits_and_asks_again_later():
    with Rig() as rig:
        rig.write("config/vedette.yaml", CONFIG.replace("router: {", "router: {batch: 10, queue: 1, "))
        rig.router()
        wait_active(rig)
        follower = Follower(rig.run)
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        wait_for(lambda: follower.heartbeats and follower.heartbeats[-1][2]["committing"], 5, "a good heartbeat")
        rig.pg.tell("stop")
        wait_for(lambda: not follower.heartbeats[-1][2]["committing"], 10, "the heartbeat says so")
        events = [raw.event(n) for n in range(1, 201)]
        for n in range(1, 201):
            raw.send(n, events[n - 1])
        raw.hello(spool={"depth": 200, "last": 200, "oldest_us": int(time.time() * 1e6)})
        wait_for(lambda: follower.heartbeats[-1][2]["waiting"] == 200, 5, "how much waits", lambda: str(follower.heartbeats[-1]))
        rig.pg.tell("start")
        expected = wait_for(lambda: (raw.hear(), [n for v, n in raw.heard if v == "E"])[1], 20, "it asks again", rig.tail)[-1]
        assert 1 < expected <= 101, expected
        while expected <= 200:
            raw.heard.clear()
            for n in range(expected, 201):
                raw.send(n, events[n - 1])
            wait_for(lambda: (raw.hear(), raw.heard)[1], 10, "an answer")
            time.sleep(0.3)
            raw.hear()
            expected = max(n + (v == "A") for v, n in raw.heard if v in "AEH")
        raw.expect("A", 200)
        assert rig.sql("SELECT count(*), max(sequence) FROM event WHERE camera = 'raw-1'") == [["200", "200"]]
        follower.stop()
        raw.close()


def a_second_router_stands_by_and_takes_over():
    with Rig() as rig:
        first = rig.router()
        wait_active(rig)
        second = rig.router()
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        raw.send(1, raw.event(1))
        raw.expect("A", 1)
        time.sleep(0.5)
        assert second.poll() is None
        kill(first)
        raw.heard.clear()
        wait_for(lambda: (raw.hello(), time.sleep(0.1), raw.socket.poll(0))[2], 10, "the second answers", rig.tail)
        raw.expect("W", 1)
        raw.send(2, raw.event(2))
        raw.expect("A", 2)
        assert rig.is_clean(), rig.tail()
        raw.close()


def a_connection_that_breaks_in_the_midst_of_a_commit_doubles_nothing():
    """Backends of the router are ended again and again while it writes: it must find out what was committed."""
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        producer = rig.producer("a", 400, 6, 3)
        ended = 0
        while producer.poll() is None:
            ended += len(rig.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vedette-router'"))
            time.sleep(0.15)
        _drain(rig, "a")
        doubled = rig.sql("SELECT e.event, a.rule FROM alert_event e JOIN alert a ON a.id = e.alert GROUP BY 1, 2 HAVING count(*) > 1")
        assert doubled == [] and ended > 10, (doubled, ended)
        print(f"       {ended} connections ended, {rig.sql('SELECT count(*) FROM event')[0][0]} events")


def a_database_put_back_under_a_running_router_gets_what_comes_next():
    """As if restored from a backup: what lies between is lost, and said; nothing may wait for ever."""
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        producer = rig.producer("a", 100, 8, 5)
        wait_for(lambda: int(rig.sql("SELECT position FROM feed_counter")[0][0]) > 100, 10, "some events", rig.tail)
        rig.sql("BEGIN; SELECT 1 FROM feed_counter FOR UPDATE; DELETE FROM event WHERE position > 50;"
                " DELETE FROM feed WHERE position > 50; UPDATE feed_counter SET position = 50;"
                " DELETE FROM open_event WHERE position > 50; DELETE FROM rule_state; DELETE FROM alert;"
                " UPDATE source SET last_sequence = (SELECT coalesce(max(sequence), 0) FROM event WHERE source = source.id);"
                " COMMIT; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'vedette-r%'")
        producer.wait(30)

        def audit():
            rig.producer("a", 1, 0, 1).wait(30)
            return [line.split() for line in rig.command("verify").stdout.splitlines() if line.startswith("/ingest/a/")]
        wait_for(lambda: len(audit()) == 2 and audit()[1][-1] == "ok" and int(audit()[1][2]) > 300, 30,
                 "what came after the loss is stored under a new source", rig.tail, every=0.5)
        assert "LOST" in audit()[0], audit()  # and the audit says what is gone


def alerts_closed_by_hand_take_no_newcomers_and_durations_wait_through_a_restart():
    rules = """rules:
  - {id: fold, when: {kind: motion}, severity: red, action: Look., group: {by: camera, window: 60s}}
  - {id: lasting, when: {kind: dark, min_duration: 2s}, severity: red, action: Look., group: {by: camera, window: 0s}}
"""
    with Rig(rules) as rig:
        router = rig.router()
        wait_active(rig)
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        first = raw.event(1)
        raw.send(1, first)
        raw.send(2, raw.event(2, "end", happening=first["data"]["event"], rev=2))
        raw.expect("A", 2)
        alert = rig.sql("SELECT id, version, active FROM alert")
        assert len(alert) == 1, alert
        raw.send(3, raw.event(3))
        raw.expect("A", 3)
        assert rig.sql("SELECT id, events, active FROM alert") == [[alert[0][0], "2", "t"]]
        assert rig.command("alert", "acknowledge", alert[0][0], "--version", "1").returncode == 1
        assert rig.command("alert", "resolve", alert[0][0], "--as", "real").returncode == 0
        raw.send(4, raw.event(4))
        raw.expect("A", 4)
        states = rig.sql("SELECT state, events FROM alert ORDER BY opened")
        assert states == [["resolved", "2"], ["open", "1"]], states
        raw.send(5, raw.event(5, kind="dark", camera="raw-2"))
        raw.expect("A", 5)
        kill(router)
        assert rig.sql("SELECT count(*) FROM alert WHERE rule = 'lasting'") == [["0"]]
        rig.router()
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert WHERE rule = 'lasting' AND active") == [["1"]], 10, "it fires", rig.tail)
        raw.close()


def a_snapshot_is_true_at_its_position_and_cameras_are_kept():
    import vedette_feed  # pylint: disable=import-outside-toplevel # found by the rig's path

    with Rig() as rig:
        rig.router()
        wait_active(rig)
        raw = Raw(rig)
        cameras = {f"raw-{i}": {"state": "online", "since": "2026-01-01T00:00:00.000Z"} for i in range(1500)}
        names = list(cameras)
        for i in range(0, 1500, 300):
            raw.hello(cameras={name: cameras[name] for name in names[i:i + 300]})
        raw.expect("W", 0)
        wait_for(lambda: rig.sql("SELECT count(*) FROM camera_status WHERE state = 'online'") == [["1500"]], 10, "states are kept")
        raw.hello(cameras={"raw-7": {"state": "lost", "since": "2026-01-02T00:00:00.000Z", "reason": "timeout"}})
        wait_for(lambda: rig.sql("SELECT camera, reason FROM camera_status WHERE state = 'lost'") == [["raw-7", "timeout"]], 10, "changed")
        raw.send(1, raw.event(1))
        raw.expect("A", 1)
        position, parts = vedette_feed.snapshot(f"ipc://{rig.run}/replay.sock")
        count = {kind: sum(1 for k, _ in parts if k == kind) for kind in ("alert", "event", "camera")}
        assert count == {"alert": 1, "event": 1, "camera": 1500}, count
        assert [str(position)] == rig.sql("SELECT position FROM feed_counter")[0]
        feed = vedette_feed.Feed(f"ipc://{rig.run}/feed.sock", f"ipc://{rig.run}/replay.sock", after=position, prefix="alert/",
                                 narrow=True)
        raw.send(2, raw.event(2, camera="raw-9"))
        message = feed.next(5)
        assert message and message.topic == "alert/44/1/-/red/open/" and message.body["data"]["camera"] == "raw-9", message
        feed.close()
        rig.sql("UPDATE feed_counter SET floor = 3")
        feed = vedette_feed.Feed(f"ipc://{rig.run}/feed.sock", f"ipc://{rig.run}/replay.sock", after=0)
        try:
            feed.next(5)
            assert False, "expired positions were given"
        except vedette_feed.Expired as expired:
            assert expired.floor == 3
        feed.seek(2)
        assert feed.next(5).position == 3
        feed.close()
        raw.close()


def a_refused_configuration_stays_out_and_is_told_as_an_event():
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        rig.write("config/rules/rules.yaml", "rules: [{id: broken}]\n")
        row = wait_for(lambda: rig.sql("SELECT f.body FROM open_event o JOIN feed f USING (position) WHERE o.kind = 'node'"), 10,
                       "the event", rig.tail)
        assert "refused" in json.loads(row[0][0])["data"]["detail"], row
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        raw.send(1, raw.event(1))
        raw.expect("A", 1)
        assert rig.sql("SELECT rule FROM alert") == [["each"]], "the old rules stay in force"
        rig.write("config/rules/rules.yaml", "rules: [{id: other, when: {kind: motion}, severity: red, action: Look.}]\n")
        wait_for(lambda: not rig.sql("SELECT 1 FROM open_event WHERE kind = 'node'"), 10, "its end", rig.tail)
        wait_for(lambda: rig.sql("SELECT rule FROM alert ORDER BY rule") == [["each"], ["other"]], 10,
                 "the new rule finds what still lasts", rig.tail)
        raw.close()


def what_is_kept_long_enough_goes_and_the_ages_follow_the_configuration():
    with Rig() as rig:
        rig.write("config/vedette.yaml", CONFIG + "retention: {every: 200ms}\n")
        rig.router()
        wait_active(rig)
        raw = Raw(rig)
        raw.hello()
        raw.expect("W", 0)
        for number in (1, 2, 3):
            raw.send(number, raw.event(number) if number < 3 else b"no JSON")
        raw.expect("A", 3)
        rig.sql("UPDATE alert SET state = 'resolved', active = false, resolved = now() - interval '1 day' * CASE WHEN"
                " id = (SELECT id FROM alert ORDER BY id LIMIT 1) THEN 500 ELSE 800 END")
        rig.sql("UPDATE quarantine SET received = now() - interval '89 days'")
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert") == [["1"]], 10, "one was resolved 800 days ago", rig.tail)
        assert rig.sql("SELECT length(bytes) FROM quarantine") == [["7"]]
        rig.write("config/vedette.yaml", CONFIG + "retention: {every: 200ms, alerts: 400d, quarantine: 30d}\n")
        wait_for(lambda: rig.sql("SELECT count(*) FROM alert") == [["0"]], 10, "the other 500 days ago", rig.tail)
        wait_for(lambda: rig.sql("SELECT length(bytes) FROM quarantine") == [["0"]], 10, "the bytes went", rig.tail)
        assert rig.sql("SELECT count(*) FROM alert_event") == [["0"]]
        assert rig.is_clean(), rig.tail()
        raw.send(4, raw.event(4))
        raw.expect("A", 4)
        assert rig.sql("SELECT count(*) FROM alert") == [["1"]]
        raw.close()


def who_asks_for_the_metrics_often_is_told_every_time():
    """Each question of the console comes from a socket of its own: they filled the table of readers."""
    context = zmq.Context()
    with Rig() as rig:
        rig.router()
        wait_active(rig)
        for number in range(150):
            dealer = context.socket(zmq.DEALER)
            dealer.linger = 0
            dealer.connect(f"ipc://{rig.run}/replay.sock")
            dealer.send(b'{"op":"metrics"}')
            assert dealer.poll(10000), number
            frames = dealer.recv_multipart()
            assert frames[0] == b"metrics" and b"vedette_router_" in frames[2], (number, frames)
            dealer.close()
    context.term()


def it_ends_at_once_and_in_good_order():
    with Rig() as rig:
        router = rig.router()
        wait_active(rig)
        producer = rig.producer("a", 0, 3, 5)
        reader = rig.start("vedette-watch", "--config", os.path.join(rig.state, "config"), "--state", rig.state)
        time.sleep(2)
        router.terminate()
        since = time.monotonic()
        assert router.wait(3) == 0, "it took over three seconds"
        took = time.monotonic() - since
        rig.pg.tell("stop")  # and without a database just the same
        router = rig.router()
        time.sleep(1)
        router.terminate()
        assert router.wait(3) == 0, "it took over three seconds without a database"
        reader.terminate()
        assert reader.wait(3) == 0
        rig.pg.tell("start")
        rig.router()
        producer.wait(30)
        _drain(rig, "a")
        print(f"       ended after {took:.2f} s")


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1:])
