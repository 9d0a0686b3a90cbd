// The picture that explains an alert, with what moved outlined. Boxes are fractions of the
// picture, so they fit whatever its size.
import {html, svg} from 'lit';
import {Element} from './element.ts';
import {mediaUrl} from './api.ts';

export class Snapshot extends Element {
  static override properties = {
    media: {type: String}, boxes: {attribute: false}, alt: {type: String}, large: {type: Boolean},
    failed: {state: true},
  };
  declare media: string | null;
  declare boxes: number[][];
  declare alt: string;
  declare large: boolean;
  declare failed: boolean;

  constructor() {
    super();
    this.media = null;
    this.boxes = [];
    this.alt = '';
    this.large = false;
    this.failed = false;
  }

  protected override willUpdate(changes: Map<string, unknown>): void {
    if (changes.has('media')) this.failed = false;
  }

  protected override render() {
    if (!this.media || this.failed)
      return html`<div class="no-picture">${this.media
        ? html`Picture not available${this.large
          ? html`<button class="link" @click=${() => (this.failed = false)}>Try again</button>` : ''}`
        : 'No picture'}</div>`;
    return html`<figure><div class="fit"><img src=${mediaUrl(this.media)} alt=${this.alt} decoding="async"
        loading=${this.large ? 'eager' : 'lazy'} @error=${() => (this.failed = true)}>
      ${this.boxes.length ? html`<svg class="boxes" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
        ${this.boxes.map((b) => svg`<rect class="under" x=${b[0]} y=${b[1]} width=${b[2]} height=${b[3]}></rect>
          <rect x=${b[0]} y=${b[1]} width=${b[2]} height=${b[3]}></rect>`)}</svg>` : ''}
    </div></figure>`;
  }
}
customElements.define('vd-snapshot', Snapshot);
