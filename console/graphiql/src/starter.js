// The tabs of a first visit: create a workflow, execute it, watch it.
import { LAST_STARTED } from './fetcher.js';
import create from './starter/create.graphql?raw';
import execute from './starter/execute.graphql?raw';
import watch from './starter/watch.graphql?raw';

/** `service` is an address that a worker can call: something that is there on a machine without a network too. */
export function starterTabs(service) {
  return [
    { query: create },
    { query: execute, variables: json({ input: { workflowName: 'hello', input: { name: 'Ada', url: service } } }) },
    { query: watch, variables: json({ id: LAST_STARTED }) },
  ];
}

function json(value) {
  return JSON.stringify(value, null, 2);
}
