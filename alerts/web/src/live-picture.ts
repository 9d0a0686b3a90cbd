// One camera, live: its picture, its name, and how fresh what is shown is. A picture that no
// longer moves is said to be old, never passed off as now.
import {html} from 'lit';
import {Element} from './element.ts';
import type {Frame} from './live-feed.ts';
import {LivePlayer} from './live-player.ts';
import {cameraMark} from './shapes.ts';
import {store} from './store.ts';
import {cameraWords, liveWords, type LiveState} from './text.ts';

const STALE_MS = 4000;

export class LivePicture extends Element {
  static override properties = {camera: {type: String}, large: {type: Boolean}, open: {type: Boolean}, isVideo: {state: true}};
  declare camera: string;
  declare large: boolean;
  /** The page's connection stands. */
  declare open: boolean;
  declare isVideo: boolean;
  private player: LivePlayer | null = null;
  private state: LiveState = {};

  constructor() {
    super();
    this.camera = '';
    this.large = false;
    this.open = false;
    this.isVideo = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.player?.close();
    this.player = null;
  }

  take(frame: Frame): void {
    if (frame.kind === 'state') {
      try {
        this.state = JSON.parse(new TextDecoder().decode(frame.data)) as LiveState;
      } catch {
        return;
      }
      this.requestUpdate();
      return;
    }
    this.player ??= this.makePlayer();
    this.player?.take(frame);
  }

  private makePlayer(): LivePlayer | null {
    const video = this.querySelector('video');
    const canvas = this.querySelector('canvas');
    if (!video || !canvas) return null;
    return new LivePlayer(video, canvas, () => {
      this.isVideo = this.player?.isVideo ?? false;
      this.requestUpdate();
    });
  }

  protected override render() {
    const camera = store.cameras.get(this.camera);
    const lastAt = this.player?.lastAt ?? 0;
    const age = lastAt ? store.now().getTime() - lastAt : 0;
    const stale = lastAt > 0 && age > STALE_MS;
    const words = liveWords(this.open ? this.state.state : 'closed', this.isVideo, lastAt > 0, stale ? age : 0);
    const level = camera ? cameraWords(camera).level : 'wait';
    return html`<div class="live-frame ${stale ? 'stale' : ''} ${lastAt ? '' : 'blank'}" data-camera=${this.camera} data-live=${words.tone}>
      <div class="live-screen"><video ?hidden=${!this.isVideo} playsinline disablepictureinpicture
          aria-label=${`Live picture of ${camera?.name ?? this.camera}`}></video>
        <canvas ?hidden=${this.isVideo} aria-hidden=${this.isVideo ? 'true' : 'false'}></canvas>
        ${words.over ? html`<p class="live-over">${words.over}</p>` : ''}</div>
      <p class="live-bar">${cameraMark(level)}<b>${camera?.name ?? this.camera}</b>
        <span class="live-word ${words.tone}">${words.word}</span></p></div>`;
  }
}
customElements.define('vd-live-picture', LivePicture);
