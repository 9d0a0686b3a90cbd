"""The console's page in real browsers, on a real console, router and PostgreSQL. Screenshots stay
in build/<preset>/screenshots."""

import sys
import time

from console_kit import CAMERAS, Host, Kit, wait
from harness import artefacts, run_tests, wait_for
from system import System

HARBOUR, PARK = '4403/440305/harbour', '4403/440305/park'
# A page that can be made deaf: what a slow network does, at the moment that the test chooses.
DEAF = '''const Real = window.EventSource;
window.EventSource = class extends Real {
  addEventListener(type, f) { super.addEventListener(type, (e) => { if (!window.deaf) f(e); }); }
};'''


def _night(kit):
    """What a quiet night looks like by four in the morning. Returns the newest alert."""
    kit.alert('green', 'road', PARK, 'motion', 'lane', 'road-count', 'Nothing to do; close it when the lane is free.', 1, 5400, 0.08)
    lobby = kit.alert('yellow', 'lobby', PARK, 'motion', 'door', 'lobby-night', 'Look who is in the lobby; call the desk.', 2, 2700, 0.12)
    kit.stub('state', lobby, 'acknowledged', 'm.chen')
    kit.alert('yellow', 'quiet', PARK, 'covered', '', 'camera-health', 'Send a technician: something is in front of the camera.', 3, 1500, 0.9)
    dock = kit.alert('red', 'dock', HARBOUR, 'motion', 'quay', 'dock-night', 'Look at the quay; send the patrol boat if somebody is on it.', 4, 900, 0.31)
    kit.stub('state', dock, 'acknowledged', 's.okafor')
    kit.alert('yellow', 'yard', HARBOUR, 'motion', 'fence', 'yard-fence', 'Look along the fence; the patrol passes at 23:00.', 6, 240, 0.05)
    for ident, _, area in CAMERAS:
        kit.stub('camera', ident, '4403/440305/' + area, 'online', '', 90000)
    kit.stub('camera', 'lobby', PARK, 'degraded', 'stalled: no packet for 12 s', 14)
    kit.stub('camera', 'road', PARK, 'lost', 'RTSP 401: the camera refused user and password', 1900)
    return kit.alert('red', 'gate-3', HARBOUR, 'motion', 'drive', 'night-gate', 'Look at the gate; send the patrol if the gate is open.', 7, 65, 0.37)


CONTRAST = '''
const rgb = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const over = (top, under) => { const a = top[3] === undefined ? 1 : top[3]; return [0, 1, 2].map((i) => top[i] * a + under[i] * (1 - a)); };
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const ground = (e) => { const chain = []; for (let n = e; n; n = n.parentElement) chain.unshift(rgb(getComputedStyle(n).backgroundColor));
  return chain.reduce((under, top) => over(top, under), [0, 0, 0]); };
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const e = walk.currentNode.parentElement, text = walk.currentNode.data.trim();
  if (!text || !e.checkVisibility() || e.closest(':disabled, script, style, option')) continue;
  let opacity = 1;
  for (let n = e; n; n = n.parentElement) opacity *= Number(getComputedStyle(n).opacity);
  const under = ground(e), fore = rgb(getComputedStyle(e).color);
  const c = over([fore[0], fore[1], fore[2], (fore[3] === undefined ? 1 : fore[3]) * opacity], under);
  const [hi, lo] = [light(c), light(under)].sort((a, b) => b - a), ratio = (hi + 0.05) / (lo + 0.05);
  const style = getComputedStyle(e), size = parseFloat(style.fontSize);
  if (ratio < (size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 600) ? 3 : 4.5)) bad.push(text.slice(0, 30) + ' ' + ratio.toFixed(2));
}
return bad;
'''


def _row(alert):
    return '#alert-' + alert


def _well(*pages):
    for page in pages:
        assert page.errors() == [], page.errors()
        outside = [u for u in page.requests() if u.startswith('http') and not u.startswith(page.kit.url)]
        assert outside == [], outside


def two_people_share_one_night():
    with Kit() as kit:
        newest = _night(kit)
        ann = kit.browser(1280, 720, DEAF)
        ann.driver.get(kit.url + '/')
        ann.wait('input[name=name]').send_keys('admin')
        ann.one('input[name=password]').send_keys('wrong\n')
        ann.wait_text('.sign-in', 'Name or password is wrong')
        ann.shot('sign-in-refused')
        ann.sign_in()
        ann.wait(_row(newest))
        ann.shot('alerts-1280')
        bob = kit.browser(1920, 1080)
        bob.sign_in()
        bob.wait(_row(newest))

        # a new alert appears by itself, on top
        time.sleep(0.5)
        fresh = kit.alert('red', 'yard', HARBOUR, 'motion', 'fence', 'yard-fence', 'Look along the fence.', 8)
        for page in (ann, bob):
            page.wait(_row(fresh), 5)
            assert page.all('.row')[0].get_attribute('data-id') == fresh
        bob.keys('j')
        bob.wait_text('.detail', 'Look along the fence')
        wait(lambda: bob.driver.execute_script(
            'const i = document.querySelector("vd-snapshot[large] img"); return i && i.naturalWidth > 0'))
        bob.shot('alerts-1920')

        # one acknowledges by key, the other sees it
        bob.keys('a')
        bob.wait('.detail .chip.acknowledged')
        ann.wait(_row(fresh) + '.acknowledged', 5)
        assert 'admin' in ann.text(_row(fresh) + ' .hold')

        # who acts on what is no longer so is told so, and sees who was faster
        ann.driver.execute_script('window.deaf = true')
        ann.driver.execute_script('location.hash = "#/alerts/%s"' % newest)
        ann.wait('#acknowledge')
        password = kit.run('vedette-user', 'add', 'okafor').stdout.strip()
        okafor = kit.client()
        okafor.sign_in('okafor', password)
        assert okafor.call('POST', '/api/v1/alerts/%s/acknowledge' % newest, headers={'If-Match': '"1"'})[0] == 200
        bob.wait(_row(newest) + '.acknowledged')
        ann.keys('a')
        ann.wait_text('.notice', 'Not acknowledged: North gate')
        assert 'okafor' in ann.text('.notice')
        ann.wait('.detail .chip.acknowledged')
        ann.shot('stale-refused')
        ann.driver.execute_script('window.deaf = false')

        # resolved with what it was, and gone from both lists
        bob.driver.execute_script('location.hash = "#/alerts/%s"' % newest)
        bob.wait_text('.detail', 'North gate')
        bob.keys('r')
        bob.wait('[data-as=nuisance]').click()
        bob.wait_gone(_row(newest))
        ann.wait_gone(_row(newest))
        bob.wait_text('.detail', 'resolved as nuisance')
        bob.shot('resolved')
        _well(ann, bob)


def a_rule_that_counts_on_takes_nothing_out_of_a_hand():
    with Kit() as kit:
        ident = kit.alert('red', 'dock', HARBOUR, picture=None)
        page = kit.browser(1280, 720, DEAF)
        page.sign_in()
        page.wait(_row(ident))
        page.keys('j')
        page.wait('#acknowledge')
        page.driver.execute_script('window.deaf = true')
        for _ in range(2):
            kit.stub('again', ident)
        page.keys('a')
        page.wait('.detail .chip.acknowledged')
        page.wait_text('.detail', '3, over')
        assert not page.all('.notice')
        page.driver.execute_script('window.deaf = false')
        kit.stub('again', ident)
        page.wait_text('.row .more', '+')
        cut = page.driver.execute_script("""const name = document.querySelector('.row .place strong'), more = document.querySelector('.row .more');
            return [name.scrollWidth - name.clientWidth, more.clientWidth];""")
        assert cut[0] <= 0 and cut[1] < 80, 'the number of happenings takes the place of the name: %s' % cut
        _well(page)


def what_happens_before_a_camera_is_seen_in_the_browser():
    """All of it real: a simulated camera, worker, router, PostgreSQL, console, browser."""
    cameras = {"gate": "scene=gate+loop=20+crossings=3+seed=5 gop=10", "yard": "scene=yard+loop=24+crossings=3+seed=3 gop=10"}
    with System("page", cameras) as system:
        system.start()
        host = Host(artefacts('page-browser'), 'http://127.0.0.1:%d' % system.port)
        with open(system.state + '/secrets/first-password', encoding='ascii') as text:
            host.password = text.read().strip()
        try:
            page = host.browser(1920, 1080)
            wait_for(lambda: system.api(), 20, 'the first user')
            page.sign_in()
            count = len(page.all('.row'))
            wait_for(lambda: len(page.all('.row')) > count + 1, 60, 'alerts, without a reload', system.tail)
            page.keys('j')
            page.wait('.detail')
            wait(lambda: page.driver.execute_script(
                'const i = document.querySelector("vd-snapshot[large] img"); return i && i.naturalWidth > 0'))
            assert page.all('.detail .boxes rect')
            page.wait_text('.detail', 'motion covered')
            page.shot('generated-scenes-1920')
            page.keys('a')
            page.wait('.detail .chip.acknowledged')
            page.keys('2')
            wait(lambda: len(page.all('.camera.good')) == 2, 10)
            page.shot('generated-cameras-1920')
            _well(page)
        finally:
            host.close_browsers()


def it_says_when_what_it_shows_is_late():
    with Kit() as kit:
        newest = _night(kit)
        page = kit.browser()
        page.sign_in()
        page.wait(_row(newest))
        # nobody touched this page since it was loaded: it may not sound, and says so at once
        page.driver.refresh()
        page.wait('#banner-sound').click()
        page.wait_gone('#banner-sound')
        kit.stub('pg-stop')
        page.wait_text('.banners', 'Alerts delayed since', 15)
        page.keys('j')
        page.wait('.detail')
        wait(lambda: page.one('#acknowledge') and not page.one('#acknowledge').is_enabled())
        page.shot('late')
        kit.stub('pg-start')
        page.wait_gone('#banner-late', 20)
        wait(lambda: page.one('#acknowledge') and page.one('#acknowledge').is_enabled())

        # the console itself goes and comes back: no reload, nothing lost, nothing twice
        page.driver.execute_script('window.mark = 1')
        port = kit.url
        kit.stop_console()
        page.wait_text('.banners', 'Not connected', 15)
        page.shot('lost')
        missed = kit.alert('yellow', 'dock', HARBOUR, 'motion', 'quay', 'dock-night', 'Look at the quay.', 4)
        kit.start()
        assert kit.url == port
        page.wait_gone('#banner-link', 30)
        page.keys('\ue011')  # Home
        page.wait(_row(missed), 20)
        assert len(page.all(_row(missed))) == 1 and page.driver.execute_script('return window.mark') == 1

        # signed out elsewhere
        kit.run('vedette-user', 'disable', 'admin')
        page.wait('input[name=name]', 40)
        page.wait_text('.sign-in', 'signed out')


def every_word_can_be_read_and_every_button_has_a_name():
    with Kit() as kit:
        _night(kit)
        page = kit.browser(1280, 720)
        page.driver.get(kit.url)
        page.wait('input[name=name]')
        bad = {'sign-in': page.driver.execute_script(CONTRAST)}
        page.sign_in()
        page.wait('.row')
        page.keys('j')
        page.wait('.detail')
        time.sleep(1.5)  # the highlight of what is fresh fades
        bad['alerts'] = page.driver.execute_script(CONTRAST)
        for key, css in (('2', '.camera'), ('3', '.results .row')):
            page.keys(key)
            page.wait(css)
            bad[css] = page.driver.execute_script(CONTRAST)
        assert not any(bad.values()), bad
        for css in ('button', 'a', 'input', 'select'):
            for element in page.all(css):
                assert element.accessible_name or not element.is_displayed(), element.get_attribute('outerHTML')
        # the keyboard alone reaches everything, and one sees where it is
        seen = set()
        for _ in range(40):
            page.keys('\ue004')
            seen.add(page.driver.execute_script(
                'const e = document.activeElement; return e.tagName + ":" + (e.type === "datetime-local" || getComputedStyle(e).outlineStyle !== "none")'))
        assert all(s.endswith('true') for s in seen if not s.startswith('BODY')), seen


def nothing_moves_under_the_hand():
    with Kit() as kit:
        for i in range(30):
            kit.alert('yellow', 'gate-3', HARBOUR, picture=None, age=3000 - i)
        page = kit.browser()
        page.sign_in()
        page.wait('.row')
        wait(lambda: page.text('.list-head').startswith('30 '))
        from selenium.webdriver import ActionChains
        third = page.all('.row')[2]
        place, ident = third.location['y'], third.get_attribute('data-id')
        ActionChains(page.driver).move_to_element(third).perform()
        new = kit.alert('red', 'dock', HARBOUR)
        page.wait_text('.new-bar', '1 new alert, 1 red')
        assert page.one(_row(ident)).location['y'] == place and not page.all(_row(new))
        page.shot('held')
        page.one('.new-bar').click()
        page.wait(_row(new))
        # scrolled away: they wait as well; few rows exist, however many there are
        page.driver.execute_script('document.querySelector(".scroller").scrollTop = 900')
        time.sleep(0.3)
        assert len(page.all('.row')) < 24, len(page.all('.row'))
        top = page.driver.execute_script('return document.querySelector(".scroller").scrollTop')
        kit.alert('green', 'dock', HARBOUR)
        page.wait_text('.new-bar', '1 new')
        assert page.driver.execute_script('return document.querySelector(".scroller").scrollTop') == top
        # the keys walk the list and keep what is chosen in sight
        for _ in range(12):
            page.keys('j')
        chosen = page.wait('.row[aria-selected=true]')
        box = page.one('.scroller').rect
        assert box['y'] <= chosen.rect['y'] <= box['y'] + box['height'] - chosen.rect['height'] + 1, (box, chosen.rect)
        _well(page)


def what_people_write_is_shown_as_text():
    with Kit() as kit:
        text = '<img src=x onerror=alert(1)><b>bold</b> "quoted" \u202eright-to-left\u202c 公园 ' + 'long ' * 40
        ident = kit.alert('red', 'gate-3', HARBOUR, zone='<script>', rule='<i>rule</i>', action=text, picture=None)
        page = kit.browser()
        page.sign_in()
        page.wait(_row(ident))
        page.keys('j')
        page.wait_text('.todo', '<img src=x onerror=alert(1)><b>bold</b>')
        assert not page.all('.todo img') and not page.all('.row b b') and not page.all('.row script')
        page.shot('markup')
        _well(page)


def the_past_is_found_again():
    with Kit() as kit:
        for i in range(60):
            kit.alert(('red', 'yellow', 'green')[i % 3], ('dock', 'yard')[i % 2], HARBOUR, picture=None, age=86400 + i * 60)
        _night(kit)
        page = kit.browser(1920, 1080)
        page.sign_in()
        page.keys('/')
        page.wait('.results .row')
        assert len(page.all('.results .row')) == 50
        page.one('.more-button').click()
        wait(lambda: len(page.all('.results .row')) == 66)
        page.wait_text('.results', 'That is all')
        page.shot('search-1920')
        page.driver.get(kit.url + '/#/search?camera=yard&severity=red')
        page.driver.refresh()
        wait(lambda: len(page.all('.results .row')) == 10)
        assert page.one('select[name=camera]').get_attribute('value') == 'yard'
        page.one('input[name=q]').send_keys('no such words\n')
        page.wait_text('.results', 'Nothing found')
        page.keys('\ue00c')  # Escape leaves the field
        page.keys('2')
        page.wait('.camera.bad')
        assert 'Ring road east' in page.all('.camera')[0].text and 'password_file' in page.all('.camera')[0].text
        page.shot('cameras-1920')
        kit.stub('camera', 'dock', HARBOUR, 'lost', 'connection refused', 1)
        page.wait_text('.camera.bad[data-id=dock]', 'Nothing listens there', 10)
        page.keys('?')
        page.wait('dialog[open]')
        page.shot('help-1920')
        _well(page)


if __name__ == '__main__':
    run_tests(dict(globals()), sys.argv[1:])
