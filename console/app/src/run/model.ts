// The run of one execution as the page knows it: its steps and their attempts, all times in milliseconds since 1970.

export type StepStatus = 'PENDING' | 'RUNNING' | 'WAITING' | 'COMPLETED' | 'FAILED' | 'SKIPPED' | 'CANCELLED';

export type ExecutionStatus =
  'PENDING' | 'RUNNING' | 'WAITING' | 'PAUSED' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TIMED_OUT';

export type WaitKind =
  'CALLBACK' | 'CIRCUIT_BREAKER' | 'CONCURRENCY' | 'DEPENDENCY' | 'PAUSED' | 'RETRY' | 'SIGNAL' | 'TIMER' | 'WORKER';

/** The reason why something does not run; `until` is null where nobody knows. */
export interface Wait {
  readonly kind: WaitKind;
  readonly until: number | null;
  readonly detail: string | null;
}

/** A failure without its details, which may be large and are loaded when they are shown. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly path: string | null;
}

/** One attempt at a step; `finishedAt` is null while it runs. */
export interface Attempt {
  readonly number: number;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly statusCode: number | null;
  readonly error: Failure | null;
}

/** One step of the run. One that was not reached is PENDING, has no attempts and its sequence is 0. */
export interface RunStep {
  readonly path: string;
  readonly stepId: string;
  readonly type: string;
  readonly status: StepStatus;
  readonly sequence: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly attempts: readonly Attempt[];
  readonly error: Failure | null;
  readonly waitingFor: Wait | null;
  readonly sizes: Sizes;
}

/** The sizes of input and output as JSON, in bytes; null where there is none. */
export interface Sizes {
  readonly input: number | null;
  readonly output: number | null;
}

/** The run as a whole. */
export interface RunExecution {
  readonly id: string;
  readonly status: ExecutionStatus;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly percent: number;
  readonly completed: number;
  readonly total: number;
  readonly error: Failure | null;
  readonly waitingFor: Wait | null;
  readonly sizes: Sizes;
}

const ENDED_STEPS: ReadonlySet<StepStatus> = new Set(['COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED']);
const ENDED_RUNS: ReadonlySet<ExecutionStatus> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT']);
const CONTAINERS: ReadonlySet<string> = new Set(['CONDITIONAL', 'PARALLEL', 'FOR_EACH']);

/** True for a status that a step keeps. */
export function hasEnded(status: StepStatus): boolean {
  return ENDED_STEPS.has(status);
}

/** True for a status that a run keeps. */
export function runHasEnded(status: ExecutionStatus): boolean {
  return ENDED_RUNS.has(status);
}

/** True for the types of step that hold others. */
export function isContainer(type: string): boolean {
  return CONTAINERS.has(type);
}

/** True for a step that nothing was done for yet. */
export function isUnreached(step: RunStep): boolean {
  return step.status === 'PENDING' && step.attempts.length === 0;
}
