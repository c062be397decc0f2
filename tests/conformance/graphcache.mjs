// Talks to a server with urql and its normalised cache, and prints what it hears as lines of JSON.
import { createClient, fetchExchange, subscriptionExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { createClient as createSocketClient } from 'graphql-ws';
import { getIntrospectionQuery } from 'graphql';
import WebSocket from 'ws';

const [url, webSocketUrl, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const introspected = await (
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: getIntrospectionQuery({ descriptions: false }) }),
  })
).json();
const warnings = [];
// What has no id is a part of what has one, and is kept with it.
const parts = introspected.data.__schema.types.filter(({ kind, fields }) => kind === 'OBJECT' && !fields.some(({ name }) => name === 'id'));
const keys = Object.fromEntries(parts.map(({ name }) => [name, () => null]));
const sockets = createSocketClient({ url: webSocketUrl, webSocketImpl: WebSocket });
const client = createClient({
  url,
  exchanges: [
    cacheExchange({ schema: introspected.data, keys, logger: (severity, message) => severity !== 'debug' && warnings.push(`${severity}: ${message}`) }),
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => ({ unsubscribe: sockets.subscribe({ ...request, query: request.query || '' }, sink) }),
      }),
    }),
  ],
});

const WORKFLOWS = '{ workflows(first: 10) { nodes { id name steps { stepId name type } } } }';
const answered = await client.query(WORKFLOWS, {}).toPromise();
if (answered.error) throw answered.error;
say({ workflows: answered.data.workflows.nodes });
const cached = await client.query(WORKFLOWS, {}, { requestPolicy: 'cache-only' }).toPromise();
say({ cached: cached.data.workflows.nodes });

const seen = [];
const EXECUTION = 'query($id: ID!) { execution(id: $id) { id status } }';
client.query(EXECUTION, { id: execution }).subscribe(({ data }) => data?.execution && seen.push(data.execution.status));
const PROGRESS = 'subscription($id: ID!) { executionProgress(id: $id) { sequence execution { id status } } }';
const events = [];
await new Promise((resolve, reject) => {
  client.subscription(PROGRESS, { id: execution }).subscribe(({ data, error, hasNext }) => {
    if (error) return reject(error);
    if (!hasNext) return; // urql gives the last result once more at the end
    events.push(data.executionProgress.sequence);
    if (events.length === 1) say({ ready: true });
    if (data.executionProgress.execution.status === 'COMPLETED') resolve();
  });
});
await new Promise((resolve) => setImmediate(resolve));
say({ live: { events, seen } });
say({ warnings });
await sockets.dispose();
process.exit(0);
