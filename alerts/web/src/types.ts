// What the API gives. Everything in it that people wrote is text, and is shown as text.

export type Severity = 'red' | 'yellow' | 'green';
export type AlertState = 'open' | 'acknowledged' | 'dispatched' | 'resolved';
export type Disposition = 'real' | 'nuisance' | 'false' | 'test' | 'maintenance';

export interface Why {
  analysis?: string;
  threshold?: number;
  sigma?: number;
  m_of_n?: string;
  light?: number;
  shift_px?: number;
}

/** The event that an alert shows; the message as the worker sent it, or its data alone. */
export interface Shown {
  data?: Shown;
  zone?: string[];
  score?: number;
  peak?: number;
  boxes?: number[][];
  why?: Why;
  start?: string | null;
  end?: string | null;
  detail?: string;
}

export interface HistoryEntry {
  at: string;
  actor: string;
  action: string;
  detail: Record<string, unknown> | null;
}

export interface Alert {
  alert: string;
  version: number;
  severity: Severity;
  state: AlertState;
  active: boolean;
  area: string;
  camera: string | null;
  kind: string;
  rule: string;
  action: string | null;
  instruction: string | null;
  events: {count: number; new: number; first: string; last: string};
  media: {snapshot: string | null; clip: string | null};
  owner: string | null;
  unit: string | null;
  deadline: string | null;
  escalation: {level: number; area: string; at: string} | null;
  disposition: Disposition | null;
  suppressed_by: string | null;
  shelved: {until: string; reason: string | null} | null;
  opened: string;
  acknowledged: string | null;
  resolved: string | null;
  changed: string;
  changed_by: string;
  shows: Shown | null;
  history?: HistoryEntry[];
}

export interface Camera {
  id: string;
  name: string;
  area: string;
  area_name: string;
  state: string;
  since: string | null;
  reason: string;
  enabled: boolean;
  detail: Record<string, unknown> | null;
}

export interface Area {
  code: string;
  name: string;
}

export interface Status {
  router: boolean;
  database: boolean;
  committing: boolean;
  delayed_since: string | null;
  waiting: number;
  revision: string;
  position: number;
  now?: string;
}

export interface Session {
  name: string;
  role: string;
  csrf: string;
  areas: string[];
  expires: string;
}

export interface AlertPage {
  alerts: Alert[];
  next: string | null;
  position?: number;
  truncated?: boolean;
}

export function shown(alert: Alert): Shown {
  return alert.shows?.data ?? alert.shows ?? {};
}

export type Work = 'acknowledge' | 'take' | 'release' | 'assign' | 'dispatch' | 'note' | 'shelve' | 'unshelve' | 'resolve' | 'reopen';

export interface WorkBody {
  note?: string | undefined;
  to?: string | undefined;
  until?: string;
  disposition?: Disposition;
}
