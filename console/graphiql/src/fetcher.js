// Sends what GraphiQL runs: queries and mutations over HTTP, subscriptions over graphql-transport-ws.
import { getOperationAST, parse } from 'graphql';
import { createClient } from 'graphql-ws';

/** As the variable `id`: the execution that this page has started last. */
export const LAST_STARTED = 'ex_';
const NOTHING_STARTED =
  'This page has started no execution yet: run the second tab first, and then this one again; ' +
  'or put the id of an execution into the variables, in the place of "ex_".';

/**
 * A GraphiQL fetcher for the endpoint at `url`.
 *
 * The Headers tab goes along as HTTP headers and, for subscriptions, as the payload of `connection_init`: a browser
 * cannot set headers on a WebSocket, and the server reads the same names from both.
 */
export function createFetcher(url) {
  const clientFor = clientsByHeaders(webSocketUrl(url));
  let lastStarted = null;

  return (asked, { headers } = {}) => {
    const operation = operationOf(asked);
    const request = operation ? { ...asked, operationName: operation.name?.value } : { ...asked };
    if (request.variables?.id === LAST_STARTED) {
      if (lastStarted === null) return failure(NOTHING_STARTED);
      request.variables = { ...request.variables, id: lastStarted };
    }
    if (operation?.operation === 'subscription') return subscribe(clientFor(headers ?? {}), request);
    return post(url, request, headers ?? {}).then((result) => {
      lastStarted = result.data?.executeWorkflow?.id ?? lastStarted;
      return result;
    });
  };
}

/**
 * The operation that is meant: the named one, or the only one there is. GraphiQL's own idea of the document lags behind
 * the editor for a moment, so whoever changes the tab and runs at once would send the name of the tab before.
 */
function operationOf({ query, operationName }) {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document);
  } catch {
    return null; // the server says what is wrong with it
  }
}

async function post(url, request, headers) {
  let response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(request),
    });
  } catch (error) {
    return failure(`No answer from ${url}: ${error.message}. Is Stepgraph running?`);
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return failure(`${url} answered ${response.status} with something that is not JSON: ${text.slice(0, 500)}`);
  }
}

/** An observable, not an async iterator: stopping it takes effect at once, also while no event is on its way. */
function subscribe(client, request) {
  return {
    subscribe: (sink) => ({
      unsubscribe: client.subscribe(request, {
        next: (result) => sink.next(result),
        complete: () => sink.complete(),
        error: (error) => {
          sink.next(asResult(error));
          sink.complete();
        },
      }),
    }),
  };
}

/** One connection for each set of headers, since they are its identity; each opens when used and closes when idle. */
function clientsByHeaders(url) {
  const clients = new Map();
  return (headers) => {
    const key = JSON.stringify(headers);
    if (!clients.has(key)) clients.set(key, createClient({ url, lazy: true, connectionParams: headers }));
    return clients.get(key);
  };
}

function webSocketUrl(url) {
  const address = new URL(url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

/** graphql-ws reports a list of GraphQL errors, a close event of the socket, or an Error. */
function asResult(error) {
  if (Array.isArray(error)) return { errors: error };
  if (typeof error?.code === 'number') {
    return failure(`The connection was closed: ${error.code} ${error.reason || 'without a reason'}`);
  }
  return failure(error?.message ?? String(error));
}

function failure(message) {
  return { errors: [{ message }] };
}
