// Talks to a server with Apollo Client and its normalised cache, and prints what it hears as lines of JSON.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const [url, webSocketUrl, execution] = process.argv.slice(2);
const say = (value) => console.log(JSON.stringify(value));
const sockets = createClient({ url: webSocketUrl, webSocketImpl: WebSocket });
const possibleTypes = (introspected) =>
  Object.fromEntries(
    introspected.__schema.types
      .filter((type) => type.possibleTypes)
      .map((type) => [type.name, type.possibleTypes.map((possible) => possible.name)]),
  );
const types = await (
  await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ __schema { types { name possibleTypes { name } } } }' }),
  })
).json();
const client = new ApolloClient({
  cache: new InMemoryCache({ possibleTypes: possibleTypes(types.data) }),
  link: ApolloLink.split(
    ({ operationType }) => operationType === 'subscription',
    new GraphQLWsLink(sockets),
    new HttpLink({ uri: url }),
  ),
});

const WORKFLOWS = gql`
  query Workflows {
    workflows(first: 10) {
      nodes { id name steps { stepId name type } graph { nodes { path name } } }
    }
  }
`;
const first = await client.query({ query: WORKFLOWS, fetchPolicy: 'network-only' });
say({ workflows: first.data.workflows.nodes });
say({ cached: (await client.query({ query: WORKFLOWS, fetchPolicy: 'cache-only' })).data.workflows.nodes });

const CREATE = gql`
  mutation Create($input: CreateWorkflowInput!) {
    createWorkflow(input: $input) {
      ... on Workflow { id name version }
      ... on ConflictError { code message }
      ... on Error { code message }
    }
  }
`;
const input = {
  name: 'made-by-apollo',
  steps: [{ id: 'call', config: { dataTransform: { expression: '1' } } }],
};
say({ created: (await client.mutate({ mutation: CREATE, variables: { input } })).data.createWorkflow });
say({ refused: (await client.mutate({ mutation: CREATE, variables: { input } })).data.createWorkflow });

const PROGRESS = gql`
  subscription Progress($id: ID!) {
    executionProgress(id: $id) { kind sequence execution { id status } steps { path status } }
  }
`;
const EXECUTION = gql`
  query Execution($id: ID!) {
    execution(id: $id) { id status }
  }
`;
const events = [];
const seen = [];
let watched;
const shownAsCompleted = new Promise((resolve) => {
  watched = client.watchQuery({ query: EXECUTION, variables: { id: execution } }).subscribe(({ data }) => {
    if (data?.execution?.status) seen.push(data.execution.status);
    if (data?.execution?.status === 'COMPLETED') resolve();
  });
});
await new Promise((resolve, reject) => {
  client.subscribe({ query: PROGRESS, variables: { id: execution } }).subscribe({
    next: ({ data, error }) => {
      if (error) reject(error);
      events.push(data.executionProgress.sequence);
      if (events.length === 1) say({ ready: true });
      if (data.executionProgress.execution.status === 'COMPLETED') resolve();
    },
    error: reject,
  });
});
await shownAsCompleted;
say({ live: { events, seen } });
watched.unsubscribe();
await sockets.dispose();
process.exit(0);
