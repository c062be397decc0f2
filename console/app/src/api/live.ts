// Subscriptions over one WebSocket, each resumed where it stopped when the connection was lost.
import type { Client } from 'graphql-ws';
import { useSyncExternalStore } from 'react';
import type { TypedDocumentString } from '../graphql/graphql';
import { socketAddress } from './endpoint';
import { reportedFailure, type Failure, type ReportedError } from './failure';
import { pauseBefore } from './pauses';
import { askForKey, credentials, onSession } from './session';

/** `since`: the moment at which the connection was lost, in milliseconds of this machine's clock. */
export type Connection =
  | { readonly state: 'idle' }
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** What is shown has come to its end: nothing more is listened to. */
  | { readonly state: 'ended' }
  | { readonly state: 'reconnecting'; readonly since: number };

export interface Listener<Data> {
  readonly next: (data: Data) => void;
  /** The API has ended the subscription: there is nothing more to hear. */
  readonly end?: () => void;
  /** The API refuses the subscription, and asking again would not help. */
  readonly fail?: (failure: Failure) => void;
  /** The connection is there again after it was lost: what has no cursor reads anew. */
  readonly resumed?: () => void;
}

const PING_EVERY = 5_000;
const PONG_WITHIN = 4_000;
const UNAUTHORIZED = 4401; // 4403 is a key that has ended, or has another role: connecting again says which

let connection: Connection = { state: 'idle' };
let isOpen = false;
const watchers = new Set<() => void>();
const listeners = new Set<{ readonly resumed?: () => void }>();
let client: Client | undefined;
onSession(() => {
  void client?.dispose();
  client = undefined;
});

/**
 * Listens until the returned function is called. `variables` are asked for at each attempt, so that a subscription
 * that has heard up to a sequence goes on after it.
 */
export function listen<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: () => Variables,
  listener: Listener<Data>,
): () => void {
  let stopped = false;
  let failures = 0;
  let unsubscribe: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function begin(): Promise<void> {
    let opened: Client;
    try {
      opened = await connected();
    } catch (problem) {
      if (!stopped) lost(problem);
      return;
    }
    if (stopped) return;
    unsubscribe = opened.subscribe<Data>(
      { query: document.toString(), variables: variables() as Record<string, unknown> },
      {
        next({ data, errors }) {
          failures = 0;
          if (data) listener.next(data);
          if (errors?.[0]) refused(errors[0]);
        },
        error(problem) {
          if (stopped) return;
          if (Array.isArray(problem) && problem[0]) refused(problem[0] as ReportedError);
          else lost(problem);
        },
        complete() {
          if (stopped) return;
          listeners.delete(listener);
          if (listeners.size === 0 && connection.state === 'live') tell({ state: 'ended' });
          listener.end?.();
        },
      },
    );
  }

  function refused(error: ReportedError): void {
    const failure = reportedFailure(error);
    if (failure.code === 'UNAVAILABLE' || failure.code === 'INTERNAL') {
      retry();
      return;
    }
    if (failure.kind === 'unauthenticated') askForKey();
    listener.fail?.(failure);
  }

  function lost(problem: unknown): void {
    const code = problem instanceof CloseEvent ? problem.code : 0;
    if (code === UNAUTHORIZED) {
      askForKey();
      listener.fail?.({ kind: 'unauthenticated', code: 'UNAUTHENTICATED', message: 'The API asks for a key.' });
      return;
    }
    if (connection.state !== 'reconnecting') tell({ state: 'reconnecting', since: Date.now() });
    retry();
  }

  function retry(): void {
    failures += 1;
    timer = setTimeout(() => void begin(), pauseBefore(failures, Math.random()));
  }

  listenAgain();
  listeners.add(listener);
  void begin();
  return () => {
    stopped = true;
    listeners.delete(listener);
    clearTimeout(timer);
    unsubscribe?.();
    if (listeners.size === 0) listenAgain();
  };
}

export function useConnection(): Connection {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => connection,
  );
}

/** What had ended is not shown any more. */
function listenAgain(): void {
  if (connection.state === 'ended') tell({ state: isOpen ? 'live' : 'idle' });
}

/** The client of the one connection. What it is made of is loaded by the first who listens. */
async function connected(): Promise<Client> {
  const { createClient } = await import('graphql-ws');
  let unanswered: ReturnType<typeof setTimeout> | undefined;
  let socket: WebSocket | undefined;
  client ??= createClient({
    url: socketAddress(),
    lazy: true,
    lazyCloseTimeout: 3_000,
    keepAlive: PING_EVERY,
    retryAttempts: 0, // each subscription begins again by itself, with variables of its own
    connectionParams: credentials,
    on: {
      connecting() {
        if (connection.state === 'idle') tell({ state: 'connecting' });
      },
      connected(opened) {
        socket = opened as WebSocket;
        isOpen = true;
        tell({ state: 'live' });
      },
      ping(isReceived) {
        if (isReceived) return;
        // A server that was cut off without a word closes nothing.
        unanswered = setTimeout(() => socket?.close(4408, 'No answer to a ping'), PONG_WITHIN);
      },
      pong(isReceived) {
        if (isReceived) clearTimeout(unanswered);
      },
      closed(closing) {
        clearTimeout(unanswered);
        isOpen = false;
        if (connection.state === 'ended') return;
        const wasWanted = (closing as CloseEvent).code === 1000;
        if (wasWanted) tell({ state: 'idle' });
        else if (connection.state !== 'reconnecting') tell({ state: 'reconnecting', since: Date.now() });
      },
    },
  });
  return client;
}

function tell(next: Connection): void {
  const isBack = connection.state === 'reconnecting' && next.state === 'live';
  connection = next;
  watchers.forEach((watcher) => watcher());
  if (isBack) listeners.forEach((listener) => listener.resumed?.());
}
