// The stretches in which a step ran or waited: what a bar of the timeline is made of.
import { type Attempt, type RunStep, type StepStatus } from './model';

export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly kind: 'run' | 'wait';
  /** How a stretch of running ended; RUNNING while it does, WAITING of one that waits. */
  readonly status: StepStatus;
  /** The attempt that it belongs to; of a wait before a retry the attempt that failed. */
  readonly attempt: number;
  /** False while nobody knows its end: it ends at the present. */
  readonly isOver: boolean;
}

/** Types that only wait for something else, from their start to their end. */
const WAITING_TYPES: ReadonlySet<string> = new Set(['WAIT', 'SUB_WORKFLOW']);

/** The stretches of a step in order; none where it has not begun. `now` is the server's present. */
export function segmentsOf(step: RunStep, now: number): Segment[] {
  if (step.startedAt === null) return [];
  const end = step.finishedAt ?? Math.max(now, step.startedAt);
  const waits = WAITING_TYPES.has(step.type);
  const segments: Segment[] = [];
  let reached = step.startedAt;
  let attempt = 1;
  let isOver = false;
  for (const [index, each] of step.attempts.entries()) {
    if (each.startedAt > reached)
      segments.push(waiting(reached, each.startedAt, index === 0 ? each.number : attempt, true));
    const isLast = index === step.attempts.length - 1;
    const finishedAt = each.finishedAt ?? (isLast ? step.finishedAt : null);
    const to = Math.max(finishedAt ?? end, each.startedAt);
    const kind = waits || (finishedAt === null && step.status === 'WAITING') ? 'wait' : 'run';
    attempt = each.number;
    isOver = finishedAt !== null;
    segments.push({ from: each.startedAt, to, kind, status: statusOfAttempt(step, each, isLast), attempt, isOver });
    reached = Math.max(reached, to);
  }
  if (step.attempts.length === 0) {
    const kind = waits || step.status === 'WAITING' ? 'wait' : 'run';
    return [{ from: reached, to: end, kind, status: step.status, attempt, isOver: step.finishedAt !== null }];
  }
  if (step.status === 'WAITING' && isOver) segments.push(waiting(reached, Math.max(end, reached), attempt, false));
  return segments;
}

/** True for a step that is one stretch of running, from its start to its end: most are, and need not be looked at. */
export function ranThrough(step: RunStep): boolean {
  return step.attempts.length <= 1 && step.status !== 'WAITING' && !WAITING_TYPES.has(step.type);
}

function waiting(from: number, to: number, attempt: number, isOver: boolean): Segment {
  return { from, to, kind: 'wait', status: 'WAITING', attempt, isOver };
}

/** How an attempt ended: FAILED with an error, the last one as its step. */
export function statusOfAttempt(step: RunStep, attempt: Attempt, isLast: boolean): StepStatus {
  if (attempt.error !== null && !(isLast && step.status === 'CANCELLED')) return 'FAILED';
  if (isLast) return step.status;
  return attempt.finishedAt === null ? 'RUNNING' : 'COMPLETED';
}

/** The stretches of one attempt alone, and of the wait that follows it. */
export function segmentsOfAttempt(step: RunStep, number: number, now: number): Segment[] {
  return segmentsOf(step, now).filter((segment) => segment.attempt === number);
}
