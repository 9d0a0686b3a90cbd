// What can be done about one alert now: a button for each, and a line to fill in where one is asked for.
import {html} from 'lit';
import {units, type Units} from './api.ts';
import {Element} from './element.ts';
import {store} from './store.ts';
import {dispositionWord, doneWord} from './text.ts';
import type {Alert, Disposition, Work, WorkBody} from './types.ts';

const dispositions = Object.keys(dispositionWord) as Disposition[];
const minutes = [15, 60, 240, 480];

/** Those of which a form asks more. */
export type Asking = 'resolve' | 'dispatch' | 'note' | 'shelve' | 'reopen';

const titles: Record<Asking, string> = {
  resolve: 'What was it?', dispatch: 'Who goes there?', note: 'Note', shelve: 'Out of sight for',
  reopen: 'Why is it not over?',
};

export class AlertWork extends Element {
  static override properties = {alert: {attribute: false}, busy: {state: true}, asking: {state: true}, known: {state: true}};
  declare alert: Alert | null;
  declare busy: boolean;
  declare asking: Asking | null;
  declare known: Units | null;
  private asked = '';

  constructor() {
    super();
    this.alert = null;
    this.busy = false;
    this.asking = null;
    this.known = null;
  }

  protected override willUpdate(): void {
    if (this.alert && this.alert.alert !== this.asked) {
      this.asked = this.alert.alert;
      this.asking = null;
    }
  }

  /** Whether action is possible from the alert's present state; the server has the last word. */
  private can(action: Work): boolean {
    const alert = this.alert;
    if (!alert) return false;
    const open = alert.state === 'open', closed = alert.state === 'resolved';
    switch (action) {
      case 'acknowledge': return open;
      case 'take': return !closed && alert.owner !== store.session?.name;
      case 'release': return !closed && !open && alert.owner !== null;
      case 'dispatch': return !closed && !open;
      case 'shelve': return !closed && !alert.shelved;
      case 'unshelve': return !closed && alert.shelved !== null;
      case 'resolve': return !closed;
      case 'reopen': return closed;
      default: return true;
    }
  }

  async act(action: Work, body: WorkBody = {}): Promise<void> {
    const alert = this.alert;
    if (!alert || this.busy || !this.can(action)) return;
    this.busy = true;
    if (await store.work(alert, action, doneWord[action], body)) {
      this.asking = null;
      this.dispatchEvent(new Event('done'));
    }
    this.busy = false;
  }

  ask(what: Asking): void {
    if (!this.can(what)) return;
    this.asking = what;
    if (what === 'dispatch' || what === 'shelve')
      void units().then((known) => (this.known = known)).catch(() => (this.known = null));
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.ask button, .ask input, .ask select')?.focus());
  }

  private submit(e: Event): void {
    e.preventDefault();
    const form = new FormData(e.target as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? '').trim() || undefined;
    if (this.asking === 'shelve')
      void this.act('shelve', {note: text('note'), until: new Date(store.now().getTime() + Number(form.get('for')) * 60000).toISOString()});
    else if (this.asking && this.asking !== 'resolve') void this.act(this.asking, {note: text('note'), to: text('to')});
  }

  private fields(off: boolean) {
    const line = (label: string, required: boolean) => html`<input name="note" maxlength="1000" autocomplete="off" aria-label=${label}
      placeholder=${label} ?required=${required} ?disabled=${off}>`;
    switch (this.asking) {
      case 'dispatch': return html`${this.known?.units.length
        ? html`<select name="to" aria-label="Unit">${this.known.units.map((u) => html`<option value=${u.id}>${u.name}</option>`)}</select>`
        : html`<input name="to" maxlength="127" autocomplete="off" aria-label="Who" placeholder="Who" ?required=${this.alert?.state === 'dispatched'}>`}
        ${line('Message', false)}`;
      case 'shelve': {
        const most = (this.known?.shelve_max_ms ?? 0) / 60000;
        return html`<select name="for" aria-label="For how long">${minutes.filter((m) => !most || m <= most).map((m) => html`
          <option value=${m}>${m < 60 ? `${m} minutes` : `${m / 60} h`}</option>`)}</select>${line('Reason', true)}`;
      }
      case 'reopen': return line('Reason', true);
      default: return line('Note', true);
    }
  }

  private form(off: boolean) {
    if (!this.asking) return '';
    const cancel = html`<button type="button" class="quiet" @click=${() => (this.asking = null)}>Cancel</button>`;
    if (this.asking === 'resolve')
      return html`<div class="ask" role="group" aria-label=${titles.resolve}><span>${titles.resolve}</span>
        ${dispositions.map((d) => html`<button ?disabled=${off} data-as=${d} @click=${() => this.act('resolve', {disposition: d})}>${dispositionWord[d]}</button>`)}
        ${cancel}</div>`;
    return html`<form class="ask" aria-label=${titles[this.asking]} @submit=${(e: Event) => this.submit(e)}><span>${titles[this.asking]}</span>
      ${this.fields(off)}<button class="primary" type="submit" ?disabled=${off}>Save</button>${cancel}</form>`;
  }

  protected override render() {
    const alert = this.alert;
    if (!alert) return '';
    const live = alert.camera ? html`<a class="button" id="live" href=${`#/live/${alert.camera}`}>Live view <kbd>l</kbd></a>` : '';
    if (store.session?.role === 'viewer') return html`<div class="actions">${live}</div>`;
    const off = this.busy || store.link !== 'live' || store.status?.database === false;
    const button = (action: Work, word: string, key: string, looks = '') => this.can(action) ? html`
      <button id=${action} class=${looks} ?disabled=${off} @click=${() => (action in titles ? this.ask(action as Asking) : this.act(action))}>${word}${key ? html` <kbd>${key}</kbd>` : ''}</button>` : '';
    return html`<div class="actions">
      ${button('acknowledge', 'Acknowledge', 'a', 'primary')}${button('take', 'Take', 't')}${button('resolve', 'Resolve…', 'r')}${button('reopen', 'Reopen…', '')}
      <div class="more">${live}${button('dispatch', 'Send…', 'd')}${button('note', 'Note…', 'n')}${button('shelve', 'Shelve…', '')}${button('unshelve', 'Back from the shelf', '')}${button('release', 'Release', '')}</div>
      ${this.form(off)}
      ${off && !this.busy ? html`<span class="dim">Changes wait until the console is connected and the database answers.</span>` : ''}
    </div>`;
  }
}
customElements.define('vd-alert-work', AlertWork);
