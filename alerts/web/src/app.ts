// The frame: where one is, what is open, the keys. The address says it all, so that a link or a
// reload leads to the same place.
import {html} from 'lit';
import './alert-detail.ts';
import type {AlertDetail} from './alert-detail.ts';
import './alert-list.ts';
import type {AlertList} from './alert-list.ts';
import {banners, notices} from './banners.ts';
import './camera-list.ts';
import './clip.ts';
import {Element} from './element.ts';
import './live-view.ts';
import type {LiveView} from './live-view.ts';
import './search-view.ts';
import {cameraMark, severityMark} from './shapes.ts';
import './sign-in.ts';
import './snapshot.ts';
import {onSoundChange, openSound, soundIsMuted, toggleSound} from './sound.ts';
import {store} from './store.ts';
import {cameraWords, clock, day, help} from './text.ts';
import type {Severity} from './types.ts';

type View = 'alerts' | 'cameras' | 'search' | 'live';
const views: [View, string][] = [['alerts', 'Alerts'], ['cameras', 'Cameras'], ['search', 'Search'], ['live', 'Live']];

export class App extends Element {
  static override properties = {view: {state: true}, selected: {state: true}, query: {state: true}, severity: {state: true}};
  declare view: View;
  declare selected: string | null;
  declare query: string;
  declare severity: Severity | null;

  constructor() {
    super();
    this.view = 'alerts';
    this.selected = null;
    this.query = '';
    this.severity = null;
    this.read();
    addEventListener('hashchange', () => this.read());
    addEventListener('keydown', (e) => this.key(e));
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => void openSound(), {passive: true});
    onSoundChange(() => this.requestUpdate());
    void openSound();
    void store.start();
  }

  private read(): void {
    const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    const [view = '', id = ''] = path.split('/');
    this.view = view === 'cameras' || view === 'search' || view === 'live' ? view : 'alerts';
    this.selected = id || null;
    this.query = query;
  }

  private go(view: View, id: string | null): void {
    const query = view === 'search' && this.query ? `?${this.query}` : '';
    const hash = `#/${view}${id ? '/' + id : ''}${query}`;
    if (location.hash === hash) return;
    history.replaceState(null, '', hash);
    this.read();
  }

  private get list(): AlertList | null {
    return this.querySelector('vd-alert-list');
  }

  private get detail(): AlertDetail | null {
    return this.querySelector('vd-alert-detail');
  }

  private get live(): LiveView | null {
    return this.querySelector('vd-live');
  }

  private get dialog(): HTMLDialogElement | null {
    return this.querySelector('dialog');
  }

  private key(e: KeyboardEvent): void {
    const target = e.target as HTMLElement;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
    if (!store.session || e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === 'Escape' && typing) target.blur();
    if (typing || (e.key === 'Enter' && /^(BUTTON|A)$/.test(target.tagName))) return;
    const actions: Record<string, () => void> = {
      j: () => this.list?.move(1), ArrowDown: () => this.list?.move(1),
      k: () => this.list?.move(-1), ArrowUp: () => this.list?.move(-1),
      PageDown: () => (this.live ? this.live.turn(1) : this.list?.move(6)), PageUp: () => (this.live ? this.live.turn(-1) : this.list?.move(-6)),
      ArrowRight: () => this.live?.move(1), ArrowLeft: () => this.live?.move(-1),
      l: () => { const camera = this.detail?.current?.camera; if (camera) location.hash = `#/live/${camera}`; },
      Home: () => this.list?.showHeld(),
      a: () => void this.detail?.work?.act('acknowledge'), t: () => void this.detail?.work?.act('take'),
      r: () => this.detail?.work?.ask('resolve'), d: () => this.detail?.work?.ask('dispatch'), n: () => this.detail?.work?.ask('note'),
      s: () => this.list?.toggleUrgent(), m: () => toggleSound(),
      1: () => this.go('alerts', null), 2: () => this.go('cameras', null), 3: () => this.go('search', null), 4: () => this.go('live', null),
      '/': () => { this.go('search', null); void this.updateComplete.then(() => this.querySelector<HTMLElement>('vd-search')?.focus()); },
      '?': () => (this.dialog?.open ? this.dialog.close() : this.dialog?.showModal()),
      Escape: () => this.escape(),
    };
    const action = actions[e.key];
    if (!action || (this.dialog?.open && e.key !== '?')) return;
    e.preventDefault();
    action();
  }

  private escape(): void {
    const work = this.detail?.work;
    if (work?.asking) work.asking = null;
    else this.go(this.view, null);
  }

  private head() {
    const open = [...store.alerts.values()].filter((a) => a.state === 'open' && !a.suppressed_by && !a.shelved);
    const cams = [...store.cameras.values()].filter((c) => c.enabled);
    const online = cams.filter((c) => cameraWords(c).level === 'good').length;
    const count = (s: Severity) => open.filter((a) => a.severity === s).length;
    const now = store.now();
    return html`<header class="head">
      <a class="brand" href="#/alerts"><img src="/favicon.svg" alt="" width="28" height="28">Vedette</a>
      <nav aria-label="Views">${views.map(([v, word], i) => html`<a href=${'#/' + v} aria-current=${this.view === v ? 'page' : 'false'} title=${String(i + 1)}>${word}</a>`)}</nav>
      <div class="tallies" role="group" aria-label="Open alerts">${(['red', 'yellow', 'green'] as Severity[]).map((s) => html`
        <button class="tally ${s} ${count(s) ? '' : 'none'}" aria-pressed=${this.severity === s}
          aria-label=${`${count(s)} open ${s} alerts; show only these`}
          @click=${() => { this.severity = this.severity === s ? null : s; this.go('alerts', this.selected); }}>${severityMark(s, count(s) > 0)}<b>${count(s)}</b></button>`)}</div>
      <a class="online ${online < cams.length ? 'short' : ''}" href="#/cameras" title="cameras online">${cameraMark(online < cams.length ? 'wait' : 'good')}<span><b>${online}</b>/${cams.length} cameras</span></a>
      <span class="grow"></span>
      <button class="quiet" id="sound" aria-pressed=${!soundIsMuted()} title="m" @click=${() => toggleSound()}>${soundIsMuted() ? 'Sound off' : 'Sound on'}</button>
      <button class="quiet" title="?" aria-label="Help" @click=${() => this.dialog?.showModal()}>?</button>
      <span class="who">${store.session?.name}<button class="link" id="sign-out" @click=${() => void store.signOut()}>Sign out</button></span>
      <time class="clock" title=${day(now)}>${clock(now)}</time>
    </header>`;
  }

  private help() {
    return html`<dialog aria-label="Keys"><h2>Keys</h2><dl>${help.map(([k, w]) => html`<dt>${k.split(/\s+/).map((x) => html`<kbd>${x}</kbd>`)}</dt><dd>${w}</dd>`)}</dl>
      <form method="dialog"><button class="primary">Close</button></form></dialog>`;
  }

  private body() {
    if (this.view === 'cameras') return html`<vd-camera-list></vd-camera-list>`;
    if (this.view === 'live') return html`<vd-live .selected=${this.selected}></vd-live>`;
    const pane = html`<vd-alert-detail class="pane" .alertId=${this.selected} @close=${() => this.go(this.view, null)}></vd-alert-detail>`;
    const choose = (e: CustomEvent<string>) => this.go(this.view, e.detail);
    return this.view === 'search'
      ? html`<main class="split"><vd-search .query=${this.query} .selected=${this.selected} @choose=${choose}></vd-search>${pane}</main>`
      : html`<main class="split"><vd-alert-list .selected=${this.selected} .severity=${this.severity} @choose=${choose}></vd-alert-list>${pane}</main>`;
  }

  protected override render() {
    if (!store.session && store.link === 'lost')
      return html`${banners()}<main class="sign-in"><p class="dim">Waiting for the console to answer…</p></main>`;
    if (!store.session) return store.link === 'starting' ? html`` : html`<vd-sign-in></vd-sign-in>`;
    const red = [...store.alerts.values()].filter((a) => a.severity === 'red' && a.state === 'open').length;
    document.title = red ? `(${red}) Vedette` : 'Vedette';
    return html`<div class="frame ${store.link}">${this.head()}<div class="banners">${banners()}</div>${this.body()}</div>${notices(this.view === 'cameras' || this.view === 'live' ? null : this.selected, false)}${this.help()}`;
  }
}
customElements.define('vd-app', App);
