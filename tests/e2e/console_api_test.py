"""The console's HTTP door on real parts: who gets in, what is refused and how, what a stream
gives, what stays when the database goes."""

import http.client
import json
import os
import socket
import ssl
import sys
import threading
import time

from console_kit import Kit, wait
from harness import run_tests


def _stream(kit, client, after='', last=None, lines=200, seconds=3):
    """Events that a stream gives within so many seconds."""
    got, fields, end = [], {}, time.monotonic() + seconds
    link = http.client.HTTPConnection('127.0.0.1', int(kit.url.rsplit(':', 1)[1]), timeout=seconds)
    head = {'Cookie': client.cookie()}
    if last is not None:
        head['Last-Event-ID'] = str(last)
    link.request('GET', '/api/v1/stream' + after, headers=head)
    answer = link.getresponse()
    if answer.status != 200:
        return answer.status
    try:
        while time.monotonic() < end and len(got) < lines:
            line = answer.fp.readline() if not answer.chunked else answer.readline()
            if not line:
                break
            line = line.decode().rstrip('\r\n')
            if line == '' and 'data' in fields:
                got.append((fields.get('event'), fields.get('id'), json.loads(fields['data'])))
                fields = {}
            elif ':' in line:
                key, _, value = line.partition(':')
                fields[key] = value.lstrip(' ')
    except (TimeoutError, socket.timeout):
        pass
    link.close()
    return got


def _alerts(events):
    return [(int(i), d['alert'], d['version']) for name, i, d in events if name == 'alert']


def everybody_needs_a_session_and_every_change_its_token():
    with Kit() as kit:
        client = kit.client()
        for path in ('alerts', 'alerts/x', 'cameras', 'status', 'stream', 'session', 'media/x.y'):
            status, doc = client.call('GET', '/api/v1/' + path)
            assert (status, doc['error']['code']) == (401, 'not-signed-in'), (path, status, doc)
        assert client.call('POST', '/api/v1/alerts/x/acknowledge')[0] == 401
        status, doc = client.sign_in('admin', kit.password)
        assert status == 200 and doc['role'] == 'administrator'
        cookie = client.headers['Set-Cookie']
        assert 'HttpOnly' in cookie and 'SameSite=Strict' in cookie, cookie
        alert = kit.alert()
        wait(lambda: client.call('GET', '/api/v1/alerts?state=unresolved')[1]['alerts'])
        path = '/api/v1/alerts/%s/acknowledge' % alert
        for head, code in (({'X-CSRF-Token': 'x'}, 'bad-csrf-token'), ({'X-CSRF-Token': ''}, 'bad-csrf-token'),
                           ({'Sec-Fetch-Site': 'cross-site', 'If-Match': '"1"'}, 'bad-csrf-token'),
                           ({}, 'version-needed'), ({'If-Match': '*'}, 'bad-request')):
            status, doc = client.call('POST', path, headers=head)
            assert doc['error']['code'] == code, (head, status, doc)
        assert client.call('POST', path, headers={'If-Match': '"1"'})[0] == 200
        status, doc = client.call('POST', path, headers={'If-Match': '"1"'})
        assert status == 409 and doc['error']['code'] == 'stale-version' and doc['error']['current']['version'] == 2, doc
        status, doc = client.call('POST', path, headers={'If-Match': '"2"'})
        assert status == 409 and doc['error']['code'] == 'not-allowed-now', doc
        status, doc = client.call('POST', '/api/v1/alerts/%s/resolve' % alert, {'version': 2})
        assert status == 400, doc
        status, doc = client.call('POST', '/api/v1/alerts/%s/resolve' % alert, {'version': 2, 'disposition': 'nuisance'})
        assert status == 200 and doc['state'] == 'resolved', doc
        status, doc = client.call('GET', '/api/v1/alerts/' + alert)
        assert [e['action'] for e in doc['history']] == ['alert.acknowledge', 'alert.resolve'], doc['history']
        assert client.call('DELETE', '/api/v1/session')[0] == 204
        assert client.call('GET', '/api/v1/session')[0] == 401


def a_guesser_is_slowed_down_and_learns_nothing():
    with Kit() as kit:
        client, times = kit.client(), {'admin': [], 'nobody': []}
        for i in range(3):
            for name in times:
                since = time.monotonic()
                status, doc = client.sign_in(name, 'wrong')
                times[name].append(time.monotonic() - since)
                assert (status, doc['error']['code']) == (401, 'wrong-password'), doc
        fast, slow = sorted(min(t) for t in times.values())
        assert slow < 3 * fast + 0.02, times
        codes = [client.sign_in('admin', 'wrong') for _ in range(8)]
        assert codes[-1][0] == 429 and codes[-1][1]['error']['code'] == 'too-many-attempts', codes[-1]
        assert 1 <= int(client.headers['Retry-After']) <= 60, client.headers
        assert client.sign_in('admin', kit.password)[0] == 429  # also the right one waits
        assert 'wrong' not in kit.log() and kit.password not in kit.log()


def what_is_asked_wrongly_is_refused_in_one_shape():
    with Kit() as kit:
        client = kit.client()
        client.sign_in('admin', kit.password)
        cases = [('GET', '/api/v1/nothing', None, 404, 'not-found'), ('GET', '/nothing.js', None, 404, 'not-found'),
                 ('GET', '/api/v1/alerts?colour=red', None, 400, 'bad-request'),
                 ('GET', '/api/v1/alerts?q=%ff', None, 400, 'bad-request'),
                 ('GET', '/api/v1/alerts?cursor=1', None, 400, 'bad-request'),
                 ('GET', '/api/v1/alerts/xyz', None, 404, 'not-found'),
                 ('GET', '/api/v1/media/..%2f..%2fsecrets', None, 404, 'not-found'),
                 ('GET', '/api/v1/media/gate-3.01a20992-6f11-7ba3-999b-1fbda3ea2858', None, 404, 'media-gone'),
                 ('DELETE', '/api/v1/alerts', None, 405, 'method-not-allowed'),
                 ('PUT', '/api/v1/alerts', b'{}', 501, 'not-implemented'),
                 ('POST', '/api/v1/session', b'{"name":', 400, 'bad-body'),
                 ('POST', '/api/v1/session', b'x' * 70000, 413, 'body-too-large'),
                 ('GET', '/' + 'a' * 3000, None, 414, 'target-too-long')]
        for method, path, body, status, code in cases:
            got = client.call(method, path, raw=body)
            assert got[0] == status and got[1]['error']['code'] == code and got[1]['error']['advice'], (path[:60], got)
        assert client.call('GET', '/api/v1/status', headers={'X-Much': 'y' * 15000})[0] == 200
        assert client.call('GET', '/api/v1/status', headers={'X-Much': 'y' * 17000})[0] == 431
        assert kit.console.poll() is None


def every_answer_bears_the_headers_that_protect_it():
    with Kit() as kit:
        client = kit.client()
        for path in ('/', '/api/v1/alerts', '/nothing', '/healthz', '/favicon.svg'):
            client.call('GET', path)
            head = client.headers
            policy = head['Content-Security-Policy']
            assert "default-src 'none'" in policy and 'unsafe' not in policy and "frame-ancestors 'none'" in policy
            assert head['X-Content-Type-Options'] == 'nosniff' and head['Referrer-Policy'] == 'no-referrer'
            assert head['Cache-Control'] == 'no-store', (path, head['Cache-Control'])
        page = client.call('GET', '/')[1].decode()
        script = page.split('src="')[1].split('"')[0]
        client.call('GET', script)
        assert 'immutable' in client.headers['Cache-Control']


def a_stream_misses_nothing_and_says_nothing_twice():
    with Kit() as kit:
        client = kit.client()
        client.sign_in('admin', kit.password)
        for i in range(5):
            kit.alert(age=100 - i)
        listed = wait(lambda: (lambda d: d if len(d['alerts']) == 5 else None)(
            client.call('GET', '/api/v1/alerts?state=unresolved')[1]))
        more = [kit.alert() for _ in range(3)]
        got = _alerts(_stream(kit, client, '?after=%d' % listed['position']))
        assert [a for _, a, _ in got] == more, (got, more)
        again = _alerts(_stream(kit, client, last=got[0][0], seconds=2))
        assert [a for _, a, _ in again] == more[1:], again
        # the console's memory begins anew: what was missed comes from the feed's table
        assert kit.stop_console()[0] == 0
        late = [kit.alert() for _ in range(2)]
        kit.start()
        back = _alerts(_stream(kit, client, last=got[-1][0], seconds=2))
        assert [a for _, a, _ in back] == late, (back, late)
        assert [i for i, _, _ in back] == sorted(i for i, _, _ in back)
        # a position from another database
        strange = _stream(kit, client, last=10**12, seconds=2)
        assert 'reset' in [name for name, _, _ in strange], strange


def a_term_signal_ends_it_quickly_with_streams_attached():
    with Kit() as kit:
        client = kit.client()
        client.sign_in('admin', kit.password)
        port, links = int(kit.url.rsplit(':', 1)[1]), []
        for _ in range(40):
            link = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
            link.request('GET', '/api/v1/stream', headers={'Cookie': client.cookie()})
            assert link.getresponse().status == 200
            links.append(link)
        wait(lambda: client.call('GET', '/api/v1/status')[1]['streams'] == 40)
        code, took = kit.stop_console()
        assert code == 0 and took < 3, (code, took, kit.log()[-2000:])


def too_many_pages_are_refused_and_gone_ones_make_room():
    with Kit() as kit:
        client = kit.client()
        client.sign_in('admin', kit.password)
        port, links, statuses = int(kit.url.rsplit(':', 1)[1]), [], []
        for _ in range(258):
            link = http.client.HTTPConnection('127.0.0.1', port, timeout=10)
            link.request('GET', '/api/v1/stream', headers={'Cookie': client.cookie()})
            statuses.append(link.getresponse().status)
            links.append(link)
        assert statuses.count(200) == 256 and statuses.count(503) == 2, statuses
        assert client.call('GET', '/api/v1/status')[1]['streams'] == 256
        for link in links:
            link.sock and link.sock.close()
            link.close()
        wait(lambda: client.call('GET', '/api/v1/status')[1]['streams'] == 0, 15)


def without_the_database_people_read_on_and_are_told():
    with Kit() as kit:
        client, other = kit.client(), kit.client()
        client.sign_in('admin', kit.password)
        alert = kit.alert('red')
        wait(lambda: client.call('GET', '/api/v1/alerts?state=unresolved')[1]['alerts'])
        kit.stub('pg-stop')
        wait(lambda: client.call('GET', '/api/v1/status')[1]['delayed_since'], 10)
        time.sleep(16)  # the session's copy is no longer fresh: grace, not memory, lets it in
        status, doc = client.call('GET', '/api/v1/alerts?state=unresolved')
        assert status == 200 and doc['alerts'][0]['alert'] == alert
        assert client.call('GET', '/api/v1/alerts/' + alert)[0] == 200
        assert client.call('GET', '/api/v1/cameras')[0] == 200
        status, doc = client.call('POST', '/api/v1/alerts/%s/acknowledge' % alert, headers={'If-Match': '"1"'})
        assert (status, doc['error']['code']) == (503, 'database-gone') and doc['error']['advice'], doc
        status, doc = client.call('GET', '/api/v1/alerts?state=resolved')
        assert (status, doc['error']['code']) == (503, 'database-gone'), doc
        assert other.sign_in('admin', kit.password)[0] == 503
        kit.stub('pg-start')
        wait(lambda: client.call('GET', '/api/v1/status')[1]['delayed_since'] is None, 20)
        assert client.call('POST', '/api/v1/alerts/%s/acknowledge' % alert, headers={'If-Match': '"1"'})[0] == 200


def accounts_are_made_limited_and_taken_away():
    with Kit() as kit:
        def user(*args):
            return kit.run('vedette-user', *args)
        assert 'admin' in user('list').stdout
        password = user('add', 'ann', '--role', 'operator', '--area', '4403/440305/park').stdout.strip()
        viewer = user('add', 'vera', '--role', 'viewer').stdout.strip()
        assert len(password) == 16 and user('add', 'ann').returncode == 1
        for more, said in ((('--area', '4403/440305/pakr'), "area '4403/440305/pakr' is not among"), (('--role', 'king'), "role 'king' is not one of")):
            refused = user('add', 'eve', *more)
            assert refused.returncode == 1 and said in refused.stderr and 'eve' not in user('list').stdout, refused
        ann, vera = kit.client(), kit.client()
        assert ann.sign_in('ann', password)[0] == 200 and vera.sign_in('vera', viewer)[0] == 200
        hidden, seen = kit.alert(), kit.alert(camera='lobby', area='4403/440305/park')
        wait(lambda: len(vera.call('GET', '/api/v1/alerts?state=unresolved')[1]['alerts']) == 2)
        for path in ('/api/v1/alerts?state=unresolved', '/api/v1/alerts?state=open'):
            assert [a['alert'] for a in ann.call('GET', path)[1]['alerts']] == [seen], path
        assert ann.call('GET', '/api/v1/alerts/' + hidden)[0] == 404
        assert ann.call('POST', '/api/v1/alerts/%s/acknowledge' % hidden, headers={'If-Match': '"1"'})[0] == 404
        assert {c['area'] for c in ann.call('GET', '/api/v1/cameras')[1]['cameras']} == {'4403/440305/park'}
        picture = vera.call('GET', '/api/v1/alerts/' + hidden)[1]['media']['snapshot']
        assert ann.call('GET', '/api/v1/media/' + picture)[0] == 404
        assert [a for _, a, _ in _alerts(_stream(kit, ann, '?after=0', seconds=2))] == [seen]
        status, doc = vera.call('POST', '/api/v1/alerts/%s/acknowledge' % seen, headers={'If-Match': '"1"'})
        assert (status, doc['error']['code']) == (403, 'forbidden')
        user('disable', 'ann')
        wait(lambda: ann.call('GET', '/api/v1/session')[0] == 401, 20)
        fresh = user('reset-password', 'vera').stdout.strip()
        wait(lambda: vera.call('GET', '/api/v1/session')[0] == 401, 20)
        assert vera.sign_in('vera', fresh)[0] == 200


def metrics_are_for_this_machine_or_the_bearer():
    with Kit("\n", token='a-token-of-sixteen') as kit:
        client = kit.client()
        text = client.call('GET', '/metrics')[1].decode()
        assert 'vedette_console_requests_total' in text and 'vedette_console_request_seconds_bucket' in text
        assert client.call('GET', '/metrics', headers={'X-Forwarded-For': '10.0.0.1'})[0] == 403
        head = {'X-Forwarded-For': '10.0.0.1', 'Authorization': 'Bearer a-token-of-sixteen'}
        assert client.call('GET', '/metrics', headers=head)[0] == 200


def it_makes_a_certificate_of_its_own_and_keeps_it():
    with Kit(tls=True) as kit:
        context = ssl.create_default_context(cafile=str(kit.state / 'console/cert.pem'))
        context.check_hostname = False
        port = int(kit.url.rsplit(':', 1)[1])
        link = http.client.HTTPSConnection('127.0.0.1', port, context=context, timeout=10)
        link.request('POST', '/api/v1/session', json.dumps({'name': 'admin', 'password': kit.password}),
                     {'Content-Type': 'application/json'})
        answer = link.getresponse()
        assert answer.status == 200 and 'Secure' in answer.headers['Set-Cookie']
        assert answer.headers['Set-Cookie'].startswith('__Host-vedette=')
        assert 'max-age' in answer.headers['Strict-Transport-Security']
        key = kit.state / 'console/key.pem'
        before = key.read_bytes()
        assert os.stat(key).st_mode & 0o777 == 0o600
        kit.stop_console()
        kit.start()
        assert key.read_bytes() == before


def many_at_once_are_served_or_told_to_wait():
    with Kit() as kit:
        clients = [kit.client() for _ in range(12)]
        first = clients[0]
        first.sign_in('admin', kit.password)
        for client in clients[1:]:
            client.opener, client.csrf = first.opener, first.csrf
        alerts, bad, done = [kit.alert() for _ in range(20)], [], []
        wait(lambda: len(first.call('GET', '/api/v1/alerts?state=unresolved')[1]['alerts']) == 20)

        def work(client, n):
            for i in range(25):
                alert = alerts[(n + i) % len(alerts)]
                for method, path, head in (('GET', '/api/v1/alerts?state=open,acknowledged', {}),
                                           ('POST', '/api/v1/alerts/%s/acknowledge' % alert, {'If-Match': '"1"'}),
                                           ('GET', '/api/v1/alerts/' + alert, {})):
                    status, _ = client.call(method, path, headers=head)
                    done.append((method, status))
                    if status not in (200, 409, 503):
                        bad.append((path, status))
        threads = [threading.Thread(target=work, args=(c, n)) for n, c in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not bad, bad[:5]
        assert done.count(('POST', 200)) == 20, done.count(('POST', 200))
        assert len(done) == 12 * 25 * 3


if __name__ == '__main__':
    run_tests(dict(globals()), sys.argv[1:])
