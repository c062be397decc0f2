// How a call of the API is copied.
import { expect, it } from 'vitest';
import { asCommand, asCurl, asGraphql, type ApiCall } from './calls';

const call: ApiCall = {
  document: '\n  mutation Signal {\n    signal\n  }\n' as unknown as ApiCall['document'],
  variables: { name: "it's", payload: 12345678901234567890n },
  command: ['signal', 'ex_1', "it's", '--payload', '{"a": 1}'],
};

it('copies a call with all digits, quoted for a shell, and without a key', () => {
  expect(asGraphql(call)).toBe(
    'mutation Signal {\n  signal\n}\n\n# Variables:\n# {\n#   "name": "it\'s",\n#   "payload": 12345678901234567890\n# }\n',
  );
  expect(asCommand(call)).toBe(`stepgraph signal ex_1 'it'\\''s' --payload '{"a": 1}'`);
  expect(asCurl(call, 'http://h/graphql', true)).toContain('"payload":12345678901234567890');
  expect(asCurl(call, 'http://h/graphql', true)).toContain('"authorization: Bearer $STEPGRAPH_TOKEN"');
  expect(asCurl(call, 'http://h/graphql', false)).not.toContain('authorization');
});

it('lays a document out, however it was written', () => {
  const written = (text: string) => asGraphql({ ...call, document: text as unknown as ApiCall['document'] }).split('\n\n')[0];
  const expected = 'query A($id: ID!) {\n  run: node(id: $id) {\n    ...Part\n    ... on Error {\n      code\n    }\n  }\n}';
  expect(written(expected)).toBe(expected);
  expect(written('query A($id: ID!){run: node(id: $id){...Part ...on Error{code}}}')).toBe(expected);
});
