// A bulk operation as a command: every part of the filter is in it.
import { expect, it } from 'vitest';
import { FILTERS, apiFilter, type Filter } from '../filter';
import { bulkCommand } from './command';

const WHOLE: Required<Filter> = {
  workflow: 'order',
  status: 'FAILED,TIMED_OUT',
  label: 'tenant=acme,text=a b,size=5',
  text: 'acme',
  id: 'ex_01kaz1',
  key: 'order-17',
  error: 'TIMEOUT',
  step: 'loop[3].fetch',
  waits: 'CIRCUIT_BREAKER',
  service: 'payments.example',
  trigger: 'SCHEDULE',
  by: 'sc_01kaz1',
  over: '5m',
  since: '24h',
  until: '2026-01-31T12:00:00.700Z',
};

it('says which executions are meant, and never more of them than the list', () => {
  expect(Object.keys(WHOLE)).toEqual(FILTERS);
  const filter = apiFilter(WHOLE, Date.parse('2026-02-01T00:00:00.100Z'));
  expect(bulkCommand('CANCEL', filter, { reason: 'too many' }).join(' ')).toBe(
    [
      'executions bulk cancel --workflow order --status FAILED --status TIMED_OUT',
      '--label tenant=acme --label text=a b --label size="5" --label-text acme --id ex_01kaz1 --key order-17',
      '--error TIMEOUT --failed-step loop[3].fetch --waiting-for CIRCUIT_BREAKER --service payments.example',
      '--longer-than PT300S --trigger SCHEDULE --trigger-id sc_01kaz1',
      '--created-after 2026-01-31T00:00:01Z --created-before 2026-01-31T12:00:00Z --reason too many',
    ].join(' '),
  );
});

it('says what is done with them', () => {
  expect(bulkCommand('RETRY', {}, { input: { latestVersion: true } })).toEqual(['executions', 'bulk', 'retry', '--latest-version']);
  expect(bulkCommand('RETRY', {}, { input: { latestVersion: false } })).toEqual(['executions', 'bulk', 'retry']);
  expect(bulkCommand('SIGNAL', {}, { name: 'go', payload: { n: 12345678901234567890n } }).slice(3)).toEqual([
    '--name',
    'go',
    '--payload',
    '{"n":12345678901234567890}',
  ]);
});
