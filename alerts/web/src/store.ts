// What the page knows: alerts, cameras, how fresh it all is. One stream of server-sent events
// keeps it so; when that breaks the page keeps what it has, says since when, and comes back by
// itself. Nothing is shown twice: a version that is not newer changes nothing.
import * as api from './api.ts';
import type {Alert, Area, Camera, Session, Status, Work, WorkBody} from './types.ts';
import {callOut} from './sound.ts';

export type Link = 'starting' | 'live' | 'lost' | 'signed-out';

export interface Notice {
  id: number;
  tone: 'bad' | 'good';
  title: string;
  text: string;
  alert: string | null;
}

const SILENT_MS = 26_000; // two and a half beats
const RETRY_MAX_MS = 10_000;

class Store extends EventTarget {
  session: Session | null = null;
  wasSignedIn = false;
  link: Link = 'starting';
  lostSince: Date | null = null;
  alerts = new Map<string, Alert>();
  cameras = new Map<string, Camera>();
  areas: Area[] = [];
  status: Status | null = null;
  truncated = false;
  notices: Notice[] = [];
  /** Server time minus ours, ms: the desk's clock may be wrong. */
  skew = 0;

  private source: EventSource | null = null;
  private lastHeard = 0;
  private retryMs = 1000;
  private retryTimer = 0;
  private noticeId = 0;
  private pending = false;

  constructor() {
    super();
    setInterval(() => this.watch(), 1000);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.watch();
    });
  }

  now(): Date {
    return new Date(Date.now() + this.skew);
  }

  /** Many changes in one turn are one redraw. */
  changed(): void {
    if (this.pending) return;
    this.pending = true;
    queueMicrotask(() => {
      this.pending = false;
      this.dispatchEvent(new Event('change'));
    });
  }

  async start(): Promise<void> {
    try {
      this.session = await api.whoAmI();
      await this.load();
    } catch (e) {
      this.failed(e);
    }
    this.changed();
  }

  async signIn(name: string, password: string): Promise<void> {
    this.session = await api.signIn(name, password);
    this.link = 'starting';
    await this.load().catch((e) => this.failed(e));
    this.changed();
  }

  async signOut(): Promise<void> {
    await api.signOut().catch(() => undefined);
    this.signedOut();
  }

  private signedOut(): void {
    this.wasSignedIn ||= this.session !== null;
    this.source?.close();
    this.source = null;
    this.session = null;
    this.link = 'signed-out';
    this.alerts.clear();
    this.cameras.clear();
    this.changed();
  }

  /** Everything anew: lists first, then the stream from the position that they are true at. */
  private async load(): Promise<void> {
    const [page, cams] = await Promise.all([api.liveAlerts(), api.cameras()]);
    this.alerts = new Map(page.alerts.map((a) => [a.alert, a]));
    this.truncated = page.truncated ?? false;
    this.cameras = new Map(cams.cameras.map((c) => [c.id, c]));
    this.areas = cams.areas;
    this.listen(page.position ?? -1);
    this.changed();
  }

  private failed(e: unknown): void {
    if (e instanceof api.ApiError && e.status === 401) {
      this.signedOut();
      return;
    }
    this.lose();
    clearTimeout(this.retryTimer);
    this.retryTimer = window.setTimeout(() => void this.start(), this.retryMs * (0.5 + Math.random()));
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
  }

  private lose(): void {
    if (this.link !== 'lost') this.lostSince = this.lastHeard ? new Date(this.lastHeard + this.skew) : this.now();
    this.link = 'lost';
    this.changed();
  }

  private listen(position: number): void {
    this.source?.close();
    const source = new EventSource(`/api/v1/stream${position >= 0 ? `?after=${position}` : ''}`);
    this.source = source;
    const on = (type: string, take: (doc: unknown) => void) =>
      source.addEventListener(type, (e) => {
        if (this.source !== source) return;
        this.heard();
        take(JSON.parse((e as MessageEvent<string>).data));
        this.changed();
      });
    on('alert', (doc) => this.take(doc as Alert, true));
    on('camera', (doc) => this.takeCamera(doc as Camera));
    on('status', (doc) => this.takeStatus(doc as Status));
    on('beat', (doc) => this.takeStatus(doc as Status));
    on('reset', () => void this.load().catch((e) => this.failed(e)));
    let opened = false;
    source.onopen = () => {
      this.heard();
      // Who had no position to come back with may have missed something.
      if (opened && position < 0) void this.load().catch((e) => this.failed(e));
      opened = true;
    };
    source.onerror = () => {
      if (this.source !== source) return;
      // A break is mended by the browser; a refusal (signed out, too many) is ours to handle.
      if (source.readyState === EventSource.CLOSED) {
        this.source = null;
        void this.start();
      }
    };
  }

  private heard(): void {
    this.lastHeard = Date.now();
    this.retryMs = 1000;
    if (this.link !== 'live') {
      this.link = 'live';
      this.lostSince = null;
      this.changed();
    }
  }

  private watch(): void {
    const broken = this.source?.readyState === EventSource.CONNECTING;
    const silent = Date.now() - this.lastHeard;
    if (this.link === 'live' && (silent > SILENT_MS || (broken && silent > 3000))) this.lose();
    if (this.link === 'lost' && this.source && silent > 2 * SILENT_MS && !broken) {
      this.source.close(); // open, and dead: a machine slept, or a proxy forgot us
      this.source = null;
      void this.start();
    }
    this.changed();
  }

  private takeStatus(status: Status): void {
    this.status = status;
    if (status.now) {
      const skew = new Date(status.now).getTime() - Date.now();
      if (Math.abs(skew - this.skew) > 1500) this.skew = skew;
    }
  }

  private takeCamera(camera: Camera): void {
    if (camera.state === 'removed') this.cameras.delete(camera.id);
    else this.cameras.set(camera.id, camera);
  }

  /** A new state of an alert, from the stream or as the answer to a change. */
  take(alert: Alert, isLive: boolean): void {
    const was = this.alerts.get(alert.alert);
    if (was && was.version >= alert.version) return;
    if (alert.state === 'resolved') this.alerts.delete(alert.alert);
    else this.alerts.set(alert.alert, alert);
    if (isLive && !was && alert.severity === 'red' && alert.state === 'open') callOut();
    this.dispatchEvent(new CustomEvent('alert', {detail: alert}));
  }

  cameraName(alert: Alert): string {
    if (!alert.camera) return this.areaName(alert.area);
    return this.cameras.get(alert.camera)?.name ?? alert.camera;
  }

  areaName(code: string): string {
    return this.areas.find((a) => a.code === code)?.name ?? code;
  }

  /** "Shenzhen › Nanshan": the names on the way down to an area. */
  areaPath(code: string): string {
    const parts = code.split('/');
    const names = parts.map((_, i) => this.areaName(parts.slice(0, i + 1).join('/')));
    return names.join(' › ');
  }

  /** What an area lies in, nearest first: "Nanshan, Shenzhen". */
  areaAbove(code: string): string {
    const parts = code.split('/').slice(0, -1);
    return parts.map((_, i) => this.areaName(parts.slice(0, i + 1).join('/'))).reverse().join(', ');
  }

  say(tone: Notice['tone'], title: string, text: string, alert: string | null = null): void {
    const notice = {id: ++this.noticeId, tone, title, text, alert};
    this.notices = [...this.notices.filter((n) => n.alert !== alert || alert === null).slice(-2), notice];
    if (tone === 'good') setTimeout(() => this.unsay(notice.id), 4000);
    this.changed();
  }

  unsay(id: number): void {
    this.notices = this.notices.filter((n) => n.id !== id);
    this.changed();
  }

  private async change(alert: Alert, what: string, go: (seen: Alert) => Promise<Alert>,
                       tries = 3): Promise<boolean> {
    try {
      this.take(await go(alert), false);
      this.notices = this.notices.filter((n) => n.alert !== alert.alert);
      this.changed();
      return true;
    } catch (e) {
      if (!(e instanceof api.ApiError)) throw e;
      if (e.status === 401) this.signedOut();
      if (e.current) this.take(e.current, false);
      // A rule that counted one more happening took nothing out of anybody's hand: what was
      // decided stands. Whatever a person changed is told, and left to be decided anew.
      if (e.code === 'stale-version' && e.current && tries > 1 && e.current.state === alert.state &&
          e.current.owner === alert.owner && e.current.changed_by.startsWith('rule:'))
        return this.change(e.current, what, go, tries - 1);
      this.say('bad', `Not ${what}: ${this.cameraName(alert)}`, `${e.message} ${e.advice}`, alert.alert);
      return false;
    }
  }

  work(alert: Alert, action: Work, done: string, body: WorkBody): Promise<boolean> {
    return this.change(alert, done, (seen) => api.work(seen, action, body));
  }
}

export const store = new Store();
