// The filter is the same as text, in the address and for the API.
import { describe, expect, it } from 'vitest';
import { apiFilter, partsOf, readSearch, readText, without, writeText, type Filter } from './filter';

const WHOLE: Filter = {
  workflow: 'order fulfilment',
  status: 'FAILED,TIMED_OUT',
  label: 'tenant=acme,text=<script>',
  waits: 'CIRCUIT_BREAKER',
  trigger: 'SCHEDULE',
  by: 'sc_01kaz1v8q3e0x9m6s4t7c2b5d8',
  over: '5m',
  since: '24h',
  until: '2026-01-31T12:00Z',
};

describe('a filter', () => {
  it.each([WHOLE, {}, { workflow: 'שלום' }, { label: 'a=b c' }] satisfies Filter[])(
    'survives text and address: %j',
    (filter) => {
      expect(readText(writeText(filter))).toEqual({ filter, problems: [] });
      expect(readSearch(filter)).toEqual(filter);
    },
  );

  it('is what the API takes', () => {
    const now = Date.parse('2026-02-01T00:00:00Z');
    expect(apiFilter(WHOLE, now)).toEqual({
      workflowName: 'order fulfilment',
      status: ['FAILED', 'TIMED_OUT'],
      labels: { tenant: 'acme', text: '<script>' },
      waitingFor: { kind: 'CIRCUIT_BREAKER' },
      trigger: 'SCHEDULE',
      triggerId: 'sc_01kaz1v8q3e0x9m6s4t7c2b5d8',
      longerThan: 'PT300S',
      createdAfter: '2026-01-31T00:00:00.000Z',
      createdBefore: '2026-01-31T12:00:00.000Z',
    });
    expect(apiFilter({}, now)).toEqual({});
  });

  it.each([
    ['hello', 'write name:value'],
    ['colour:red', 'There is no colour:'],
    ['status:BROKEN', 'There is no status BROKEN'],
    ['waits:TIMER,SIGNAL', 'only one'],
    ['label:tenant', 'lacks its value'],
    ['over:long', 'is no length of time'],
    ['since:yesterday', 'is no time'],
  ])('says what is wrong with %s', (text, problem) => {
    const { filter, problems } = readText(text);
    expect(filter).toEqual({});
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('leaves out of an address what means nothing', () => {
    expect(readSearch({ status: 'NOTHING', since: 'x', label: '=', workflow: '', error: 'TIMEOUT' })).toEqual({
      error: 'TIMEOUT',
    });
  });

  it('has parts that can be taken away one by one', () => {
    const filter: Filter = { label: 'a=1,b=2', status: 'FAILED,TIMED_OUT' };
    expect(partsOf(filter)).toHaveLength(3);
    expect(without(filter, 'label', 'a=1')).toEqual({ label: 'b=2', status: 'FAILED,TIMED_OUT' });
    expect(without(filter, 'status', 'FAILED,TIMED_OUT')).toEqual({ label: 'a=1,b=2' });
  });
});
