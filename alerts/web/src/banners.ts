// What people must know about what they see: late, cut off, silent. Never hidden, never modal.
import {html, type TemplateResult} from 'lit';
import {openSound, soundIsBlocked} from './sound.ts';
import {store} from './store.ts';
import {clock, span} from './text.ts';

function since(iso: string): string {
  return clock(new Date(iso), false);
}

function lateWords(): string {
  const s = store.status!;
  if (!s.router) return 'The router is silent: see that vedette-router runs.';
  if (!s.database) return 'The database does not answer: changes wait, what is shown stays readable.';
  return 'What cameras report is kept safe and stored as soon as the database is back.';
}

export function banners(): TemplateResult[] {
  const list: TemplateResult[] = [];
  const status = store.status;
  if (store.link === 'lost')
    list.push(html`<div class="banner bad" id="banner-link" role="alert"><b>Not connected since ${clock(store.lostSince ?? store.now())}</b>
      <span>What is shown may be out of date. Trying again by itself.</span></div>`);
  else if (status?.delayed_since)
    list.push(html`<div class="banner bad" id="banner-late" role="alert">
      <b>Alerts delayed since ${since(status.delayed_since)}${status.waiting > 0 ? `, ${status.waiting} waiting` : ''}</b>
      <span>${lateWords()}</span></div>`);
  if (Math.abs(store.skew) > 30_000)
    list.push(html`<div class="banner warn"><b>This desk’s clock is wrong by ${span(Math.abs(store.skew))}</b>
      <span>Times here are the server’s.</span></div>`);
  if (soundIsBlocked() && store.link !== 'signed-out')
    list.push(html`<button class="banner warn" id="banner-sound" @click=${() => void openSound()}>
      <b>Sound is blocked by the browser</b><span>Click here once, so that red alerts can be heard.</span></button>`);
  return list;
}

/** What was refused or done. About the alert that is open: over its picture, where the eyes are and
    no button is; about anything else: in the corner. */
export function notices(alert: string | null, inPane: boolean): TemplateResult {
  const list = store.notices.filter((n) => (n.alert === alert && alert !== null) === inPane);
  return html`<div class="notices ${inPane ? 'inside' : 'corner'}" aria-live="assertive">${list.map((n) => html`
    <div class="notice ${n.tone}" role="alert"><div><b>${n.title}</b><p>${n.text}</p></div>
      <button class="quiet" aria-label="Dismiss" @click=${() => store.unsay(n.id)}>✕</button></div>`)}</div>`;
}
