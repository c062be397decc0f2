// What is typed into forms: durations and JSON.
import { expect, it } from 'vitest';
import { problemAt, problemsBeside } from '../api/failure';
import { readDuration, writeDuration } from './durations';
import { readJson } from './json';

it.each([
  ['30s', 'PT30S'],
  ['1h 30m', 'PT5400S'],
  ['250 ms', 'PT0.25S'],
  ['1.5min', 'PT90S'],
  ['pt5m', 'PT5M'],
  ['', null],
  ['30', null],
  ['5s and more', null],
  ['s 5s', null],
])('the duration %j is %s', (text, expected) => expect(readDuration(text)).toBe(expected));

it.each([
  ['PT5400S', '1h 30m'],
  ['P1DT0.1S', '1d 0.1s'],
  ['PT0S', '0s'],
  ['nonsense', 'nonsense'],
])('%s is written %s', (iso, expected) => expect(writeDuration(iso)).toBe(expected));

it('reads JSON with all digits, and nothing as nothing', () => {
  expect(readJson(' {"a": [1, null]} ')).toEqual({ value: { a: [1, null] } });
  expect(readJson('  ')).toEqual({ value: undefined });
});

it.each(['{"a": x}', '{"a": 1', "{'a': 1}", 'nothing'])('says that %j is no JSON, and what to do', (text) => {
  expect(readJson(text)).toHaveProperty('problem', expect.stringMatching(/^This is no JSON: .+ double quotes\.$/));
});

it('tells each problem at its field, and the others beside', () => {
  const failure = {
    kind: 'refused',
    code: 'INVALID_INPUT',
    message: 'Two problems.',
    problems: [
      { path: ['cron'], message: 'No cron.', hint: 'Write 0 9 * * *.' },
      { path: ['input', 'id'], message: 'No id.', hint: null },
      { path: [], message: 'Too much.', hint: null },
    ],
  } as const;
  expect(problemAt(failure, 'cron')).toBe('No cron. Write 0 9 * * *.');
  expect(problemAt(failure, 'input')).toBe('id: No id.');
  expect(problemAt(failure, 'name')).toBeUndefined();
  expect(problemsBeside(failure, ['cron', 'input']).map(({ message }) => message)).toEqual(['Too much.']);
});
