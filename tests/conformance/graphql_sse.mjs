// Talks to a server with the official graphql-sse client and prints what it hears as lines of JSON.
import { createClient } from 'graphql-sse';

const [url, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const client = createClient({ url, retryAttempts: 0 });
const PROGRESS = 'subscription($id: ID!) { executionProgress(id: $id) { kind sequence execution { status } steps { path } } }';

const all = async (payload) => {
  const events = [];
  try {
    for await (const event of client.iterate(payload)) {
      events.push(event);
      if (payload.variables && events.length === 1) say({ ready: true });
    }
    return { events };
  } catch (error) {
    return { events, error: String(error) };
  }
};

say({ query: await all({ query: '{ __typename }' }) });
say({ syntaxError: await all({ query: '{' }) });
say({ invalid: await all({ query: '{ nothing }' }) });
say({ live: await all({ query: PROGRESS, variables: { id: execution } }) });
client.dispose();
