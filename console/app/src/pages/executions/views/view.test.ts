// Views are read as they were saved, by whomever.
import { expect, it } from 'vitest';
import { hiddenColumns, mayChange, mayShare, readView, savedFilter, type View } from './view';

it('is read as it was saved, with its ages as they were typed', () => {
  const filter = {
    workflow: 'order',
    status: 'FAILED,TIMED_OUT',
    label: 'a=1,b=x y',
    waits: 'SIGNAL',
    over: '300s',
    since: '24h',
  };
  expect(savedFilter(filter)).toMatchObject({ workflowName: 'order', labels: { a: '1', b: 'x y' }, since: '24h' });
  expect(readView(savedFilter(filter))).toEqual({ filter, unknown: [] });
});

it('reads what another client has saved, and names what it does not know', () => {
  const saved = { status: ['FAILED'], createdAfter: '2026-01-01T00:00:00Z', endedAfter: '2026-01-01T00:00:00Z', trigger: 'NO' };
  expect(readView(saved)).toEqual({
    filter: { status: 'FAILED', since: '2026-01-01T00:00:00Z' },
    unknown: ['endedAfter', 'trigger'],
  });
  expect(readView(null)).toEqual({ filter: {}, unknown: [] });
});

const view = { columns: ['status', 'id'], isOwn: false } as unknown as View;

it('hides the columns that a view leaves out', () => {
  expect(hiddenColumns(view, ['id', 'why'])).toEqual(['why']);
  expect(hiddenColumns({ ...view, columns: [] }, ['id', 'why'])).toEqual([]);
});

it('lets a role share and change what it may', () => {
  const as = (role: 'VIEWER' | 'OPERATOR' | 'EDITOR') => ({ name: 'a', role, deniedFields: [] });
  expect([mayShare(as('VIEWER')), mayShare(as('OPERATOR')), mayShare(undefined)]).toEqual([false, true, false]);
  expect([mayChange(view, as('OPERATOR')), mayChange(view, as('EDITOR'))]).toEqual([false, true]);
  expect(mayChange({ ...view, isOwn: true }, as('VIEWER'))).toBe(true);
});
