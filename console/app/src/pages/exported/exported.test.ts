// The file of an export: read as it was written, and refused with a sentence where it is something else.
import { describe, expect, it, test } from 'vitest';
import type { Loaded } from '../../payload/load';
import { readExport, type Exported } from './read';
import { lackOf, runOf, sourceOf } from './recorded';

const FAILED = { code: 'HTTP_STATUS', message: '503', path: 'loop[0].call', details: { status: 503 } };

const STEP = {
  path: 'one',
  stepId: 'one',
  type: 'DATA_TRANSFORM',
  status: 'COMPLETED',
  startedAt: '2026-01-31T12:00:00Z',
  finishedAt: '2026-01-31T12:00:01Z',
  duration: 'PT1S',
  sequence: 2,
  waitingFor: null,
  attempts: [{ number: 1, startedAt: '2026-01-31T12:00:00Z', finishedAt: null, statusCode: 503, error: FAILED }],
  input: { text: '<b>***</b>' },
  output: null,
  error: null,
};

const EXPORT = {
  format: 'stepgraph.execution',
  version: 1,
  exportedAt: '2026-01-31T12:30:00Z',
  release: '0.1.0',
  execution: {
    id: 'ex_01kaz1v8q3e0x9m6s4t7c2b5d8',
    workflow: { id: 'wf_1', name: 'order' },
    workflowVersion: 3,
    status: 'RUNNING',
    parent: null,
    retriedFrom: null,
    createdAt: '2026-01-31T12:00:00Z',
    startedAt: '2026-01-31T12:00:00Z',
    finishedAt: null,
    progress: { total: 2, completed: 1, failed: 0, running: 0, percent: 50 },
    waitingFor: { kind: 'SIGNAL', until: null, detail: 'gate: go' },
    labels: { tenant: 'acme', tries: 2 },
    input: null,
    output: null,
    error: null,
  },
  document: null,
  graph: null,
  steps: [
    STEP,
    { ...STEP, path: 'loop[0].call', stepId: 'call', status: 'FAILED', error: FAILED },
    { ...STEP, path: 'gate', stepId: 'gate', status: 'PENDING', startedAt: null, finishedAt: null, attempts: [], sequence: 0 },
  ],
  stepsLeftOut: 0,
};

const stop = new AbortController().signal;

function exported(text: string): Exported {
  const read = readExport(text);
  if ('problem' in read) throw new Error(read.problem);
  return read.exported;
}

function problem(value: unknown): string | null {
  const read = readExport(typeof value === 'string' ? value : JSON.stringify(value));
  return 'problem' in read ? read.problem : null;
}

function changed(path: readonly (string | number)[], to: unknown): unknown {
  const copy = structuredClone(EXPORT) as unknown;
  let at = copy as Record<string | number, unknown>;
  for (const part of path.slice(0, -1)) at = at[part] as Record<string | number, unknown>;
  at[path[path.length - 1] ?? ''] = to;
  return copy;
}

it('has the run as it was', () => {
  const run = runOf(exported(JSON.stringify(EXPORT)));
  expect(run.execution?.status).toBe('RUNNING');
  expect([...run.steps.keys()]).toEqual(['one', 'loop[0].call']);
  expect([...run.unreached.keys()]).toEqual(['gate']);
  expect(run.steps.get('one')?.attempts[0]?.statusCode).toBe(503);
});

it('has the values as they are in the file, and says which had no room in it', async () => {
  const told = changed(['execution', 'leftOut'], { output: 5_242_880 });
  const source = sourceOf(exported(JSON.stringify(told)));
  const value = async (loading: Promise<Loaded<unknown>>): Promise<unknown> => {
    const loaded = await loading;
    return loaded.kind === 'value' ? loaded.data : loaded;
  };
  expect(source.recordedAt).toBe(Date.UTC(2026, 0, 31, 12, 30));
  expect(await value(source.input(false, stop))).toBeNull();
  expect(await value(source.inputOf('one')(false, stop))).toEqual({ text: '<b>***</b>' });
  expect(await value(source.outputOf('nothing')(false, stop))).toBeNull();
  expect(await value(source.detailsOf('one', 1)(false, stop))).toEqual({ status: 503 });
  expect(await value(source.detailsOf('loop[0].call', null)(false, stop))).toEqual({ status: 503 });
  expect(await source.output(false, stop)).toMatchObject({ kind: 'failed', failure: { message: expect.stringContaining('5.2 MB') as string } });
});

it('shows a large value when it is asked for', async () => {
  const source = sourceOf(exported(JSON.stringify(changed(['execution', 'input'], 'x'.repeat(300_000)))));
  expect(await source.input(false, stop)).toMatchObject({ kind: 'large' });
  expect(await source.input(true, stop)).toMatchObject({ kind: 'value' });
});

it('is found in the whole answer of the API, too', () => {
  expect(problem({ data: { exportExecution: EXPORT } })).toBeNull();
});

it('says what it lacks', () => {
  expect(lackOf(exported(JSON.stringify(EXPORT)))).toBeNull();
  const cut = { ...EXPORT, stepsLeftOut: 12, steps: [{ ...STEP, attempts: null, leftOut: { attempts: 9_000 } }] };
  expect(lackOf(exported(JSON.stringify(cut)))).toBe(
    'Left out of the export for their size: 12 steps, the attempts of 1 step.',
  );
});

describe('something else', () => {
  test.each<[string, unknown, string]>([
    ['text', 'steps: []', 'no JSON'],
    ['a file that was cut off', JSON.stringify(EXPORT).slice(0, -40), 'not all of it'],
    ['nothing', '', 'no JSON'],
    ['another JSON', [1, 2], 'no export of an execution'],
    ['a newer format', { ...EXPORT, version: 2, release: '3.0.0', steps: 'other' }, 'release 3.0.0 wrote it'],
    ['no version', changed(['version'], 'one'), 'version is no number'],
    ['no steps', changed(['steps'], undefined), 'steps is missing'],
    ['a state that is none', changed(['steps', 1, 'status'], 'LOST'), 'steps[1].status is none of PENDING'],
    ['a path that is none', changed(['steps', 0, 'path'], '<script>'), 'steps[0].path is no path'],
    ['a time that is none', changed(['execution', 'startedAt'], 'noon'), 'execution.startedAt is no time'],
    ['a label that is an object', changed(['execution', 'labels'], { a: { toString: 1 } }), 'execution.labels.a is no text'],
    ['what is nested without an end', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 'It is'],
  ])('%s is refused with a sentence', (_, value, sentence) => {
    expect(problem(value)).toContain(sentence);
  });
});
