// All cameras: what is wrong comes first, with what to do about it.
import {html} from 'lit';
import {Element} from './element.ts';
import {cameraMark} from './shapes.ts';
import {store} from './store.ts';
import {cameraPicture, cameraWords, span, type CameraLevel} from './text.ts';
import type {Camera} from './types.ts';

const order: Record<CameraLevel, number> = {bad: 0, wait: 1, good: 2, off: 3};

export class CameraList extends Element {
  static override properties = {filter: {state: true}};
  declare filter: string;

  constructor() {
    super();
    this.filter = '';
  }

  private card(camera: Camera, now: Date) {
    const words = cameraWords(camera);
    const open = [...store.alerts.values()].filter((a) => a.camera === camera.id).length;
    return html`<li class="camera ${words.level}" data-id=${camera.id}>
      ${cameraMark(words.level)}
      <div class="name"><strong>${camera.name}</strong><span class="dim">${store.areaPath(camera.area)}</span></div>
      <div class="state"><b>${words.word}</b>
        ${camera.since ? html`<span class="dim">for ${span(now.getTime() - new Date(camera.since).getTime())}</span>` : ''}</div>
      <div class="reason">${camera.reason && words.level !== 'good' ? html`<p>${camera.reason}</p>` : ''}
        ${words.advice ? html`<p class="advice">${words.advice}</p>` : ''}
        ${words.level === 'good' ? html`<p class="dim">${cameraPicture(camera)}</p>` : ''}</div>
      <div class="count">${camera.enabled ? html`<a class="see" href=${`#/live/${camera.id}`}>Live</a>` : ''}${open ? html`<a href=${`#/search?camera=${camera.id}&state=unresolved`}>${open} unresolved</a>` : ''}</div>
    </li>`;
  }

  protected override render() {
    const now = store.now();
    const text = this.filter.toLowerCase();
    const all = [...store.cameras.values()];
    const list = all
      .filter((c) => !text || `${c.id} ${c.name} ${store.areaPath(c.area)} ${c.state}`.toLowerCase().includes(text))
      .sort((a, b) => order[cameraWords(a).level] - order[cameraWords(b).level] || a.name.localeCompare(b.name));
    const counts = {good: 0, wait: 0, bad: 0, off: 0};
    for (const c of all) counts[cameraWords(c).level]++;
    return html`<main class="cameras"><div class="view-head"><h1>Cameras</h1>
        <p class="tally">${(['bad', 'wait', 'good', 'off'] as const).filter((l) => counts[l]).map((l) => html`<span class=${l}>${cameraMark(l)}<b>${counts[l]}</b>
          ${{bad: 'not seeing', wait: 'not right', good: 'online', off: 'switched off'}[l]}</span>`)}</p>
        <input type="search" placeholder="Filter by name, area or state" aria-label="Filter cameras" .value=${this.filter}
          @input=${(e: Event) => (this.filter = (e.target as HTMLInputElement).value)}></div>
      ${list.length ? html`<ul class="camera-list">${list.map((c) => this.card(c, now))}</ul>`
        : html`<div class="empty"><p class="big">${all.length ? 'None of that name' : 'No cameras yet'}</p>
          <p>${all.length ? 'Clear the filter to see all.' : html`Add one with <code>vedette camera add</code>.`}</p></div>`}
    </main>`;
  }
}
customElements.define('vd-camera-list', CameraList);
