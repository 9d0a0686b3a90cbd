// The public HTTP API, and nothing else, is what the page talks to.
import type {Alert, AlertPage, Area, Camera, Session, Work, WorkBody} from './types.ts';

/** A refusal with its stable code, or 'unreachable' when no answer came at all. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string,
              readonly advice: string, readonly current: Alert | null,
              readonly retryAfter: number) {
    super(message);
  }
}

let csrf = '';

async function call<T>(method: string, path: string, body?: unknown,
                       headers: Record<string, string> = {}): Promise<T> {
  const init: RequestInit = {method, headers: {...headers}, cache: 'no-store',
                             credentials: 'same-origin'};
  const given = init.headers as Record<string, string>;
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    given['Content-Type'] = 'application/json';
  }
  if (method !== 'GET') given['X-CSRF-Token'] = csrf;
  let answer: Response;
  try {
    answer = await fetch('/api/v1' + path, init);
  } catch {
    throw new ApiError(0, 'unreachable', 'The console does not answer.',
                       'The page tries again by itself.', null, 0);
  }
  if (answer.status === 204) return undefined as T;
  const doc = await answer.json().catch(() => null);
  if (answer.ok && doc !== null) return doc as T;
  const error = doc?.error ?? {};
  throw new ApiError(answer.status, error.code ?? 'unknown',
                     error.message ?? `The console answered ${answer.status}.`,
                     error.advice ?? '', error.current ?? null,
                     Number(answer.headers.get('Retry-After') ?? 0));
}

function remember(session: Session): Session {
  csrf = session.csrf;
  return session;
}

export async function whoAmI(): Promise<Session> {
  return remember(await call<Session>('GET', '/session'));
}

export async function signIn(name: string, password: string): Promise<Session> {
  return remember(await call<Session>('POST', '/session', {name, password}));
}

export function signOut(): Promise<void> {
  return call('DELETE', '/session');
}

export function liveAlerts(): Promise<AlertPage> {
  return call('GET', '/alerts?state=unresolved&limit=200');
}

export function searchAlerts(query: URLSearchParams): Promise<AlertPage> {
  return call('GET', '/alerts?' + query.toString());
}

export function oneAlert(id: string): Promise<Alert> {
  return call('GET', '/alerts/' + encodeURIComponent(id));
}

export function work(alert: Alert, action: Work, body: WorkBody): Promise<Alert> {
  return call('POST', `/alerts/${encodeURIComponent(alert.alert)}/${action}`, body,
              {'If-Match': `"${alert.version}"`});
}

export interface Units {
  units: {id: string; name: string}[];
  shelve_max_ms: number;
}

export function units(): Promise<Units> {
  return call('GET', '/units');
}

export function cameras(): Promise<{cameras: Camera[]; areas: Area[]}> {
  return call('GET', '/cameras');
}

export function mediaUrl(id: string): string {
  return '/api/v1/media/' + encodeURIComponent(id);
}
