// What the API says of a run, as the page's own model: moments as milliseconds, what is missing as null.
import type { RunStateFragment, RunStepFragment, RunProgressSubscription } from '../graphql/graphql';
import type { RunUpdate } from './live';
import type { Attempt, Failure, RunExecution, RunStep, Wait } from './model';

export function executionFrom(told: RunStateFragment): RunExecution {
  return {
    id: told.id,
    status: told.status,
    createdAt: Date.parse(told.createdAt),
    startedAt: moment(told.startedAt),
    finishedAt: moment(told.finishedAt),
    percent: told.progress.percent,
    completed: told.progress.completed,
    total: told.progress.total,
    error: failureFrom(told.error),
    waitingFor: waitFrom(told.waitingFor),
    sizes: { input: told.inputBytes ?? null, output: told.outputBytes ?? null },
  };
}

export function stepFrom(told: RunStepFragment): RunStep {
  return {
    path: told.path,
    stepId: told.stepId,
    type: told.type,
    status: told.status,
    sequence: told.sequence,
    startedAt: moment(told.startedAt),
    finishedAt: moment(told.finishedAt),
    attempts: told.attempts.map(attemptFrom),
    error: failureFrom(told.error),
    waitingFor: waitFrom(told.waitingFor),
    sizes: { input: told.inputBytes ?? null, output: told.outputBytes ?? null },
  };
}

export function updateFrom({ executionProgress: told }: RunProgressSubscription): RunUpdate {
  const { kind, sequence, execution, steps } = told;
  return { kind, sequence, execution: executionFrom(execution), steps: steps.map(stepFrom) };
}

function attemptFrom(told: RunStepFragment['attempts'][number]): Attempt {
  return {
    number: told.number,
    startedAt: Date.parse(told.startedAt),
    finishedAt: moment(told.finishedAt),
    statusCode: told.statusCode ?? null,
    error: failureFrom(told.error),
  };
}

interface ToldFailure {
  readonly code: string;
  readonly message: string;
  readonly path?: string | null;
}

function failureFrom(told: ToldFailure | null | undefined): Failure | null {
  return told ? { code: told.code, message: told.message, path: told.path ?? null } : null;
}

function waitFrom(told: RunStateFragment['waitingFor']): Wait | null {
  return told ? { kind: told.kind, until: moment(told.until), detail: told.detail ?? null } : null;
}

function moment(text: string | null | undefined): number | null {
  return text ? Date.parse(text) : null;
}
