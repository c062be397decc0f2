// Subscribes with the official graphql-ws client as it is when nothing is set but its pause: with the keys that are given,
// one after the other, the last one again and again. Prints what it hears as lines of JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, execution, ...keys] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
let asked = 0;
const client = createClient({
  url,
  webSocketImpl: WebSocket,
  retryWait: async () => {},
  connectionParams: () => ({ authorization: `Bearer ${keys[Math.min(asked++, keys.length - 1)]}` }),
  on: { closed: (event) => say({ closed: event.code }), connected: () => say({ connected: asked }) },
});
const query = 'subscription($id: ID!) { executionProgress(id: $id) { kind } }';
try {
  for await (const event of client.iterate({ query, variables: { id: execution } })) {
    say({ event: event.data?.executionProgress.kind ?? event.errors[0].extensions.code });
  }
  say({ ended: asked });
} catch (error) {
  say({ stopped: error.code ?? String(error), asked });
}
