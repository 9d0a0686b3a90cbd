// One alert with all that is known of it, and what can be done about it now.
import {html} from 'lit';
import './alert-work.ts';
import type {AlertWork} from './alert-work.ts';
import {oneAlert} from './api.ts';
import {notices} from './banners.ts';
import {Element} from './element.ts';
import {severityMark} from './shapes.ts';
import {store} from './store.ts';
import {actor, ago, dispositionWord, foldHistory, kindWord, severityWord, span, stateWord, when, whyWords} from './text.ts';
import {shown, type Alert, type HistoryEntry} from './types.ts';

export class AlertDetail extends Element {
  static override properties = {
    alertId: {type: String}, fetched: {state: true}, missing: {state: true},
  };
  declare alertId: string | null;
  declare fetched: Alert | null;
  declare missing: string;
  private asked = '';

  constructor() {
    super();
    this.alertId = null;
    this.fetched = null;
    this.missing = '';
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

  get work(): AlertWork | null {
    return this.querySelector('vd-alert-work');
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
    if (alert.unit) rows.push(['Sent', alert.unit]);
    if (alert.deadline) rows.push([alert.state === 'open' ? 'To be seen by' : 'To be closed by',
      html`${when(alert.deadline, now)}${new Date(alert.deadline) < now ? html` <b class="still">late</b>` : ''}`]);
    if (alert.escalation) rows.push(['Asked now', alert.escalation.area ? store.areaPath(alert.escalation.area) : 'Everybody']);
    if (alert.shelved) rows.push(['Shelved until', html`${when(alert.shelved.until, now)} <span class="dim">${alert.shelved.reason}</span>`]);
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
      ${alert.action ? html`<section class="todo"><h3>What to do</h3><p>${alert.action}</p>
        ${alert.instruction ? html`<p class="how">${alert.instruction}</p>` : ''}</section>` : ''}
      <vd-alert-work .alert=${alert} @done=${() => void this.fetch(alert.alert)}></vd-alert-work>
      ${alert.media.clip ? html`<section class="film"><h3>Clip</h3>
        <vd-clip .media=${alert.media.clip} .name=${store.cameraName(alert)}></vd-clip></section>` : ''}
      <div class="columns">
        <section><h3>Facts</h3>${this.facts(alert)}</section>
        <section><h3>Why</h3>${words.length ? words.map((w) => html`<p>${w}</p>`) : html`<p class="dim">No numbers came with it.</p>`}
          <h3>History</h3>${this.history(alert)}</section>
      </div>
    </article>`;
  }
}
customElements.define('vd-alert-detail', AlertDetail);
