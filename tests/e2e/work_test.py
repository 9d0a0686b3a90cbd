"""What people do with alerts, over HTTP, at once, and what happens when they do not. VD_SOAK: all 1 000 alerts."""
import collections
import datetime
import os
import random
import sys
import threading

from console_kit import Kit, wait
from harness import run_tests

ALERTS = 1000 if os.environ.get('VD_SOAK') else 100
AT_ONCE = 50
STATES = {'acknowledge': 'acknowledged', 'dispatch': 'dispatched', 'resolve': 'resolved', 'reopen': 'open'}
WORK = """work:
  units: [{id: patrol-1, name: Patrol car 1}, {id: guard-north}]
  shelve_max: 1h
"""


def _operators(kit, names):
    clients = []
    for name in names:
        password = kit.run('vedette-user', 'add', name, '--role', 'operator').stdout.strip()
        client = kit.client()
        assert client.sign_in(name, password)[0] == 200
        clients.append(client)
    return clients


def _act(client, alert, action, version, **body):
    return client.call('POST', '/api/v1/alerts/%s/%s' % (alert, action), body or None, {'If-Match': '"%d"' % version})


def _in(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z'


def _sql(kit, text):
    """Behind the application's back: as the superuser of the stub's server."""
    answer = kit.stub('sql', text)
    assert answer == 'ok', answer


class Operator(threading.Thread):
    """Does whatever comes to mind with alerts, by what it last saw of each."""

    def __init__(self, name, client, alerts, seed, refused):
        super().__init__()
        self.name_, self.client, self.alerts, self.random, self.refused = name, client, alerts, random.Random(seed), refused
        self.failed = []

    def body(self, action):
        return {'resolve': {'disposition': self.random.choice(['real', 'nuisance', 'false']), 'note': 'seen to'},
                'reopen': {'note': 'it goes on'}, 'note': {'note': 'a "line" of 公园'}, 'dispatch': {'to': 'patrol-1'},
                'assign': {'to': self.random.choice(['ann', 'bob'])},
                'shelve': {'note': 'roof works', 'until': _in(600)}}.get(action, {})

    def one(self, alert):
        seen = 1
        for _ in range(4):
            action = self.random.choice(['acknowledge', 'take', 'release', 'assign', 'dispatch', 'note', 'shelve', 'unshelve',
                                         'resolve', 'reopen'])
            status, doc = _act(self.client, alert, action, seen, **self.body(action))
            if status == 200:
                assert doc['version'] == seen + 1 and doc['changed_by'] == self.name_, doc
                seen = doc['version']
                continue
            error = doc['error']
            assert status == 409 and error['message'] and error['current']['alert'] == alert, (status, doc)
            self.refused[error['code']] += 1
            if error['code'] == 'stale-version':
                assert error['current']['version'] > seen
            seen = error['current']['version']

    def run(self):
        try:
            for alert in self.alerts:
                self.one(alert)
        except Exception as e:  # told by the test's own thread
            self.failed.append(repr(e))


def _replay(history, final):
    """What the log says became of it, from its own words alone."""
    versions = [e['detail']['version'] for e in history if e['action'] != 'alert.open']
    assert versions == list(range(1, final['version'])), (versions, final['version'])
    last = history[-1]
    assert (last['detail']['state'], last['detail'].get('owner')) == (final['state'], final['owner']), (last, final)
    assert last['actor'] == final['changed_by']
    state = 'open'
    for entry in history:
        action = entry['action'].removeprefix('alert.')
        state = STATES.get(action, 'acknowledged' if action == 'take' and state == 'open' else state)
        assert entry['detail']['state'] == state, (entry, state)


def two_operators_race_and_nothing_is_lost():
    with Kit(WORK) as kit:
        clients = _operators(kit, ['ann', 'bob'])
        alerts = [kit.alert(picture=None) for _ in range(ALERTS)]
        refused = collections.Counter()
        for at in range(0, ALERTS, AT_ONCE):
            some = alerts[at:at + AT_ONCE]
            racers = [Operator(n, c, some, at + i, refused) for i, (n, c) in enumerate(zip(('ann', 'bob'), clients))]
            for racer in racers:
                racer.start()
            for racer in racers:
                racer.join()
                assert not racer.failed, racer.failed
        changes = 0
        for alert in alerts:
            final = clients[0].call('GET', '/api/v1/alerts/' + alert)[1]
            history = final.pop('history')
            changes += final['version'] - 1
            _replay(history, final)
        assert refused['stale-version'] > ALERTS / 20 and refused['wrong-state'] + refused['not-allowed-now'] > 0, refused
        verified = kit.run('vedette-verify')
        assert verified.returncode == 0 and '0 differ: ok' in verified.stdout, verified.stdout + verified.stderr
        print('       %d alerts, %d changes, refused: %s' % (ALERTS, changes, dict(refused)))
        _sql(kit, "SET session_replication_role = replica; UPDATE vedette.alert SET owner = 'mallory' WHERE id = '%s'" % alerts[7])
        verified = kit.run('vedette-verify')
        assert verified.returncode == 1 and "alert %s: its 'owner' IS NOT" % alerts[7] in verified.stdout, verified.stdout


def an_entry_of_the_log_that_was_changed_is_found():
    with Kit(WORK) as kit:
        ann, = _operators(kit, ['ann'])
        alert = kit.alert(picture=None)
        assert _act(ann, alert, 'take', 1)[0] == 200
        _sql(kit, "SET session_replication_role = replica; UPDATE vedette.log SET actor = 'bob' WHERE action = 'alert.take'")
        verified = kit.run('vedette-verify')
        assert verified.returncode == 1 and 'DOES NOT FIT' in verified.stdout, verified.stdout


def a_log_that_was_rewritten_whole_does_not_fit_what_was_signed():
    with Kit(WORK + 'router: {seal: 1s}\n') as kit:
        ann, = _operators(kit, ['ann'])
        alert = kit.alert(picture=None)
        assert _act(ann, alert, 'take', 1)[0] == 200
        heads = kit.state / 'router/log-heads'
        entries = int(kit.run('vedette-verify').stdout.split('log: ')[1].split()[0])
        wait(lambda: heads.exists() and int(heads.read_text().split()[-3]) >= entries, 20)
        verified = kit.run('vedette-verify')
        assert verified.returncode == 0 and ' fit: ok' in verified.stdout, verified.stdout
        assert (kit.state / 'router/log-key').stat().st_mode & 0o777 == 0o600
        kit.stop_router()
        # the chain alone is sound again, as whoever owns the database can make it
        _sql(kit, "SET session_replication_role = replica; DELETE FROM vedette.log WHERE n >= %d; UPDATE vedette.log_head"
                  " SET n = %d, hash = (SELECT hash FROM vedette.log WHERE n = %d)" % (entries, entries - 1, entries - 1))
        verified = kit.run('vedette-verify')
        assert verified.returncode == 1 and 'IS NOT THERE any more' in verified.stdout, verified.stdout
        assert kit.run('vedette-verify', '--log-key', '00' * 32).returncode == 1, 'another key signed nothing of it'


def what_is_asked_of_people_and_units_is_checked():
    with Kit(WORK) as kit:
        ann, = _operators(kit, ['ann'])
        kit.run('vedette-user', 'add', 'vera', '--role', 'viewer')
        kit.run('vedette-user', 'add', 'paul', '--role', 'operator', '--area', '4403/440305/park')
        alert = kit.alert(picture=None)
        status, doc = ann.call('GET', '/api/v1/units')
        assert (status, [u['name'] for u in doc['units']], doc['shelve_max_ms']) == (200, ['Patrol car 1', 'guard-north'], 3600000)
        for action, body in (('assign', {}), ('assign', {'to': 'nobody'}), ('assign', {'to': 'vera'}), ('assign', {'to': 'paul'}),
                             ('dispatch', {'to': 'patrol-9'}), ('note', {}), ('shelve', {'note': 'x'}),
                             ('shelve', {'note': 'x', 'until': _in(7200)}), ('shelve', {'note': 'x', 'until': _in(-5)}),
                             ('shelve', {'note': 'x', 'until': 'tomorrow'}), ('note', {'note': 'x' * 4001})):
            status, doc = _act(ann, alert, action, 1, **body)
            assert status in (400, 409, 422) and doc['error']['message'], (action, body, status, doc)
        assert ann.call('GET', '/api/v1/alerts/' + alert)[1]['version'] == 1, 'nothing of it was done'
        assert _act(ann, alert, 'assign', 1, to='ann', note='yours')[1]['state'] == 'open'
        assert _act(ann, alert, 'take', 2)[1]['state'] == 'acknowledged'
        sent = _act(ann, alert, 'dispatch', 3, to='patrol-1', note='the side door, quietly')[1]
        assert (sent['state'], sent['unit']) == ('dispatched', 'patrol-1')
        story = ann.call('GET', '/api/v1/alerts/' + alert)[1]['history'][-1]
        assert (story['detail']['to'], story['detail']['reason']) == ('patrol-1', 'the side door, quietly')
        # the same by the command line, and its refusals
        assert kit.run('vedette-alert', 'note', alert, '--reason', 'from the desk').returncode == 0
        for verb, whom in (('assign', 'nobody'), ('dispatch', 'patrol-9')):
            refused = kit.run('vedette-alert', verb, alert, '--to', whom)
            assert refused.returncode == 1 and "'%s'" % whom in refused.stderr, refused
        assert kit.run('vedette-alert', 'shelve', alert, '--for', '2h', '--reason', 'x').returncode == 1
        assert kit.run('vedette-alert', 'shelve', alert, '--for', 'soon', '--reason', 'x').returncode == 2
        assert kit.run('vedette-alert', 'shelve', alert, '--for', '30m', '--reason', 'roof works').returncode == 0
        assert ann.call('GET', '/api/v1/alerts/' + alert)[1]['shelved']['reason'] == 'roof works'


def what_was_shelved_comes_back_by_itself_also_after_a_new_start():
    with Kit(WORK) as kit:
        ann, = _operators(kit, ['ann'])
        first, second = kit.alert(picture=None), kit.alert(picture=None)
        assert _act(ann, first, 'shelve', 1, note='roof works', until=_in(1))[0] == 200
        kit.stop_router()
        assert _act(ann, second, 'shelve', 1, note='roof works', until=_in(1))[0] == 200
        kit.start_router()
        for alert in (first, second):
            wait(lambda: ann.call('GET', '/api/v1/alerts/' + alert)[1]['shelved'] is None, 20)
            doc = ann.call('GET', '/api/v1/alerts/' + alert)[1]
            assert [e['action'] for e in doc['history']].count('alert.unshelve') == 1 and doc['changed_by'] == 'vedette'
        assert kit.run('vedette-verify').returncode == 0


def the_page_does_all_of_it_by_hand_and_by_key():
    with Kit(WORK) as kit:
        alert = kit.alert('red')
        page = kit.browser()
        page.sign_in()
        page.wait('.row').click()
        page.wait('#take')
        wait(lambda: page.driver.execute_script('const i = document.querySelector("vd-snapshot[large] img"); return i && i.naturalWidth > 0'))
        below = page.driver.execute_script('return [...document.querySelectorAll(".actions button")].filter((b) => b.getBoundingClientRect().bottom > innerHeight).length')
        assert below == 0, 'what can be done is in sight, without scrolling, on a small screen'
        page.keys('t')
        page.wait('.detail .chip.acknowledged')
        page.keys('d')
        page.wait('.ask select')
        page.one('.ask input').send_keys('the side door <b>quietly</b>')
        page.one('.ask button[type=submit]').click()
        page.wait('.detail .chip.dispatched')
        page.wait_text('.history', 'sent it to patrol-1: the side door <b>quietly</b>')
        page.one('#shelve').click()
        wait(lambda: len(page.all('.ask select option')) == 2, 10)
        page.one('.ask input').send_keys('roof works')
        page.one('.ask button[type=submit]').click()
        page.wait('#unshelve')
        page.wait_gone('.row')
        page.wait_text('.facts', 'roof works')
        page.one('#unshelve').click()
        page.wait('.row')
        page.one('#resolve').click()
        page.wait('.ask [data-as=real]').click()
        page.wait('#reopen')
        assert not page.errors(), page.errors()
        final = kit.client()
        final.sign_in('admin', kit.password)
        assert final.call('GET', '/api/v1/alerts/' + alert)[1]['version'] == 6


if __name__ == '__main__':
    run_tests(dict(globals()), sys.argv[1:])
