// Follows an execution with EventSource, as a browser has it, and prints what it hears as lines of JSON.
import { EventSource } from 'eventsource';

const [url, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const query = 'subscription($id: ID!) { executionProgress(id: $id) { kind sequence execution { status } } }';
const asked = new URLSearchParams({ query, variables: JSON.stringify({ id: execution }) });
const requests = [];
const source = new EventSource(`${url}?${asked}`, {
  fetch: async (input, init) => {
    const response = await fetch(input, init);
    requests.push({ lastEventId: init.headers['Last-Event-ID'] ?? null, status: response.status });
    return response;
  },
});
const events = [];

source.addEventListener('next', ({ data, lastEventId }) => {
  events.push({ id: lastEventId, ...JSON.parse(data).data.executionProgress });
  if (events.length === 1) say({ ready: true });
});
// Nobody closes it here: it comes again by itself after the end, as it would after a lost connection.
source.addEventListener('error', () => {
  if (source.readyState === EventSource.CLOSED) {
    say({ live: { events, requests } });
    process.exit(0);
  }
});
