// One alert with all that is known of it, and what can be done about it now.
import {html} from 'lit';
import {oneAlert} from './api.ts';
import {notices} from './banners.ts';
import {Element} from './element.ts';
import {severityMark} from './shapes.ts';
import {store} from './store.ts';
import {actor, ago, dispositionWord, foldHistory, kindWord, severityWord, span, stateWord, when, whyWords} from './text.ts';
import {shown, type Alert, type Disposition, type HistoryEntry} from './types.ts';

const dispositions = Object.keys(dispositionWord) as Disposition[];

export class AlertDetail extends Element {
  static override properties = {
    alertId: {type: String}, fetched: {state: true}, missing: {state: true}, busy: {state: true}, resolving: {state: true},
  };
  declare alertId: string | null;
  declare fetched: Alert | null;
  declare missing: string;
  declare busy: boolean;
  declare resolving: boolean;
  private asked = '';

  constructor() {
    super();
    this.alertId = null;
    this.fetched = null;
    this.missing = '';
    this.busy = false;
    this.resolving = false;
  }

  /** The newest that we have: live, or as it was fetched. */
  get current(): Alert | null {
    const live = this.alertId ? store.alerts.get(this.alertId) ?? null : null;
    const own = this.fetched?.alert === this.alertId ? this.fetched : null;
    return live && (!own || live.version > own.version) ? live : own ?? live;
  }

  protected override willUpdate(changes: Map<string, unknown>): void {
    if (changes.has('alertId')) {
      this.fetched = null;
      this.missing = '';
      this.resolving = false;
    }
    const live = this.alertId ? store.alerts.get(this.alertId) : undefined;
    const key = `${this.alertId}/${live?.version ?? ''}`;
    if (this.alertId && key !== this.asked) {
      this.asked = key;
      void this.fetch(this.alertId);
    }
  }

  private async fetch(id: string): Promise<void> {
    try {
      const alert = await oneAlert(id);
      if (id === this.alertId) this.fetched = alert;
    } catch (e) {
      if (id === this.alertId && !store.alerts.has(id)) this.missing = (e as Error).message;
    }
  }

  async acknowledge(): Promise<void> {
    const alert = this.current;
    if (!alert || this.busy || alert.state !== 'open') return;
    this.busy = true;
    await store.acknowledge(alert);
    this.busy = false;
  }

  startResolving(): void {
    if (this.current && this.current.state !== 'resolved') this.resolving = true;
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.dispositions button')?.focus());
  }

  private async resolve(as: Disposition): Promise<void> {
    const alert = this.current;
    if (!alert || this.busy) return;
    this.busy = true;
    if (await store.resolve(alert, as)) {
      this.resolving = false;
      await this.fetch(alert.alert);
    }
    this.busy = false;
  }

  private actions(alert: Alert) {
    const live = alert.camera ? html`<a class="button" id="live" href=${`#/live/${alert.camera}`}>Live view <kbd>l</kbd></a>` : '';
    if (store.session?.role === 'viewer') return html`<div class="actions">${live}</div>`;
    const off = this.busy || store.link !== 'live' || store.status?.database === false;
    return html`<div class="actions">
      ${alert.state === 'open' ? html`<button class="primary" id="acknowledge" ?disabled=${off} @click=${() => this.acknowledge()}>Acknowledge <kbd>a</kbd></button>` : ''}
      ${alert.state !== 'resolved' && !this.resolving ? html`<button id="resolve" ?disabled=${off} @click=${() => this.startResolving()}>Resolve… <kbd>r</kbd></button>` : ''}
      ${live}
      ${this.resolving ? html`<div class="dispositions" role="group" aria-label="What was it?"><span>What was it?</span>
        ${dispositions.map((d) => html`<button ?disabled=${off} data-as=${d} @click=${() => this.resolve(d)}>${dispositionWord[d]}</button>`)}
        <button class="quiet" @click=${() => (this.resolving = false)}>Cancel</button></div>` : ''}
      ${off && !this.busy ? html`<span class="dim">Changes wait until the console is connected and the database answers.</span>` : ''}
    </div>`;
  }

  private history(alert: Alert) {
    const now = store.now();
    const list: HistoryEntry[] = [...((this.fetched?.alert === alert.alert && this.fetched.history) || [])];
    if (!list.some((e) => e.action === 'alert.open'))
      list.unshift({at: alert.opened, actor: `rule:${alert.rule}`, action: 'alert.open', detail: null});
    return html`<ol class="history">${foldHistory(list).map(({entry: e, words}) => html`<li>
      <time datetime=${e.at}>${when(e.at, now)}</time> <span><b>${actor(e.actor)}</b> ${words}</span></li>`)}</ol>`;
  }

  private facts(alert: Alert) {
    const now = store.now();
    const count = alert.events.count;
    const length = new Date(alert.events.last).getTime() - new Date(alert.events.first).getTime();
    const rows: [string, unknown][] = [
      ['Since', html`${when(alert.opened, now)} <span class="dim">${ago(alert.opened, now)}</span>`],
      ['Condition', alert.active ? html`<b class="still">still going on</b>` : 'over'],
      ['Happenings', count > 1 ? `${count}, over ${span(length)}` : '1'],
      ['Area', store.areaPath(alert.area)],
      ['Rule', alert.rule],
    ];
    if (alert.owner) rows.push(['Owner', alert.owner]);
    if (alert.disposition) rows.push(['Was', dispositionWord[alert.disposition]]);
    return html`<dl class="facts">${rows.map(([k, v]) => html`<dt>${k}</dt><dd>${v}</dd>`)}</dl>`;
  }

  protected override render() {
    const alert = this.current;
    if (!alert)
      return html`<div class="empty"><p class="big">${this.missing ? 'Not to be seen' : 'No alert selected'}</p>
        <p>${this.missing || html`Choose one with the pointer, or with <kbd>j</kbd> and <kbd>k</kbd>.`}</p></div>`;
    const event = shown(alert);
    const words = whyWords(alert, event);
    const zone = (event.zone ?? []).join(', ');
    return html`<article class="detail ${alert.severity}" aria-label="Alert">
      <header>${severityMark(alert.severity, alert.state === 'open')}
        <div><h2>${store.cameraName(alert)}</h2>
          <p>${severityWord[alert.severity]} · ${kindWord(alert.kind)}${zone ? html` · <b>${zone}</b>` : ''}</p></div>
        <span class="chip ${alert.state}">${stateWord[alert.state]}</span>
        <button class="quiet close" aria-label="Close" @click=${() => this.dispatchEvent(new Event('close'))}>✕</button></header>
      <div class="picture"><vd-snapshot large .media=${alert.media.snapshot} .boxes=${event.boxes ?? []}
        .alt=${`Picture of ${store.cameraName(alert)}`}></vd-snapshot>${notices(alert.alert, true)}</div>
      ${alert.media.clip ? html`<section class="film"><h3>Clip</h3>
        <vd-clip .media=${alert.media.clip} .name=${store.cameraName(alert)}></vd-clip></section>` : ''}
      ${alert.action ? html`<section class="todo"><h3>What to do</h3><p>${alert.action}</p></section>` : ''}
      ${this.actions(alert)}
      <div class="columns">
        <section><h3>Facts</h3>${this.facts(alert)}</section>
        <section><h3>Why</h3>${words.length ? words.map((w) => html`<p>${w}</p>`) : html`<p class="dim">No numbers came with it.</p>`}
          <h3>History</h3>${this.history(alert)}</section>
      </div>
    </article>`;
  }
}
customElements.define('vd-alert-detail', AlertDetail);
