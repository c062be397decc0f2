// What expressions see of a recorded run, and where their errors are.
import { expect, it } from 'vitest';
import { blocksOf, contextOf, leftOutOf, placeIn, type Recorded } from './scope';

const RUN: Recorded = {
  execution: {
    id: 'ex_1',
    createdAt: '2026-01-01T00:00:00Z',
    startedAt: null,
    input: { id: 7 },
    workflow: { id: 'wf_1', name: 'order' },
    workflowVersion: 3,
  },
  document: { variables: { rate: 2 } },
  steps: [
    { path: 'fetch', status: 'COMPLETED', output: { total: 1 } },
    { path: 'loop', status: 'RUNNING', leftOut: { output: 5_000_000 } },
    { path: 'loop[3].store', status: 'FAILED', error: { code: 'TIMEOUT' } },
    { path: 'loop[4].store', status: 'COMPLETED', output: 4 },
    { path: 'last', status: 'PENDING' },
  ],
};

it('shows the workflow its own steps, those that have begun', () => {
  const { steps, ...rest } = contextOf(RUN, '');
  expect(Object.keys(steps as object)).toEqual(['fetch', 'loop']);
  expect(rest).toEqual({
    input: { id: 7 },
    vars: { rate: 2 },
    execution: { id: 'ex_1', createdAt: '2026-01-01T00:00:00Z', startedAt: null },
    workflow: { id: 'wf_1', name: 'order', version: 3 },
  });
});

it('shows an item of a loop its own steps and those around it', () => {
  expect(blocksOf(RUN)).toEqual(['', 'loop[3]', 'loop[4]']);
  expect(contextOf(RUN, 'loop[3]')).toMatchObject({ index: 3, steps: { fetch: {}, store: { status: 'FAILED' } } });
});

it('counts the values that were too large', () => expect(leftOutOf(RUN)).toBe(1));

it.each([
  ['a b', 'Syntax error: "b" (at character 3)', { line: 'a b', column: 2 }],
  ['a +\nb c', 'Syntax error (at character 7)', { line: 'b c', column: 2 }],
  ['a +', 'Unexpected end (at character 4)', { line: 'a +', column: 3 }],
  ['a', 'yields nothing', null],
])('finds the place of the error in %j', (expression, error, place) => expect(placeIn(expression, error)).toEqual(place));
