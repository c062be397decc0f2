// Steps and runs for tests.
import type { Attempt, RunExecution, RunStep, Sizes } from './model';

const UNSIZED: Sizes = { input: null, output: null };

export function aStep(path: string, changes: Partial<RunStep> = {}): RunStep {
  const stepId = path.slice(path.lastIndexOf('.') + 1);
  const common = {
    path,
    stepId,
    type: 'HTTP_REQUEST',
    sequence: 1,
    error: null,
    waitingFor: null,
    attempts: [],
    sizes: UNSIZED,
  };
  return { ...common, status: 'COMPLETED', startedAt: 0, finishedAt: 10, ...changes };
}

export function unreached(path: string): RunStep {
  return aStep(path, { status: 'PENDING', sequence: 0, startedAt: null, finishedAt: null });
}

export function anAttempt(number: number, startedAt: number, finishedAt: number | null, code?: string): Attempt {
  const error = code === undefined ? null : { code, message: `${code} happened`, path: null };
  return { number, startedAt, finishedAt, statusCode: null, error };
}

export function anExecution(changes: Partial<RunExecution> = {}): RunExecution {
  const times = { createdAt: 0, startedAt: 0, finishedAt: null };
  const counts = { percent: 0, completed: 0, total: 1 };
  return {
    id: 'ex_1',
    status: 'RUNNING',
    ...times,
    ...counts,
    error: null,
    waitingFor: null,
    sizes: UNSIZED,
    ...changes,
  };
}

/** A run of a loop with so many items of two steps each, and a step before and after it. */
export function aLongRun(items: number): RunStep[] {
  const steps = [aStep('before'), aStep('items', { type: 'FOR_EACH', startedAt: 10, finishedAt: 10 + items * 5 })];
  for (let index = 0; index < items; index += 1) {
    const from = 10 + index * 5;
    const failed = index % 50 === 17;
    steps.push(
      aStep(`items[${index}].fetch`, {
        startedAt: from,
        finishedAt: from + 20,
        attempts: [anAttempt(1, from, from + 20)],
      }),
    );
    const attempts = [anAttempt(1, from + 20, from + 30, failed ? 'HTTP_STATUS' : undefined)];
    const status = failed ? 'FAILED' : 'COMPLETED';
    steps.push(aStep(`items[${index}].store`, { status, startedAt: from + 20, finishedAt: from + 30, attempts }));
  }
  steps.push(aStep('after', { startedAt: 20 + items * 5, finishedAt: 30 + items * 5 }));
  return steps;
}
