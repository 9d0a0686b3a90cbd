// Plays what a live feed brings of one camera: video through MediaSource, kept close to the end
// of what has come; or single pictures on a canvas where there is no video.
import type {Frame} from './live-feed.ts';

const BEHIND_S = 0.8; // from here on played faster
const NEAR_S = 0.45; // until so near to the end
const FAR_S = 4; // from here on jumped over
const KEEP_S = 8; // behind the play head
const AHEAD_S = 0.25; // jumped to so far before the end
const QUEUE_BYTES = 8 * 1024 * 1024;

export class LivePlayer {
  /** Server time, ms, of the last picture that came; 0: none yet. */
  lastAt = 0;
  isVideo = false;

  private source: MediaSource | null = null;
  private buffer: SourceBuffer | null = null;
  private codec = '';
  private url = '';
  private queue: Uint8Array<ArrayBuffer>[] = [];
  private queued = 0;
  private init: Uint8Array<ArrayBuffer> | null = null;
  private needsKey = true;
  private drawing = false;
  private isClosed = false;

  constructor(private readonly video: HTMLVideoElement, private readonly canvas: HTMLCanvasElement,
              private readonly changed: () => void) {
    video.muted = true;
    video.addEventListener('error', () => this.reset());
  }

  take(frame: Frame): void {
    if (frame.kind === 'init') this.begin(frame.data);
    else if (frame.kind === 'fragment') this.append(frame);
    else if (frame.kind === 'jpeg') void this.draw(frame);
  }

  close(): void {
    this.isClosed = true;
    this.drop();
  }

  private drop(): void {
    this.buffer = null;
    this.source = null;
    this.queue = [];
    this.queued = 0;
    this.needsKey = true;
    this.video.removeAttribute('src');
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = '';
    this.codec = '';
  }

  /** What the browser can't go on with is begun again at the next key frame. */
  private reset(): void {
    if (this.isClosed || !this.source) return;
    this.drop();
    if (this.init) this.begin(this.init);
  }

  private begin(data: Uint8Array<ArrayBuffer>): void {
    const end = data.indexOf(0);
    const codec = new TextDecoder().decode(data.subarray(0, end));
    const type = `video/mp4; codecs="${codec}"`;
    if (!MediaSource.isTypeSupported(type)) return;
    this.init = data;
    if (this.codec && this.codec !== codec) this.drop();
    this.needsKey = true;
    if (!this.source) this.open(type, codec);
    this.push(data.slice(end + 1));
  }

  private open(type: string, codec: string): void {
    const source = new MediaSource();
    this.source = source;
    this.codec = codec;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    source.addEventListener('sourceopen', () => {
      if (this.source !== source) return;
      this.buffer = source.addSourceBuffer(type);
      // One after the other, whatever the camera's clock does.
      this.buffer.mode = 'sequence';
      this.buffer.addEventListener('updateend', () => this.fill());
      this.fill();
    }, {once: true});
  }

  private append(frame: Frame): void {
    if (!this.source || (this.needsKey && !frame.isKey)) return;
    if (this.queued > QUEUE_BYTES) { // a page that sleeps
      this.queue = [];
      this.queued = 0;
      this.needsKey = true;
      return;
    }
    this.needsKey = false;
    this.lastAt = frame.at;
    this.push(frame.data);
    if (!this.isVideo) {
      this.isVideo = true;
      this.changed();
    }
  }

  private push(data: Uint8Array<ArrayBuffer>): void {
    this.queue.push(data);
    this.queued += data.length;
    this.fill();
  }

  private fill(): void {
    const buffer = this.buffer;
    if (!buffer || buffer.updating || this.source?.readyState !== 'open') return;
    const ranges = buffer.buffered;
    const old = this.video.currentTime - KEEP_S;
    try {
      if (ranges.length && old - ranges.start(0) > KEEP_S) {
        buffer.remove(0, old);
        return;
      }
      const next = this.queue.shift();
      if (next) {
        this.queued -= next.length;
        buffer.appendBuffer(next);
      }
    } catch {
      this.reset();
    }
    this.keepUp(ranges);
  }

  /** Stays near the end of what has come. */
  private keepUp(ranges: TimeRanges): void {
    const video = this.video;
    if (!ranges.length) return;
    const end = ranges.end(ranges.length - 1);
    const behind = end - video.currentTime;
    const start = ranges.start(ranges.length - 1);
    if (behind > FAR_S || video.currentTime < start) video.currentTime = Math.max(start, end - AHEAD_S);
    if (behind > BEHIND_S) video.playbackRate = 1.2;
    else if (behind < NEAR_S) video.playbackRate = 1;
    if (video.paused) void video.play().catch(() => undefined);
  }

  private async draw(frame: Frame): Promise<void> {
    if (this.drawing) return;
    this.drawing = true;
    try {
      const picture = await createImageBitmap(new Blob([frame.data], {type: 'image/jpeg'}));
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
      this.canvas.getContext('2d')?.drawImage(picture, 0, 0);
      picture.close();
      this.lastAt = frame.at;
      this.isVideo = false;
      this.changed();
    } catch {
      // Half a picture: another one comes.
    }
    this.drawing = false;
  }
}
