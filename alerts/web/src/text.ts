// Every word that people read, and how times and numbers are written. In one place, so that
// another language is another file.
import type {Alert, AlertState, Camera, Disposition, HistoryEntry, Severity, Shown, Work} from './types.ts';

export const severityWord: Record<Severity, string> = {red: 'Red', yellow: 'Yellow', green: 'Green'};

export const stateWord: Record<AlertState, string> = {
  open: 'Open', acknowledged: 'Acknowledged', dispatched: 'Dispatched', resolved: 'Resolved',
};

export const dispositionWord: Record<Disposition, string> = {
  real: 'Real', nuisance: 'Nuisance', false: 'False alarm', test: 'Test', maintenance: 'Maintenance',
};

const kindWords: Record<string, string> = {
  motion: 'Motion', covered: 'Camera covered', dark: 'Picture dark', bright: 'Picture too bright',
  blurred: 'Picture blurred', moved: 'Camera moved', frozen: 'Picture frozen', lost: 'Signal lost',
  'low-quality': 'Poor picture', 'scene-change': 'Scene changed', input: 'Input', node: 'Machine',
  absence: 'Nothing happened',
};

export function kindWord(kind: string): string {
  return kindWords[kind] ?? kind;
}

const two = (n: number) => String(n).padStart(2, '0');

export function clock(date: Date, seconds = true): string {
  const text = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return seconds ? `${text}:${two(date.getSeconds())}` : text;
}

export function day(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function sameDay(a: Date, b: Date): boolean {
  return day(a) === day(b);
}

/** "22:41:07" today, "2026-08-22 22:41" on any other day. */
export function when(iso: string | null, now: Date): string {
  if (!iso) return '–';
  const date = new Date(iso);
  return sameDay(date, now) ? clock(date) : `${day(date)} ${clock(date, false)}`;
}

export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  if (m < 60) return `${m} min`;
  const h = Math.floor(m / 60);
  if (h < 48) return m % 60 ? `${h} h ${m % 60} min` : `${h} h`;
  return `${Math.floor(h / 24)} days`;
}

export function ago(iso: string | null, now: Date): string {
  if (!iso) return '';
  const ms = now.getTime() - new Date(iso).getTime();
  return ms < 5000 ? 'just now' : `${span(ms)} ago`;
}

export function percent(x: number | undefined): string {
  if (x === undefined) return '–';
  const p = x * 100;
  return `${p < 10 ? p.toFixed(1) : Math.round(p)}\u00a0%`;
}

function zones(event: Shown): string {
  const list = event.zone ?? [];
  if (list.length === 0) return 'the picture';
  return (list.length > 1 ? 'the zones ' : 'the zone ') + list.map((z) => `“${z}”`).join(', ');
}

/** Why the detector spoke, in sentences; the numbers are its own. */
export function whyWords(alert: Alert, event: Shown): string[] {
  const why = event.why ?? {};
  const words: string[] = [];
  if (event.detail) words.push(event.detail);
  if (alert.kind === 'motion' && event.peak !== undefined) {
    const limit = why.threshold !== undefined ? `; ${percent(why.threshold)} was enough` : '';
    words.push(`At its height, motion covered ${percent(event.peak)} of ${zones(event)}${limit}.`);
  }
  const count = /^(\d+)\/(\d+)$/.exec(why.m_of_n ?? '');
  if (count) words.push(`It was seen in ${count[1]} of ${count[2]} pictures in a row.`);
  if (why.sigma !== undefined && why.sigma > 0)
    words.push(`Picture noise was ${why.sigma.toFixed(1)} grey levels${why.sigma > 6 ? ', which is a lot' : ''}.`);
  if (why.light !== undefined && Math.abs(why.light) >= 0.02)
    words.push(`The light changed by ${percent(Math.abs(why.light))}.`);
  if (why.shift_px !== undefined && Math.abs(why.shift_px) >= 0.5)
    words.push(`The camera shook by ${Math.abs(why.shift_px).toFixed(1)} pixels.`);
  return words;
}

const actionWords: Record<string, string> = {
  'alert.open': 'opened', 'alert.acknowledge': 'acknowledged', 'alert.take': 'took',
  'alert.release': 'released', 'alert.dispatch': 'sent it', 'alert.resolve': 'resolved',
  'alert.reopen': 'reopened', 'alert.join': 'saw it again', 'alert.quiet': 'saw it end',
  'alert.assign': 'assigned it', 'alert.note': 'noted', 'alert.shelve': 'shelved it',
  'alert.unshelve': 'took it back from the shelf', 'alert.escalate': 'asked the next level: nobody did it in time',
};

/** "Not acknowledged: North gate". */
export const doneWord: Record<Work, string> = {
  acknowledge: 'acknowledged', take: 'taken', release: 'released', assign: 'assigned', dispatch: 'sent', note: 'noted',
  shelve: 'shelved', unshelve: 'taken back', resolve: 'resolved', reopen: 'reopened',
};

export function actor(name: string): string {
  if (name === 'vedette') return 'The clock';
  return name.startsWith('rule:') ? `Rule ${name.slice(5)}` : name;
}

export function historyWords(entry: HistoryEntry): string {
  const verb = actionWords[entry.action] ?? entry.action.replace(/^alert\./, '');
  const said = (key: string) => { const text = entry.detail?.[key]; return typeof text === 'string' ? text : ''; };
  const as = entry.action === 'alert.resolve' ? said('disposition') : '';
  const words = [verb, as && `as ${(dispositionWord[as as Disposition] ?? as).toLowerCase()}`, said('to') && `to ${said('to')}`]
    .filter(Boolean).join(' ');
  return said('reason') ? `${words}: ${said('reason')}` : words;
}

/** The history with what one rule said over and over folded into one line; newest first. */
export function foldHistory(list: HistoryEntry[]): {entry: HistoryEntry; words: string}[] {
  const folded: {entry: HistoryEntry; words: string}[] = [];
  const routine = (e: HistoryEntry) => e.action === 'alert.join' || e.action === 'alert.quiet';
  for (let i = list.length - 1; i >= 0; ) {
    let from = i;
    while (from > 0 && routine(list[i]!) && routine(list[from - 1]!)) from--;
    const again = list.slice(from, i + 1).filter((e) => e.action === 'alert.join').length;
    folded.push({entry: list[i]!, words: again > 1 ? `saw it again, ${again} times` : historyWords(list[i]!)});
    i = from - 1;
  }
  return folded;
}

/** Who holds the alert, in a few words for its row. */
export function holding(alert: Alert): string {
  if (alert.state === 'resolved')
    return `${alert.disposition ? dispositionWord[alert.disposition] : 'Resolved'}`;
  if (alert.state === 'open') return 'Open';
  const person = !/[:/]/.test(alert.changed_by); // "rule:…" and the like changed it last
  return alert.owner ?? (person ? alert.changed_by : stateWord[alert.state]);
}

export type CameraLevel = 'good' | 'wait' | 'bad' | 'off';

interface CameraWords {
  level: CameraLevel;
  word: string;
  advice: string;
}

const cameraStates: Record<string, CameraWords> = {
  online: {level: 'good', word: 'Online', advice: ''},
  ok: {level: 'good', word: 'Online', advice: ''},
  connecting: {level: 'wait', word: 'Connecting', advice: ''},
  starting: {level: 'wait', word: 'Starting', advice: ''},
  waiting: {level: 'wait', word: 'Waiting to connect', advice: ''},
  degraded: {level: 'wait', word: 'Degraded', advice: 'Watch it; if it does not mend itself, check the camera’s network.'},
  lost: {level: 'bad', word: 'Lost', advice: 'Check power and network of the camera; it is tried again all the time.'},
  disabled: {level: 'off', word: 'Switched off', advice: 'Set “enabled: true” in its file to watch it.'},
  unknown: {level: 'wait', word: 'Not heard of yet', advice: 'If this stays, see that the ingest workers run.'},
};

/** "H.264, 640 × 480, 10 pictures a second": what the camera sends. */
export function cameraPicture(camera: Camera): string {
  const d = camera.detail ?? {};
  const parts: string[] = [];
  if (typeof d['codec'] === 'string' && d['codec']) parts.push(d['codec'].replace(/^h26/, 'H.26').toUpperCase());
  if (typeof d['width'] === 'number' && d['width'] > 0) parts.push(`${d['width']} × ${String(d['height'])}`);
  if (typeof d['fps'] === 'number' && d['fps'] > 0) parts.push(`${Math.round(d['fps'] * 10) / 10} pictures a second`);
  return parts.join(', ');
}

const reasonAdvice: [RegExp, string][] = [
  [/401|password|unauthori[sz]ed|auth/i, 'Check user and password_file of the camera.'],
  [/404|no such stream|not found/i, 'Check the path in the camera’s url.'],
  [/dns|resolve|unknown host|name/i, 'Check the host name in the camera’s url.'],
  [/refused/i, 'Nothing listens there: check address and port, and that RTSP is switched on.'],
  [/453|503|bandwidth|too many/i, 'The camera has no stream left: close other viewers.'],
  [/stalled|timeout|no answer|no packet/i, 'Check power and network of the camera.'],
  [/decode|codec|format/i, 'Set the camera to H.264, H.265 or MJPEG.'],
];

// What ails a camera that is online, worst first.
const conditions: Record<string, CameraWords> = {
  covered: {level: 'bad', word: 'Covered', advice: 'Look whether something hangs before the lens.'},
  dark: {level: 'bad', word: 'Dark', advice: 'Look whether the light or the infrared lamp is out.'},
  frozen: {level: 'bad', word: 'Frozen', advice: 'Restart the camera: it sends one picture again and again.'},
  bright: {level: 'wait', word: 'Washed out', advice: 'Look whether a lamp or the sun shines into the lens.'},
  moved: {level: 'wait', word: 'Looks elsewhere', advice: 'Turn the camera back to its view.'},
  blurred: {level: 'wait', word: 'Blurred', advice: 'Clean the lens, then set its focus.'},
  'low-quality': {level: 'wait', word: 'Poor picture', advice: 'Check light, network and bit rate of the camera.'},
};

function conditionWords(camera: Camera): CameraWords | undefined {
  const named = camera.detail?.['conditions'];
  return Array.isArray(named) ? Object.keys(conditions).filter((c) => named.includes(c)).map((c) => conditions[c])[0] : undefined;
}

export function cameraWords(camera: Camera): CameraWords {
  const known = cameraStates[camera.state] ??
    {level: 'wait' as const, word: camera.state, advice: ''};
  if (known.level === 'good') return conditionWords(camera) ?? known;
  if (known.level === 'off') return known;
  for (const [pattern, advice] of reasonAdvice)
    if (pattern.test(camera.reason)) return {...known, advice};
  return known;
}

export interface LiveState {
  state?: 'connected' | 'lost' | 'unreachable' | 'busy';
  main?: boolean;
  lost?: number;
}

interface LiveWords {
  /** 'good': now; 'wait': not yet; 'bad': old, or nothing. */
  tone: 'good' | 'wait' | 'bad';
  word: string;
  /** Across the picture; '': nothing. */
  over: string;
}

const liveTroubles: Record<string, string> = {
  lost: 'The camera is lost', unreachable: 'No ingest worker has this camera', busy: 'Too many watch already',
  closed: 'Connecting to the console',
};

/** What is said of a live picture; staleMs > 0: how old it is. */
export function liveWords(state: string | undefined, isVideo: boolean, hasPicture: boolean, staleMs: number): LiveWords {
  const trouble = state ? liveTroubles[state] ?? '' : '';
  if (staleMs > 0) return {tone: 'bad', word: `${span(staleMs)} old`, over: `${trouble || 'Nothing new comes'}. Picture from ${span(staleMs)} ago.`};
  if (!hasPicture) return {tone: trouble && state !== 'closed' ? 'bad' : 'wait', word: trouble ? '' : 'Waiting', over: trouble || 'Waiting for a picture'};
  return {tone: 'good', word: isVideo ? 'Live' : 'One picture a second', over: ''};
}

export const help: [string, string][] = [
  ['j  ↓', 'next alert'], ['k  ↑', 'alert before'], ['Home', 'top of the list, newest shown'],
  ['a', 'acknowledge the selected alert'], ['t', 'take it'], ['d', 'send somebody'], ['n', 'write a note'],
  ['r', 'resolve the selected alert'],
  ['Enter', 'open the selected alert'], ['Esc', 'close what is open'],
  ['s', 'newest first, or most urgent first'], ['m', 'sound on or off'],
  ['l', 'live view of the selected alert’s camera'], ['←  →', 'live: another camera'],
  ['1  2  3  4', 'alerts, cameras, search, live'], ['/', 'search'], ['?', 'this help'],
];
