// What is offered of a run, and how its calls are copied.
import { expect, it } from 'vitest';
import type { RunStep } from '../../../run/model';
import { asCommand, asCurl, asGraphql, type ApiCall } from './calls';
import { awaitedSignals, offersFor } from './offers';
import { retryInput } from './retry';

const all = (): boolean => true;

it('offers what the state of a run allows', () => {
  expect(offersFor('RUNNING', all)).toEqual(['pause', 'signal', 'cancel']);
  expect(offersFor('PAUSED', all)).toEqual(['resume', 'signal', 'cancel']);
  expect(offersFor('FAILED', all)).toEqual(['retry']);
});

it('offers nothing that a role may not do', () => {
  expect(offersFor('RUNNING', (field) => field === 'Mutation.signalExecution')).toEqual(['signal']);
  expect(offersFor('FAILED', () => false)).toEqual([]);
});

it('names each signal that is waited for once', () => {
  const waits = ['b', 'a', 'b'].map((detail) => ({ waitingFor: { kind: 'SIGNAL', until: null, detail } }) as RunStep);
  expect(awaitedSignals([...waits, { waitingFor: null } as RunStep])).toEqual(['a', 'b']);
});

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

it('leaves out of a retry what is not asked for', () => {
  expect(retryInput({ fromStep: ' ', isNewest: false, input: null })).toEqual({ input: {} });
  expect(retryInput({ fromStep: 'a', isNewest: true, input: '{"n": null}' })).toEqual({
    input: { fromStep: 'a', latestVersion: true, input: { n: null } },
  });
  expect(retryInput({ fromStep: '', isNewest: false, input: '{' })).toHaveProperty('problem');
});
