// One connection for all live pictures of the page: frames come in, each goes to whoever shows
// its camera. Comes back by itself; nothing is fetched while the page is hidden.
export type FrameKind = 'init' | 'fragment' | 'jpeg' | 'state';

export interface Frame {
  kind: FrameKind;
  isKey: boolean;
  /** Server time, ms: of the first picture in it. */
  at: number;
  data: Uint8Array<ArrayBuffer>;
}

const HEADER = 16;
const PAYLOAD_MAX = 8 * 1024 * 1024;
const kinds: (FrameKind | undefined)[] = [undefined, 'init', 'fragment', 'jpeg', 'state'];
const RETRY_MS = [500, 1000, 2000, 5000];

/** Cuts a stream of bytes into frames, whatever pieces it comes in. */
export class FrameReader {
  private have: Uint8Array<ArrayBuffer> = new Uint8Array(64 * 1024);
  private from = 0;
  private to = 0;

  /** Throws when the stream makes no sense. */
  push(bytes: Uint8Array, take: (camera: number, frame: Frame) => void): void {
    this.room(bytes.length);
    this.have.set(bytes, this.to);
    this.to += bytes.length;
    for (;;) {
      if (this.to - this.from < HEADER) return;
      const head = new DataView(this.have.buffer, this.from, HEADER);
      const size = head.getUint32(0);
      const kind = kinds[head.getUint8(4)];
      if (size > PAYLOAD_MAX || !kind) throw new Error('no frame of live pictures');
      if (this.to - this.from < HEADER + size) return;
      const data = this.have.slice(this.from + HEADER, this.from + HEADER + size);
      const frame = {kind, isKey: head.getUint8(6) === 1, at: Number(head.getBigInt64(8)), data};
      this.from += HEADER + size;
      take(head.getUint8(5), frame);
    }
  }

  private room(n: number): void {
    if (this.to + n <= this.have.length) return;
    const left = this.to - this.from;
    const size = left + n > this.have.length ? 2 * (left + n) : this.have.length;
    const next = size > this.have.length ? new Uint8Array(size) : this.have;
    next.set(this.have.subarray(this.from, this.to));
    this.have = next;
    this.from = 0;
    this.to = left;
  }
}

/** Says whether the connection stands; a reason, for people, when it does not. */
export type LinkWord = (isOpen: boolean, reason: string) => void;

export class LiveFeed {
  private abort: AbortController | null = null;
  private timer = 0;
  private tries = 0;
  private isClosed = false;
  private readonly onVisible = () => (document.hidden ? this.stop() : this.start());

  constructor(private readonly cameras: string[], private readonly isMain: boolean,
              private readonly take: (camera: number, frame: Frame) => void,
              private readonly say: LinkWord) {
    document.addEventListener('visibilitychange', this.onVisible);
    this.start();
  }

  close(): void {
    this.isClosed = true;
    document.removeEventListener('visibilitychange', this.onVisible);
    this.stop();
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.abort = null;
  }

  private start(): void {
    if (this.isClosed || this.abort || document.hidden) return;
    const abort = new AbortController();
    this.abort = abort;
    void this.read(abort).catch((e: unknown) => (e instanceof Error ? e.message : String(e))).then((reason) => {
      if (this.abort !== abort) return;
      abort.abort();
      this.abort = null;
      this.say(false, reason ?? '');
      const wait = RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]!;
      this.timer = window.setTimeout(() => this.start(), wait * (0.75 + Math.random() / 2));
    });
  }

  /** Reads until the connection ends; gives the reason. */
  private async read(abort: AbortController): Promise<string> {
    const h265 = MediaSource.isTypeSupported('video/mp4; codecs="hvc1.1.6.L120.90"') ? 1 : 0;
    const query = `cameras=${this.cameras.join(',')}&stream=${this.isMain ? 'main' : 'sub'}&h265=${h265}`;
    const answer = await fetch(`/api/v1/live?${query}`, {signal: abort.signal, cache: 'no-store', credentials: 'same-origin'});
    if (!answer.ok || !answer.body) {
      const doc = await answer.json().catch(() => null);
      return doc?.error?.message ?? `The console answered ${answer.status}.`;
    }
    const frames = new FrameReader();
    const reader = answer.body.getReader();
    this.say(true, '');
    for (;;) {
      const {done, value} = await reader.read();
      if (done) return 'The console ended the connection.';
      if (this.abort !== abort) return '';
      this.tries = 0;
      frames.push(value, this.take);
    }
  }
}
