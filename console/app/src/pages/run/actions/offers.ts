// What can be done with a run as it stands, by whoever may do it.
import type { FieldName } from '../../../api/principal';
import { runHasEnded, type ExecutionStatus, type RunStep } from '../../../run/model';

export type Action = 'pause' | 'resume' | 'cancel' | 'signal' | 'retry' | 'delete';

const MUTATIONS: Readonly<Record<Action, FieldName>> = {
  pause: 'Mutation.pauseExecution',
  resume: 'Mutation.resumeExecution',
  signal: 'Mutation.signalExecution',
  cancel: 'Mutation.cancelExecution',
  retry: 'Mutation.retryExecution',
  delete: 'Mutation.deleteExecution',
};

/** The actions to offer, in the order in which they stand. */
export function offersFor(status: ExecutionStatus, may: (field: FieldName) => boolean): readonly Action[] {
  return possibleIn(status).filter((action) => may(MUTATIONS[action]));
}

function possibleIn(status: ExecutionStatus): readonly Action[] {
  if (runHasEnded(status)) return ['retry', 'delete'];
  return [status === 'PAUSED' ? 'resume' : 'pause', 'signal', 'cancel'];
}

/** The names of the signals that steps wait for, each once. */
export function awaitedSignals(steps: Iterable<RunStep>): readonly string[] {
  const names = new Set<string>();
  for (const { waitingFor } of steps) {
    if (waitingFor?.kind === 'SIGNAL' && waitingFor.detail !== null) names.add(waitingFor.detail);
  }
  return [...names].sort();
}
