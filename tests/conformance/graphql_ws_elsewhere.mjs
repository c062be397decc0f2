// Subscribes with the official graphql-ws client, as it is when nothing is set but its pause, from a page of this origin.
// Prints what it hears as lines of JSON.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, origin] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
let tries = 0;
class OfPage extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { origin });
    tries += 1;
  }
}
const client = createClient({ url, webSocketImpl: OfPage, retryWait: async () => {} });
try {
  for await (const event of client.iterate({ query: 'subscription { executionUpdates { id } }' })) say({ event });
} catch (error) {
  say({ stopped: error.code ?? String(error), reason: error.reason, tries });
}
