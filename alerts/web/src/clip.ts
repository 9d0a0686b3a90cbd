// What happened, as a film: from the moments before it to those after. Played in its place, or
// offered as a file where this browser can't play what the camera sends.
import {html} from 'lit';
import {Element} from './element.ts';
import {mediaUrl} from './api.ts';

export class Clip extends Element {
  static override properties = {media: {type: String}, name: {type: String}, failed: {state: true}};
  declare media: string | null;
  declare name: string;
  declare failed: '' | 'codec' | 'gone';

  constructor() {
    super();
    this.media = null;
    this.name = '';
    this.failed = '';
  }

  protected override willUpdate(changes: Map<string, unknown>): void {
    if (changes.has('media')) this.failed = '';
  }

  /** MEDIA_ERR_SRC_NOT_SUPPORTED is said of a codec and of a clip that is gone: ask which. */
  private async fail(event: Event): Promise<void> {
    const media = this.media;
    const code = (event.target as HTMLVideoElement).error?.code;
    if (!media) return;
    let isThere = false;
    try {
      isThere = (await fetch(mediaUrl(media), {headers: {Range: 'bytes=0-0'}})).ok;
    } catch { /* no way to the console: gone for now */ }
    if (media === this.media) this.failed = isThere && code !== MediaError.MEDIA_ERR_NETWORK ? 'codec' : 'gone';
  }

  protected override render() {
    if (!this.media) return '';
    const url = mediaUrl(this.media);
    const file = html`<a href=${url} download=${this.media + '.mp4'}>Save the clip</a>`;
    if (this.failed === 'codec')
      return html`<p role="status">This browser can't play what the camera sends (H.265). ${file}</p>`;
    if (this.failed === 'gone')
      return html`<p role="status">The clip is not available.
        <button class="link" @click=${() => (this.failed = '')}>Try again</button></p>`;
    return html`<video src=${url} controls muted playsinline preload="metadata" aria-label=${`Clip of ${this.name}`}
        @error=${(e: Event) => void this.fail(e)}></video><p class="dim">${file}</p>`;
  }
}
customElements.define('vd-clip', Clip);
