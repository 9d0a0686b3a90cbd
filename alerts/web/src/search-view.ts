// Past alerts: by time, camera, area, severity, state and words; page by page.
import {html} from 'lit';
import {searchAlerts} from './api.ts';
import {alertRow} from './alert-row.ts';
import {Element} from './element.ts';
import {store} from './store.ts';
import type {Alert} from './types.ts';

const fields = ['from', 'to', 'camera', 'area', 'severity', 'state', 'q'] as const;

export class SearchView extends Element {
  static override properties = {
    query: {type: String}, found: {state: true}, next: {state: true}, error: {state: true}, busy: {state: true}, selected: {type: String},
  };
  declare query: string;
  declare found: Alert[] | null;
  declare next: string | null;
  declare error: string;
  declare busy: boolean;
  declare selected: string | null;

  constructor() {
    super();
    this.query = '';
    this.found = null;
    this.next = null;
    this.error = '';
    this.busy = false;
    this.selected = null;
  }

  protected override firstUpdated(): void {
    this.fill();
    void this.run(false);
  }

  protected override updated(changes: Map<string, unknown>): void {
    if (changes.has('query') && changes.get('query') !== undefined && this.hasUpdated) {
      this.fill();
      void this.run(false);
    }
  }

  override focus(): void {
    this.querySelector<HTMLInputElement>('input[name=q]')?.focus();
  }

  private get form(): HTMLFormElement {
    return this.querySelector('form')!;
  }

  /** The address says what is searched for, so that a search can be shared as a link. */
  private fill(): void {
    const given = new URLSearchParams(this.query);
    for (const field of fields)
      (this.form.elements.namedItem(field) as HTMLInputElement).value = given.get(field) ?? '';
  }

  private params(): URLSearchParams {
    const data = new FormData(this.form);
    const params = new URLSearchParams();
    for (const field of fields) {
      const value = String(data.get(field) ?? '').trim();
      if (value) params.set(field, value);
    }
    return params;
  }

  private async run(more: boolean): Promise<void> {
    const params = this.params();
    for (const field of ['from', 'to']) // the desk's zone at the desk, UTC on the wire
      if (params.has(field)) params.set(field, new Date(params.get(field)!).toISOString());
    params.set('limit', '50');
    if (more && this.next) params.set('cursor', this.next);
    this.busy = true;
    try {
      const page = await searchAlerts(params);
      this.found = more ? [...(this.found ?? []), ...page.alerts] : page.alerts;
      this.next = page.next;
      this.error = '';
    } catch (e) {
      this.error = (e as Error).message;
    }
    this.busy = false;
  }

  private submit(e: Event): void {
    e.preventDefault();
    const hash = `#/search?${this.params().toString()}`;
    if (location.hash === hash) void this.run(false);
    else location.hash = hash;
  }

  private pick(e: Event): void {
    const id = (e.target as HTMLElement).closest<HTMLElement>('.row')?.dataset['id'];
    if (id) this.dispatchEvent(new CustomEvent('choose', {detail: id, bubbles: true}));
  }

  private results() {
    const now = store.now();
    if (this.error) return html`<p class="problem" role="alert">${this.error}</p>`;
    if (this.found === null) return html`<p class="dim pad">Searching…</p>`;
    if (this.found.length === 0)
      return html`<div class="empty"><p class="big">Nothing found</p><p>Widen the time, or ask for less.</p></div>`;
    return html`${this.found.map((a) => alertRow(store.alerts.get(a.alert) ?? a, now, {selected: a.alert === this.selected, fresh: false}))}
      ${this.next ? html`<button class="more-button" ?disabled=${this.busy} @click=${() => this.run(true)}>Show older ones</button>`
        : html`<p class="dim pad">${this.found.length === 1 ? 'That is the only one.' : `That is all: ${this.found.length} alerts.`}</p>`}`;
  }

  protected override render() {
    const cameras = [...store.cameras.values()].sort((a, b) => a.name.localeCompare(b.name));
    const field = (label: string, control: unknown) => html`<label>${label}${control}</label>`;
    return html`<div class="search-view">
      <form class="filters" @submit=${this.submit} role="search">
        ${field('Words', html`<input name="q" type="search" maxlength="200" placeholder="camera, rule, action, owner">`)}
        ${field('From', html`<input name="from" type="datetime-local">`)}
        ${field('To', html`<input name="to" type="datetime-local">`)}
        ${field('Camera', html`<select name="camera"><option value="">any</option>${cameras.map((c) => html`<option value=${c.id}>${c.name}</option>`)}</select>`)}
        ${field('Area', html`<select name="area"><option value="">any</option>${store.areas.map((a) => html`<option value=${a.code}>${store.areaPath(a.code)}</option>`)}</select>`)}
        ${field('Severity', html`<select name="severity"><option value="">any</option><option value="red">Red</option><option value="yellow">Yellow</option><option value="green">Green</option></select>`)}
        ${field('State', html`<select name="state"><option value="">any</option><option value="unresolved">Unresolved</option><option value="open">Open</option><option value="acknowledged">Acknowledged</option><option value="dispatched">Dispatched</option><option value="resolved">Resolved</option></select>`)}
        <div class="buttons"><button class="primary">Search</button>
          <button type="button" class="quiet" @click=${() => { this.form.reset(); location.hash = '#/search'; }}>Clear</button></div>
      </form>
      <div class="scroller results" role="listbox" aria-label="Found alerts" tabindex="0" @click=${this.pick}>${this.results()}</div>
    </div>`;
  }
}
customElements.define('vd-search', SearchView);
