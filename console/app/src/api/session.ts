// The key that goes along with every request: kept in memory, or for this tab when asked to, and never longer.
import { useSyncExternalStore } from 'react';

const STORED = 'stepgraph.key';

export interface Session {
  /** The token; null where none was given. */
  readonly key: string | null;
  /** True when the API has refused to answer without a key, or with this one. */
  readonly isAsked: boolean;
  /** True when it was a key that the API has refused. */
  readonly isRefused: boolean;
}

let session: Session = { key: sessionStorage.getItem(STORED), isAsked: false, isRefused: false };
const listeners = new Set<() => void>();

export function currentSession(): Session {
  return session;
}

export function onSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSession(): Session {
  return useSyncExternalStore(onSession, currentSession);
}

/** Goes on with this key; `forTab` keeps it until the tab is closed, over reloads too. */
export function signIn(key: string, forTab: boolean): void {
  if (forTab) sessionStorage.setItem(STORED, key);
  else sessionStorage.removeItem(STORED);
  change({ key, isAsked: false, isRefused: false });
}

export function signOut(): void {
  sessionStorage.removeItem(STORED);
  change({ key: null, isAsked: false, isRefused: false });
}

/** The API wants a key, or another one. */
export function askForKey(): void {
  if (session.isAsked) return;
  sessionStorage.removeItem(STORED);
  change({ key: null, isAsked: true, isRefused: session.key !== null });
}

/** The headers of a request, and the parameters of a WebSocket's connection. */
export function credentials(): Record<string, string> {
  return session.key === null ? {} : { authorization: `Bearer ${session.key}` };
}

function change(next: Session): void {
  session = next;
  listeners.forEach((listener) => listener());
}
