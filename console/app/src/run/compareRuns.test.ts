// Two runs side by side.
import { expect, test } from 'vitest';
import { compareRuns } from './compareRuns';
import { reduceRun, UNKNOWN_RUN, type Run } from './live';
import type { RunStep } from './model';
import { anAttempt, anExecution, aStep } from './samples';

function runOf(...steps: RunStep[]): Run {
  return reduceRun(UNKNOWN_RUN, [{ kind: 'SNAPSHOT', sequence: 1, execution: anExecution(), steps }]);
}

test('steps of both are in the order of the document, items of loops by their numbers', () => {
  const before = runOf(
    aStep('z'),
    aStep('loop'),
    aStep('loop[2].x'),
    aStep('loop[2].a'),
    aStep('loop[10].x'),
    aStep('end'),
  );
  const after = runOf(aStep('z'), aStep('loop'), aStep('loop[2].x'), aStep('loop[3].x'), aStep('end'), aStep('new'));
  expect(compareRuns(before, after).map(({ path }) => path)).toEqual([
    'z',
    'loop',
    'loop[2].x',
    'loop[2].a',
    'loop[3].x',
    'loop[10].x',
    'end',
    'new',
  ]);
});

test('what ended otherwise differs, what only took longer does not', () => {
  const failed = aStep('b', { status: 'FAILED', error: { code: 'TIMEOUT', message: '', path: null } });
  const twice = aStep('c', { attempts: [anAttempt(1, 0, 1, 'TIMEOUT'), anAttempt(2, 2, 3)] });
  const before = runOf(aStep('a'), aStep('b'), aStep('c', { attempts: [anAttempt(1, 0, 1)] }), aStep('d'));
  const after = runOf(aStep('a', { finishedAt: 900 }), failed, twice);
  expect(compareRuns(before, after).map(({ path, differs }) => [path, differs])).toEqual([
    ['a', false],
    ['b', true],
    ['c', true],
    ['d', true],
  ]);
});
