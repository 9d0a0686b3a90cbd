// The live list. Rows have one height, so only those in sight exist. Nothing moves under a hand:
// while the pointer or the keys are at work in the list, or it is scrolled, new alerts wait in a
// bar above it.
import {html} from 'lit';
import {repeat} from 'lit/directives/repeat.js';
import {alertRow} from './alert-row.ts';
import {Element} from './element.ts';
import {store} from './store.ts';
import type {Alert, Severity} from './types.ts';

const BUSY_MS = 8000; // a hand that has not moved for so long is no hand
const FRESH_MS = 6000;
const OVERSCAN = 4;
const rank: Record<Severity, number> = {red: 0, yellow: 1, green: 2};

export class AlertList extends Element {
  static override properties = {selected: {type: String}, severity: {attribute: false}, urgent: {type: Boolean}};
  declare selected: string | null;
  declare severity: Severity | null;
  declare urgent: boolean;

  private shownIds = new Set<string>();
  private freshAt = new Map<string, number>();
  private started = false;
  private pointerAt = 0;
  private keyAt = 0;
  private rowHeight = 88;
  private list: Alert[] = [];
  private held: Alert[] = [];

  constructor() {
    super();
    this.selected = null;
    this.severity = null;
    this.urgent = localStorage.getItem('vedette-urgent') === 'yes';
  }

  private get scroller(): HTMLElement | null {
    return this.querySelector('.scroller');
  }

  private isBusy(): boolean {
    const now = Date.now();
    return (this.scroller?.scrollTop ?? 0) > 4 || now - this.pointerAt < BUSY_MS || now - this.keyAt < BUSY_MS;
  }

  private order(a: Alert, b: Alert): number {
    if (this.urgent) {
      const open = Number(a.state !== 'open') - Number(b.state !== 'open');
      if (open) return open;
      if (rank[a.severity] !== rank[b.severity]) return rank[a.severity] - rank[b.severity];
    }
    return a.opened < b.opened ? 1 : a.opened > b.opened ? -1 : a.alert < b.alert ? 1 : -1;
  }

  protected override willUpdate(): void {
    const all = [...store.alerts.values()].filter((a) => !a.suppressed_by && !a.shelved);
    if (!this.started) { // what was there before us is not new
      this.started = store.link !== 'starting';
      all.forEach((a) => this.shownIds.add(a.alert));
    }
    const hold = this.isBusy();
    this.held = [];
    for (const alert of all) {
      if (this.shownIds.has(alert.alert)) continue;
      if (hold) {
        this.held.push(alert);
      } else {
        this.shownIds.add(alert.alert);
        this.freshAt.set(alert.alert, Date.now());
      }
    }
    for (const id of this.shownIds) if (!store.alerts.has(id)) this.shownIds.delete(id);
    for (const [id, at] of this.freshAt) if (Date.now() - at > FRESH_MS) this.freshAt.delete(id);
    this.list = all.filter((a) => this.shownIds.has(a.alert) && (!this.severity || a.severity === this.severity))
      .sort((a, b) => this.order(a, b));
  }

  /** Lets in what waits, and goes to the top. */
  showHeld(): void {
    this.pointerAt = this.keyAt = 0;
    this.scroller?.scrollTo({top: 0});
    this.requestUpdate();
  }

  toggleUrgent(): void {
    this.urgent = !this.urgent;
    localStorage.setItem('vedette-urgent', this.urgent ? 'yes' : 'no');
  }

  /** Moves the selection by so many rows and keeps it in sight. */
  move(by: number): void {
    if (this.list.length === 0) return;
    this.keyAt = Date.now();
    const at = this.list.findIndex((a) => a.alert === this.selected);
    const to = at < 0 ? 0 : Math.max(0, Math.min(this.list.length - 1, at + by));
    this.choose(this.list[to]!.alert);
    const box = this.scroller;
    if (!box) return;
    const top = to * this.rowHeight;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + this.rowHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + this.rowHeight - box.clientHeight;
  }

  private choose(id: string): void {
    this.dispatchEvent(new CustomEvent('choose', {detail: id, bubbles: true}));
  }

  private pick(e: Event): void {
    const row = (e.target as HTMLElement).closest<HTMLElement>('.row');
    if (row?.dataset['id']) this.choose(row.dataset['id']);
  }

  protected override updated(): void {
    const box = this.scroller;
    const probe = this.querySelector<HTMLElement>('.row');
    const height = probe?.getBoundingClientRect().height; // not offsetHeight: fractions add up
    if (height && Math.abs(height - this.rowHeight) > 0.01) {
      this.rowHeight = height;
      this.requestUpdate();
    }
    if (!box) return;
    const [first, last] = this.range();
    box.querySelector<HTMLElement>('.above')!.style.height = `${first * this.rowHeight}px`;
    box.querySelector<HTMLElement>('.below')!.style.height = `${Math.max(0, this.list.length - last) * this.rowHeight}px`;
  }

  private range(): [number, number] {
    const box = this.scroller;
    const top = Math.floor((box?.scrollTop ?? 0) / this.rowHeight);
    const count = Math.ceil((box?.clientHeight ?? 800) / this.rowHeight);
    return [Math.max(0, top - OVERSCAN), Math.min(this.list.length, top + count + OVERSCAN)];
  }

  private bar() {
    const reds = this.held.filter((a) => a.severity === 'red').length;
    const shelved = [...store.alerts.values()].filter((a) => a.shelved).length;
    if (this.held.length === 0)
      return html`<span class="dim">${this.list.length} unresolved${shelved ? html` · <a href="#/search?state=unresolved">${shelved} shelved</a>` : ''}${this.severity ? html` · only ${this.severity}` : ''}${store.truncated ? ' · older ones: see Search' : ''}</span>`;
    return html`<button class="new-bar ${reds ? 'red' : ''}" @click=${() => this.showHeld()}>
      ↑ ${this.held.length} new ${this.held.length === 1 ? 'alert' : 'alerts'}${reds ? html`, <b>${reds} red</b>` : ''}</button>`;
  }

  protected override render() {
    const now = store.now();
    const [first, last] = this.range();
    return html`<div class="list-head">${this.bar()}
        <button class="quiet" aria-pressed=${this.urgent} @click=${() => this.toggleUrgent()}
          title="s">${this.urgent ? 'Most urgent first' : 'Newest first'}</button></div>
      <div class="scroller" role="listbox" aria-label="Alerts" tabindex="0"
          aria-activedescendant=${this.selected ? 'alert-' + this.selected : ''}
          @click=${this.pick} @scroll=${() => this.requestUpdate()}
          @pointermove=${() => (this.pointerAt = Date.now())}
          @pointerleave=${() => { this.pointerAt = 0; this.requestUpdate(); }}>
        <div class="above"></div>
        ${repeat(this.list.slice(first, last), (a) => a.alert, (a) => alertRow(a, now,
          {selected: a.alert === this.selected, fresh: this.freshAt.has(a.alert)}))}
        <div class="below"></div>
        ${this.list.length === 0 ? html`<div class="empty"><p class="big">All quiet</p>
          <p>${this.severity ? `No unresolved ${this.severity} alert.` : 'No unresolved alert. New ones appear here by themselves.'}</p></div>` : ''}
      </div>`;
  }
}
customElements.define('vd-alert-list', AlertList);
