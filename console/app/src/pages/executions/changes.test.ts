// Rows change in place, and new ones wait.
import { expect, it } from 'vitest';
import { hear, newOnes, NONE, type Row, type ShownList } from './changes';

function row(id: string, createdAt: string, status: Row['status'] = 'RUNNING'): Row {
  return { id, createdAt, status } as Row;
}

function list(ids: readonly string[], newest: string | null, status?: readonly string[]): ShownList {
  return { ids: new Set(ids), newest, status };
}

it('keeps a change of a row that is shown, and counts one that is not once', () => {
  const shown = list(['ex_1'], '2026-01-01');
  const first = hear(NONE, [row('ex_1', '2026-01-01', 'COMPLETED'), row('ex_2', '2026-01-02')], shown);
  const second = hear(first, [row('ex_2', '2026-01-02', 'COMPLETED')], shown);

  expect(second.changed.get('ex_1')?.status).toBe('COMPLETED');
  expect([...second.added]).toEqual(['ex_2']);
  expect(newOnes(second)).toBe('1 new');
});

it('is silent about older ones, which are on another page', () => {
  expect(hear(NONE, [row('ex_0', '2025-01-01')], list([], '2026-01-01')).added.size).toBe(0);
});

it('counts those only that the filter is for, as long as they are', () => {
  const shown = list([], null, ['RUNNING']);
  const begun = hear(NONE, [row('ex_1', '2026-01-01'), row('ex_2', '2026-01-01', 'FAILED')], shown);

  expect([...begun.added]).toEqual(['ex_1']);
  expect(hear(begun, [row('ex_1', '2026-01-01', 'COMPLETED')], shown).added.size).toBe(0);
});
