// What stands after any course of messages is what a reload would show.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mayReachOthers, reduceRun, UNKNOWN_RUN, withPage, withUnreached, type Run, type RunUpdate } from './live';
import type { RunStep, StepStatus } from './model';
import { aStep, anExecution, unreached } from './samples';

const PATHS = ['a', 'b', 'loop', 'loop[0].x', 'loop[1].x', 'c', 'd'];
const COURSE: readonly StepStatus[] = ['RUNNING', 'WAITING', 'RUNNING', 'COMPLETED'];

/** A server that keeps rows by path, stamps what changes, and tells from a sequence on: as the API does. */
class Server {
  readonly rows = new Map<string, RunStep>();
  sequence = 0;
  hasEnded = false;

  change(paths: readonly string[]): void {
    this.sequence += 1;
    for (const path of paths) {
      const known = this.rows.get(path);
      const status = COURSE[COURSE.indexOf(known?.status ?? 'WAITING') + 1] ?? COURSE[0] ?? 'RUNNING';
      if (known?.status !== 'COMPLETED') this.rows.set(path, aStep(path, { status, sequence: this.sequence }));
    }
  }

  end(): void {
    this.change([]);
    this.hasEnded = true;
  }

  snapshot(): RunUpdate {
    const rows = [...this.rows.values()];
    const others = this.hasEnded
      ? []
      : PATHS.filter((path) => !path.includes('[') && !this.rows.has(path)).map(unreached);
    return { kind: 'SNAPSHOT', sequence: this.sequence, execution: this.execution(), steps: [...rows, ...others] };
  }

  since(sequence: number): RunUpdate {
    const steps = [...this.rows.values()].filter((row) => row.sequence > sequence);
    return { kind: 'DELTA', sequence: this.sequence, execution: this.execution(), steps };
  }

  unreached(): RunStep[] {
    return this.snapshot().steps.filter((step) => step.status === 'PENDING');
  }

  private execution() {
    return anExecution({ status: this.hasEnded ? 'COMPLETED' : 'RUNNING', completed: this.sequence });
  }
}

function shown(run: Run) {
  const sorted = (steps: ReadonlyMap<string, RunStep>) => [...steps].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    execution: run.execution,
    sequence: run.sequence,
    steps: sorted(run.steps),
    unreached: sorted(run.unreached),
  };
}

const moves = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('change' as const), paths: fc.subarray(PATHS, { minLength: 1, maxLength: 3 }) }),
    fc.record({ kind: fc.constant('hear' as const) }), // deltas that were merged since the last one
    fc.record({ kind: fc.constant('break' as const) }), // the connection: what was on its way is told once more
    fc.record({ kind: fc.constant('reload' as const) }),
  ),
  { maxLength: 40 },
);

test('a run that was followed over lost connections is the one that a reload shows', () => {
  fc.assert(
    fc.property(moves, fc.boolean(), (course, ends) => {
      const server = new Server();
      let run = reduceRun(UNKNOWN_RUN, [server.snapshot()]);
      let before = run.sequence;
      for (const move of course) {
        if (move.kind === 'change') server.change(move.paths);
        if (move.kind === 'hear') {
          const sequence = run.sequence;
          run = reduceRun(run, [server.since(run.sequence)]);
          before = sequence;
        }
        if (move.kind === 'break') run = reduceRun(run, [server.since(before), server.since(run.sequence)]);
        if (move.kind === 'reload') run = reduceRun(run, [server.snapshot()]);
      }
      if (ends) server.end();
      run = withUnreached(reduceRun(run, [server.since(run.sequence)]), server.unreached());
      expect(shown(run)).toEqual(shown(reduceRun(UNKNOWN_RUN, [server.snapshot()])));
    }),
    { numRuns: 300 },
  );
});

test('a message that comes twice changes nothing, not even the object', () => {
  const update: RunUpdate = {
    kind: 'DELTA',
    sequence: 4,
    execution: anExecution(),
    steps: [aStep('a', { sequence: 4 })],
  };
  const once = reduceRun(UNKNOWN_RUN, [update]);
  expect(reduceRun(once, [update, { ...update, sequence: 3 }])).toBe(once);
});

test('what is not reached goes when its branch has ended, and all of it when the run has', () => {
  const steps = [aStep('fan', { type: 'PARALLEL', status: 'RUNNING' }), unreached('fan.eu.x'), unreached('after')];
  const run = reduceRun(UNKNOWN_RUN, [{ kind: 'SNAPSHOT', sequence: 1, execution: anExecution(), steps }]);
  expect([...run.unreached.keys()]).toEqual(['fan.eu.x', 'after']);
  const failed = aStep('fan', { type: 'PARALLEL', status: 'FAILED', sequence: 2 });
  const later = reduceRun(run, [{ kind: 'DELTA', sequence: 2, execution: anExecution(), steps: [failed] }]);
  expect([...later.unreached.keys()]).toEqual(['after']);
  const ended = anExecution({ status: 'FAILED' });
  expect(reduceRun(later, [{ kind: 'DELTA', sequence: 3, execution: ended, steps: [] }]).unreached.size).toBe(0);
});

test('a run that is loaded page by page is the one of a snapshot', () => {
  const server = new Server();
  server.change(PATHS);
  server.change(['a', 'loop']);
  const whole = server.snapshot();
  let run = withPage(UNKNOWN_RUN, whole.execution, whole.sequence, whole.steps.slice(0, 3));
  run = withPage(run, whole.execution, whole.sequence, whole.steps.slice(3));
  expect(shown(run)).toEqual(shown(reduceRun(UNKNOWN_RUN, [whole])));
});

test('items of loops reach nothing that the server would list', () => {
  const delta = (path: string): RunUpdate => ({
    kind: 'DELTA',
    sequence: 1,
    execution: anExecution(),
    steps: [aStep(path)],
  });
  expect(mayReachOthers(delta('loop[4].x'))).toBe(false);
  expect(mayReachOthers(delta('choose'))).toBe(true);
});
