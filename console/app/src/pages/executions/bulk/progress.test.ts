// How far a bulk operation is, as a sentence.
import { expect, test } from 'vitest';
import { toldProgress } from './progress';

test('each state of a bulk operation has its sentence, with what it could not do', () => {
  const counts = { matched: 1200, done: 50, failed: 0 };
  expect(toldProgress({ ...counts, status: 'STOPPING' })).toBe('It ends after the batch at hand: 50 of 1,200 done.');
  expect(toldProgress({ ...counts, status: 'STOPPED', failed: 2 })).toBe('It was stopped: 50 of 1,200 done, with 2 it could not be done.');
});
