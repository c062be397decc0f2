// What the inspector says about a step: its wait, and its call.
import { expect, test } from 'vitest';
import { callOf, curlOf } from './curl';
import type { Wait } from './model';
import { waitSentence } from './waits';

const NOW = Date.UTC(2026, 0, 1, 12);

test.each<[Wait, string | null, string]>([
  [{ kind: 'SIGNAL', until: null, detail: 'approval' }, 'gate', 'gate waits for the signal approval.'],
  [{ kind: 'SIGNAL', until: null, detail: 'gate: approval' }, null, 'gate waits for the signal approval.'],
  [
    { kind: 'CIRCUIT_BREAKER', until: null, detail: 'pay.example:443' },
    'pay',
    'pay waits for the circuit breaker of pay.example:443.',
  ],
  [{ kind: 'DEPENDENCY', until: null, detail: 'after stock, price' }, 'check', 'check runs after stock, price.'],
  [
    { kind: 'DEPENDENCY', until: null, detail: 'ex_01m8' },
    'child',
    'child waits for the execution that it has started.',
  ],
  [{ kind: 'WORKER', until: null, detail: null }, null, 'It waits for a worker to take it on.'],
  [{ kind: 'CONCURRENCY', until: null, detail: '2 at a time in fan' }, 'x', 'x waits for a place: 2 at a time in fan.'],
])('%j is said in a sentence', (wait, who, text) => {
  expect(waitSentence(wait, who, NOW).text).toBe(text);
});

test('a wait that ends by itself says when', () => {
  const sentence = waitSentence({ kind: 'RETRY', until: NOW + 8_000, detail: null }, 'pay', NOW);
  expect(sentence.text).toMatch(/^pay is tried again at \d\d:00:08 \(in 8\.0 s\)\.$/);
  expect(waitSentence({ kind: 'CIRCUIT_BREAKER', until: null, detail: 'a:1' }, 'x', NOW).link).toMatchObject({
    search: { service: 'a:1' },
  });
});

test('a call is a command that a shell reads as it was', () => {
  const call = callOf({
    method: 'POST',
    url: 'http://a/b',
    query: { q: ['1', '2'], none: null },
    headers: { 'x-a': "it's" },
    body: { n: 1 },
  });
  expect(call && curlOf(call)).toBe(
    [
      `curl -X POST 'http://a/b?q=1&q=2'`,
      `-H 'x-a: it'\\''s'`,
      `-H 'content-type: application/json'`,
      `--data-raw '{"n":1}'`,
    ].join(' \\\n  '),
  );
  expect(callOf({ url: 'http://a', body: { id: 12345678901234567890n } })?.body).toBe('{"id":12345678901234567890}');
  expect(callOf({ url: 'http://a', headers: { authorization: '***' } })?.isMasked).toBe(true);
  expect(callOf({ if: true })).toBeNull();
});
