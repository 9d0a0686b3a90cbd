// The wall: up to nine cameras at once over one connection, by their sub streams; one of them
// enlarged, by its main stream.
import {html} from 'lit';
import {repeat} from 'lit/directives/repeat.js';
import {Element} from './element.ts';
import {LiveFeed} from './live-feed.ts';
import './live-picture.ts';
import type {LivePicture} from './live-picture.ts';
import {store} from './store.ts';
import type {Camera} from './types.ts';

const AT_ONCE = 9;

export class LiveView extends Element {
  static override properties = {selected: {type: String}, page: {state: true}, filter: {state: true}, open: {state: true}, reason: {state: true}};
  /** The camera that is enlarged; null: the wall. */
  declare selected: string | null;
  declare page: number;
  declare filter: string;
  declare open: boolean;
  declare reason: string;
  private feed: LiveFeed | null = null;
  private feeding = '';

  constructor() {
    super();
    this.selected = null;
    this.page = 0;
    this.filter = '';
    this.open = false;
    this.reason = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.feed?.close();
    this.feed = null;
    this.feeding = '';
  }

  private all(): Camera[] {
    const text = this.filter.toLowerCase();
    return [...store.cameras.values()]
      .filter((c) => c.enabled && (!text || `${c.id} ${c.name} ${store.areaPath(c.area)}`.toLowerCase().includes(text)))
      .sort((a, b) => a.area.localeCompare(b.area) || a.name.localeCompare(b.name));
  }

  private get pages(): number {
    return Math.max(1, Math.ceil(this.all().length / AT_ONCE));
  }

  /** Who is on show. */
  private shown(): string[] {
    if (this.selected) return [this.selected];
    const page = Math.min(this.page, this.pages - 1);
    return this.all().slice(page * AT_ONCE, (page + 1) * AT_ONCE).map((c) => c.id);
  }

  turn(by: number): void {
    this.page = (Math.min(this.page, this.pages - 1) + by + this.pages) % this.pages;
  }

  /** The next or last camera: enlarged, or under the keys. */
  move(by: number): void {
    if (this.selected) {
      const ids = this.all().map((c) => c.id);
      const at = ids.indexOf(this.selected);
      const next = ids[(at + by + ids.length) % ids.length];
      if (next) location.replace(`#/live/${next}`);
      return;
    }
    const tiles = [...this.querySelectorAll<HTMLElement>('.live-tile')];
    const at = tiles.indexOf(document.activeElement as HTMLElement);
    tiles[at < 0 ? 0 : (at + by + tiles.length) % tiles.length]?.focus();
  }

  protected override updated(): void {
    const cameras = this.shown();
    const wanted = `${this.selected ? 'main' : 'sub'} ${cameras.join(',')}`;
    if (wanted === this.feeding) return;
    this.feeding = wanted;
    this.feed?.close();
    this.feed = null;
    this.open = false;
    this.reason = '';
    if (!cameras.length) return;
    const pictures = new Map(cameras.map((id) => [id, this.querySelector<LivePicture>(`vd-live-picture[data-id="${id}"]`)]));
    this.feed = new LiveFeed(cameras, this.selected !== null,
      (camera, frame) => pictures.get(cameras[camera] ?? '')?.take(frame),
      (isOpen, reason) => {
        this.open = isOpen;
        this.reason = reason;
      });
  }

  private picture(id: string, large: boolean) {
    return html`<vd-live-picture .camera=${id} ?large=${large} .open=${this.open} data-id=${id}></vd-live-picture>`;
  }

  private tools(count: number) {
    if (this.selected)
      return html`<div class="view-head"><a class="button" href="#/live">← All cameras</a><span class="dim"><kbd>Esc</kbd> back · <kbd>←</kbd> <kbd>→</kbd> another camera</span></div>`;
    return html`<div class="view-head"><h1>Live</h1>
      ${this.pages > 1 ? html`<span class="pager"><button aria-label="Cameras before" title="PageUp" @click=${() => this.turn(-1)}>‹</button>
        <span>${Math.min(this.page, this.pages - 1) + 1} of ${this.pages}</span>
        <button aria-label="More cameras" title="PageDown" @click=${() => this.turn(1)}>›</button></span>` : ''}
      <span class="dim">${count === 1 ? '1 camera' : `${count} cameras`}</span>
      <input type="search" placeholder="Filter by name or area" aria-label="Filter cameras" .value=${this.filter}
        @input=${(e: Event) => { this.filter = (e.target as HTMLInputElement).value; this.page = 0; }}></div>`;
  }

  protected override render() {
    const cameras = this.shown();
    const trouble = !this.open && this.reason
      ? html`<p class="problem" role="status">${this.reason} The page tries again by itself.</p>` : '';
    if (this.selected)
      return html`<main class="live one">${this.tools(1)}${trouble}${repeat([this.selected], (id) => `large ${id}`, (id) => this.picture(id, true))}</main>`;
    const side = cameras.length <= 1 ? 1 : cameras.length <= 4 ? 2 : 3;
    return html`<main class="live">${this.tools(this.all().length)}${trouble}
      ${cameras.length ? html`<div class="wall side-${side}">${repeat(cameras, (id) => id, (id) => html`<a class="live-tile" href=${`#/live/${id}`}
          aria-label=${`Enlarge ${store.cameras.get(id)?.name ?? id}`}>${this.picture(id, false)}</a>`)}</div>`
        : html`<div class="empty"><p class="big">${store.cameras.size ? 'None of that name' : 'No cameras yet'}</p>
          <p>${store.cameras.size ? 'Clear the filter to see all.' : html`Add one with <code>vedette camera add</code>.`}</p></div>`}</main>`;
  }
}
customElements.define('vd-live', LiveView);
