// Executes what Relay's compiler made of relay/operations.js in Relay's runtime, and prints what it hears as lines of JSON.
import { createClient } from 'graphql-ws';
import runtime from 'relay-runtime';
import WebSocket from 'ws';
import createMutation from './relay/__generated__/operationsCreateMutation.graphql.js';
import listQuery from './relay/__generated__/operationsListQuery.graphql.js';
import progressSubscription from './relay/__generated__/operationsProgressSubscription.graphql.js';

const { Environment, Network, Observable, RecordSource, Store, commitMutation, createOperationDescriptor, fetchQuery, getRequest, requestSubscription } = runtime;
const [url, webSocketUrl, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const sockets = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });
const post = async ({ text }, variables) =>
  (
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify({ query: text, variables }),
    })
  ).json();
const subscribe = ({ name, text }, variables) =>
  Observable.create((sink) => sockets.subscribe({ operationName: name, query: text, variables }, sink));
const warnings = [];
console.error = (...said) => warnings.push(said.join(' '));
const environment = new Environment({ network: Network.create(post, subscribe), store: new Store(new RecordSource()) });

const mutate = (input) =>
  new Promise((onCompleted, onError) =>
    commitMutation(environment, { mutation: createMutation, variables: { input }, onCompleted, onError }),
  );
const input = { name: 'made-by-relay', steps: [{ id: 'call', config: { dataTransform: { expression: '1' } } }] };
say({ created: (await mutate(input)).createWorkflow });
say({ refused: (await mutate(input)).createWorkflow });
say({ invalid: (await mutate({ ...input, name: 'other', steps: [] })).createWorkflow });

const list = await fetchQuery(environment, listQuery, { count: 10 }).toPromise();
say({ workflows: list.workflows.edges.map(({ node }) => node) });
const operation = createOperationDescriptor(getRequest(listQuery), { count: 10 });
say({ cached: environment.lookup(operation.fragment).data.workflows.edges.map(({ node }) => node) });

const events = [];
await new Promise((resolve, reject) => {
  requestSubscription(environment, {
    subscription: progressSubscription,
    variables: { id: execution },
    onNext: ({ executionProgress }) => {
      events.push(executionProgress.sequence);
      if (events.length === 1) say({ ready: true });
      if (executionProgress.execution.status === 'COMPLETED') resolve();
    },
    onError: reject,
  });
});
say({ live: { events, status: environment.getStore().getSource().get(execution).status } });
say({ warnings });
await sockets.dispose();
process.exit(0);
