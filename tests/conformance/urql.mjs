// Talks to a server with @urql/core as it is out of the box and prints what it hears as lines of JSON.
import { cacheExchange, createClient, fetchExchange } from '@urql/core';

const [url, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const sent = [];
const fetchNoted = async (input, init) => {
  const response = await fetch(input, init);
  sent.push({ method: init.method, status: response.status, type: response.headers.get('content-type') });
  return response;
};
const client = createClient({ url, fetch: fetchNoted, fetchSubscriptions: true, exchanges: [cacheExchange, fetchExchange] });
const result = ({ data, error }) => ({ data, error: error && String(error) });

say({ query: result(await client.query('{ __typename }', {}).toPromise()) });
say({ posted: result(await client.query('query posted { __typename }', {}, { preferGetMethod: false }).toPromise()) });
say({ mutation: result(await client.mutation('mutation($id: ID!) { pauseExecution(id: $id) { __typename } }', { id: 'x' }).toPromise()) });

const events = [];
await new Promise((resolve) => {
  client
    .subscription('subscription($id: ID!) { executionProgress(id: $id) { sequence execution { status } } }', { id: execution })
    .subscribe((each) => {
      events.push(result(each));
      if (events.length === 1) say({ ready: true });
      if (each.error || each.data.executionProgress.execution.status === 'COMPLETED') resolve();
    });
});
say({ live: { events } });
say({ sent });
process.exit(0);
