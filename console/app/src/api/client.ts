// Queries and mutations over HTTP.
import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';

import { calibrate } from './clock';
import { ENDPOINT } from './endpoint';
import { failureOf } from './failure';
import { askForKey, credentials, currentSession } from './session';

export function createClient(): Client {
  const { key } = currentSession();
  return new Client({
    url: ENDPOINT,
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    fetch: timedFetch,
    fetchOptions: () => ({ headers: credentials() }),
    exchanges: [
      mapExchange({
        onError(error) {
          // What was asked with a key before this one says nothing of the one that is in use by now.
          if (failureOf(error).kind === 'unauthenticated' && currentSession().key === key) askForKey();
        },
      }),
      cacheExchange,
      fetchExchange,
    ],
  });
}

async function timedFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const sent = Date.now();
  const response = await fetch(input, init);
  calibrate(response.headers.get('date'), sent, Date.now());
  return response;
}

/** Sends these variables as they are: members in the order that they have, and not in that of the alphabet. */
export function sending(variables: unknown): typeof fetch {
  return (input, init) => {
    const body = JSON.parse(init?.body as string) as object;
    return timedFetch(input, { ...init, body: JSON.stringify({ ...body, variables }) });
  };
}
