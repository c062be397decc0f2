// Queries and mutations over HTTP.
import { cacheExchange, Client, fetchExchange, mapExchange } from 'urql';

import { calibrate } from './clock';
import { ENDPOINT } from './endpoint';
import { failureOf } from './failure';
import { askForKey, credentials } from './session';

export function createClient(): Client {
  return new Client({
    url: ENDPOINT,
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    fetch: timedFetch,
    fetchOptions: () => ({ headers: credentials() }),
    exchanges: [
      mapExchange({
        onError(error) {
          if (failureOf(error).kind === 'unauthenticated') askForKey();
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
