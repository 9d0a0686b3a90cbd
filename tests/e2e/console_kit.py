"""A console with a real PostgreSQL and a stand-in for what lies before it, and real browsers."""
import ctypes
import http.cookiejar
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from harness import free_port

SRC = pathlib.Path(os.environ.get('VD_SRC', pathlib.Path(__file__).parents[2]))
BIN = pathlib.Path(os.environ.get('VD_BIN', SRC / 'build/dev/bin'))
SUPPORT = BIN.parent / 'tests/support'
SHOTS = BIN.parent / 'screenshots'
os.environ.setdefault('TSAN_OPTIONS', 'suppressions=%s' % (SRC / 'tests/tsan.supp'))

CONFIG = '''areas:
  - {code: "4403", name: Shenzhen}
  - {code: 4403/440305, name: Nanshan}
  - {code: 4403/440305/harbour, name: Harbour}
  - {code: 4403/440305/park, name: 公园 Park}
console: {listen: "127.0.0.1:PORT", sse_heartbeat: 1s}
database: {retry: 200ms}
'''
CAMERAS = [('gate-3', 'North gate', 'harbour'), ('dock', 'Dock', 'harbour'), ('yard', 'Container yard', 'harbour'),
           ('lobby', 'Lobby', 'park'), ('road', 'Ring road east', 'park'), ('quiet', 'Back fence', 'park')]


def _with_us():
    """In a child: ends when the test does, however that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def wait(what, seconds=10, each=0.05):
    """Waits until what() is true and returns it."""
    end = time.monotonic() + seconds
    while True:
        got = what()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError('waited %d s in vain for %s' % (seconds, what.__doc__ or what))
        time.sleep(each)


class Host:
    """Somewhere that a console is: where browsers look."""

    def __init__(self, folder, url='', password=''):
        self.dir, self.url, self.password, self.browsers = folder, url, password, []

    def browser(self, width=1280, height=720, before=''):
        from selenium import webdriver
        options = webdriver.ChromeOptions()
        for flag in ('--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
                     '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--force-device-scale-factor=1',
                     '--user-data-dir=%s' % tempfile.mkdtemp(dir=self.dir), '--window-size=%d,%d' % (width, height)):
            options.add_argument(flag)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
        options.binary_location = '/usr/bin/chromium'
        from selenium.webdriver.chrome.service import Service
        driver = webdriver.Chrome(service=Service('/usr/bin/chromedriver'), options=options)
        driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride',
                               {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})
        if before:
            driver.execute_cdp_cmd('Page.addScriptToEvaluateOnNewDocument', {'source': before})
        self.browsers.append(driver)
        return Page(driver, self)

    def close_browsers(self):
        for browser in self.browsers:
            browser.quit()


class Kit(Host):
    def __init__(self, extra='', token=None, tls=False):
        super().__init__(pathlib.Path(tempfile.mkdtemp(prefix='vd-console-')))
        self.state, self.config, self.pictures = self.dir / 'state', self.dir / 'config', self.dir / 'pictures'
        for folder in ('state/run', 'state/secrets', 'config/cameras', 'config/rules', 'pictures', 'frames'):
            (self.dir / folder).mkdir(parents=True)
        os.chmod(self.state / 'run', 0o755)
        for role in ('vedette_console', 'vedette_router', 'vedette_reader'):
            (self.state / 'secrets' / role).write_text('unused\n')
            os.chmod(self.state / 'secrets' / role, 0o600)
        text = CONFIG.replace('PORT', str(free_port())) + extra
        if token:
            text = text.replace('sse_heartbeat: 1s', 'sse_heartbeat: 1s, metrics_token_file: secrets/metrics')
            (self.config / 'secrets').mkdir()
            (self.config / 'secrets/metrics').write_text(token + '\n')
            os.chmod(self.config / 'secrets/metrics', 0o600)
        if tls:
            text = text.replace('sse_heartbeat: 1s', 'sse_heartbeat: 1s, tls: {generate: true}')
        self.tls = tls
        (self.config / 'vedette.yaml').write_text(text)
        for ident, name, area in CAMERAS:
            (self.config / 'cameras' / (ident + '.yaml')).write_text(
                'cameras:\n  - {id: %s, name: "%s", area: 4403/440305/%s, url: "rtsp://127.0.0.1:1/x"}\n' % (ident, name, area))
        self.frames = self._frames()
        self.stub_process = subprocess.Popen([SUPPORT / 'console_stub', self.state, self.pictures],
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                             preexec_fn=_with_us)
        assert self.stub_process.stdout.readline().strip() == 'ready'
        self.console = self.router = None
        self.start_router()
        self.start()

    def _frames(self):
        source = '/usr/share/doc/opencv-doc/examples/data/vtest.avi'
        args = ['-ss', '20', '-i', source] if os.path.exists(source) else ['-f', 'lavfi', '-i', 'testsrc2=s=768x576:r=10']
        subprocess.run(['ffmpeg', '-v', 'error', *args, '-frames:v', '12', '-r', '1', '-q:v', '4',
                        str(self.dir / 'frames/%02d.jpg')], check=False)
        return sorted((self.dir / 'frames').glob('*.jpg'))

    def start_router(self):
        log = open(self.dir / 'router.log', 'a')
        self.router = subprocess.Popen([BIN / 'vedette-router', '--config', self.config, '--state', self.state], stderr=log,
                                       preexec_fn=_with_us)

    def stop_router(self):
        self.router.send_signal(signal.SIGTERM)
        self.router.wait(10)

    def start(self):
        log = open(self.dir / 'console.log', 'a')
        begun = len((self.dir / 'console.log').read_text().splitlines())
        self.console = subprocess.Popen([BIN / 'vedette-console', '--config', self.config, '--state', self.state], stderr=log,
                                       preexec_fn=_with_us)
        text = wait(lambda: [l for l in (self.dir / 'console.log').read_text().splitlines()[begun:] if 'console.ready' in l], 30)
        self.url = 'http%s://127.0.0.1:%s' % ('s' if self.tls else '', text[-1].rsplit('port=', 1)[1])
        wait(lambda: (self.state / 'secrets/first-password').exists(), 10)
        wait(lambda: all(self.client().call('GET', '/healthz')[1].values()), 20)
        self.password = (self.state / 'secrets/first-password').read_text().strip()

    def run(self, program, *args):
        return subprocess.run([BIN / program, *args, '--config', self.config, '--state', self.state],
                              capture_output=True, text=True, timeout=60, check=False)

    def log(self):
        return (self.dir / 'console.log').read_text()

    def stop_console(self):
        began = time.monotonic()
        self.console.send_signal(signal.SIGTERM)
        code = self.console.wait(10)
        return code, time.monotonic() - began

    def stub(self, *fields):
        self.stub_process.stdin.write('\t'.join(str(f) for f in fields) + '\n')
        self.stub_process.stdin.flush()
        return self.stub_process.stdout.readline().strip()

    def alert(self, severity='yellow', camera='gate-3', area='4403/440305/harbour', kind='motion', zone='drive',
              rule='night-gate', action='Look at the gate; send the patrol if the gate is open.', picture=0, age=0, peak=0.37):
        path = self.frames[picture % len(self.frames)] if self.frames and picture is not None else ''
        return self.stub('alert', severity, camera, area, kind, zone, rule, action, path, age, peak)

    def client(self):
        return Client(self.url)

    def close(self, keep=False):
        self.close_browsers()
        if self.console and self.console.poll() is None:
            self.stop_console()
        if self.router and self.router.poll() is None:
            self.stop_router()
        self.stub_process.stdin.close()
        self.stub_process.wait(15)
        bad = [l for l in self.log().splitlines() if 'Sanitizer' in l or 'runtime error:' in l]
        if not keep and not bad:
            shutil.rmtree(self.dir, ignore_errors=True)
        assert not bad, (bad[:3], str(self.dir))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            sys.stderr.write(self.log()[-4000:] + (self.dir / 'router.log').read_text()[-3000:])
        self.close()


class Client:
    """A program that talks to the API."""

    def __init__(self, url):
        self.url, self.csrf, self.jar = url, '', http.cookiejar.CookieJar()
        insecure = ssl.create_default_context()
        insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar),
                                                  urllib.request.HTTPSHandler(context=insecure))

    def cookie(self):
        return '; '.join('%s=%s' % (c.name, c.value) for c in self.jar)

    def call(self, method, path, body=None, headers=None, raw=None):
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.url + path, data=data, method=method)
        if data is not None:
            request.add_header('Content-Type', 'application/json')
        if method != 'GET':
            request.add_header('X-CSRF-Token', self.csrf)
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with self.opener.open(request, timeout=15) as answer:
                text = answer.read()
                self.headers = answer.headers
                return answer.status, json.loads(text) if text and 'json' in answer.headers['Content-Type'] else text
        except urllib.error.HTTPError as error:
            text = error.read()
            self.headers = error.headers
            return error.code, json.loads(text) if text[:1] == b'{' else text

    def sign_in(self, name, password):
        status, doc = self.call('POST', '/api/v1/session', {'name': name, 'password': password})
        if status == 200:
            self.csrf = doc['csrf']
        return status, doc


class Page:
    """A browser that looks at the console."""

    def __init__(self, driver, kit):
        self.driver, self.kit = driver, kit

    def one(self, css):
        found = self.driver.find_elements('css selector', css)
        return found[0] if found else None

    def all(self, css):
        return self.driver.find_elements('css selector', css)

    def text(self, css):
        return self.driver.execute_script(
            'const e = document.querySelector(arguments[0]); return e ? e.innerText : ""', css)

    def wait(self, css, seconds=10):
        return wait(lambda: self.one(css), seconds)

    def wait_text(self, css, part, seconds=10):
        def found():
            return part.lower() in self.text(css).lower()
        found.__doc__ = '%r in %s' % (part, css)
        return wait(found, seconds)

    def wait_gone(self, css, seconds=10):
        return wait(lambda: not self.all(css), seconds)

    def sign_in(self, name='admin', password=None):
        self.driver.get(self.kit.url + '/')
        self.wait('input[name=name]').send_keys(name)
        self.one('input[name=password]').send_keys((password or self.kit.password) + '\n')
        self.wait('.head')

    def keys(self, text):
        from selenium.webdriver import ActionChains
        ActionChains(self.driver).send_keys(text).perform()

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / (name + '.png')
        self.driver.save_screenshot(str(path))
        return path

    def errors(self):
        """What the page complained about: there must be nothing."""
        return [e for e in self.driver.get_log('browser')
                if e['level'] == 'SEVERE' and '401' not in e['message'] and '409' not in e['message']
                and '503' not in e['message'] and '404' not in e['message'] and '429' not in e['message']]

    def requests(self):
        """Every address that the browser asked for."""
        urls = []
        for entry in self.driver.get_log('performance'):
            message = json.loads(entry['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                urls.append(message['params']['request']['url'])
        return urls
