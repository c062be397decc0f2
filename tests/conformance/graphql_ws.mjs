// Talks to a server with the official graphql-ws client and prints what it hears as lines of JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const client = createClient({ url, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams: { of: 'a test' } });
const PROGRESS = 'subscription($id: ID!) { executionProgress(id: $id) { kind sequence execution { status } steps { path } } }';

const all = async (payload, onNext = () => {}) => {
  const events = [];
  try {
    for await (const event of client.iterate(payload)) {
      events.push(event);
      onNext(events.length);
    }
    return { events };
  } catch (error) {
    return { events, error: Array.isArray(error) ? error : String(error) };
  }
};

// A live subscription, and beside it everything that can go wrong on the same socket.
let live;
const first = new Promise((resolve) => {
  live = all({ query: PROGRESS, variables: { id: execution } }, resolve);
});
await first;
say({ query: await all({ query: '{ __typename }' }) });
say({ syntaxError: await all({ query: '{' }) });
say({ invalid: await all({ query: '{ nothing }' }) });
say({ unknown: await all({ query: PROGRESS, variables: { id: 'ex_01h455vb4pex5vsknk084sn02q' } }) });
say({ badVariable: await all({ query: PROGRESS, variables: { id: null } }) });

// One that is left early does not end the others.
const left = client.iterate({ query: PROGRESS, variables: { id: execution } });
say({ left: (await left.next()).value });
await left.return();

say({ ready: true });
say({ live: await live });
await client.dispose();
