// The state of a run, worked out from what executionProgress tells: a snapshot, then what changed, by sequence.
//
// Steps that were reached are kept by their own sequence, so that a message that comes twice, or late, changes nothing
// and what stands after a broken connection is what a reload would show. Those not reached yet have no sequence: the
// server works them out anew for each snapshot, and they are replaced as a whole.
import type { DocumentOrder } from './document';
import { isContainer, isUnreached, runHasEnded, type RunExecution, type RunStep } from './model';
import { placeInDocument } from './paths';

export interface RunUpdate {
  readonly kind: 'SNAPSHOT' | 'DELTA';
  readonly sequence: number;
  readonly execution: RunExecution;
  readonly steps: readonly RunStep[];
}

export interface Run {
  /** The sequence to go on from; -1 before anything is known. */
  readonly sequence: number;
  readonly execution: RunExecution | null;
  readonly steps: ReadonlyMap<string, RunStep>;
  readonly unreached: ReadonlyMap<string, RunStep>;
  /** The places in the order of the document, as far as a list of all steps has told it. */
  readonly order: DocumentOrder;
}

export const UNKNOWN_RUN: Run = {
  sequence: -1,
  execution: null,
  steps: new Map(),
  unreached: new Map(),
  order: new Map(),
};

/** The run after these updates, which are in the order in which they came. The same run where nothing is new. */
export function reduceRun(run: Run, updates: readonly RunUpdate[]): Run {
  let { sequence, execution, order } = run;
  let steps = run.steps as Map<string, RunStep>;
  let unreached = run.unreached as Map<string, RunStep>;
  let isOwn = false;
  for (const update of updates) {
    if (update.sequence < sequence || (update.sequence === sequence && update.kind === 'DELTA')) continue;
    if (update.kind === 'SNAPSHOT') {
      steps = new Map();
      unreached = new Map();
      order = orderOf(update.steps, new Map());
    } else if (!isOwn) {
      steps = new Map(steps);
      unreached = new Map(unreached);
    }
    isOwn = true;
    ({ sequence, execution } = update);
    for (const step of update.steps) apply(step, steps, unreached);
    dropUnreachable(execution, steps, unreached);
  }
  return isOwn ? { sequence, execution, steps, unreached, order } : run;
}

/** The run with one page of its steps, read at `sequence`; what was heard meanwhile stays. */
export function withPage(run: Run, execution: RunExecution, sequence: number, page: readonly RunStep[]): Run {
  const steps = new Map(run.steps);
  const unreached = new Map(run.unreached);
  for (const step of page) apply(step, steps, unreached);
  dropUnreachable(execution, steps, unreached);
  return {
    sequence: run.sequence < 0 ? sequence : run.sequence,
    execution: run.execution ?? execution,
    steps,
    unreached,
    order: orderOf(page, run.order),
  };
}

/** The run with what may still be reached, as the server says it now. */
export function withUnreached(run: Run, listed: readonly RunStep[]): Run {
  if (run.execution === null) return run;
  const unreached = new Map<string, RunStep>();
  for (const step of listed) if (isUnreached(step) && !run.steps.has(step.path)) unreached.set(step.path, step);
  dropUnreachable(run.execution, run.steps, unreached);
  return same(unreached, run.unreached) ? run : { ...run, unreached };
}

/** True when steps outside of loops have changed, so that what may still be reached is to be asked for anew. */
export function mayReachOthers(update: RunUpdate): boolean {
  if (update.kind === 'SNAPSHOT' || runHasEnded(update.execution.status)) return false;
  return update.steps.length === 0 || update.steps.some((step) => !step.path.includes('['));
}

/** The order with the places of more steps, which come after those before. */
function orderOf(steps: readonly RunStep[], before: DocumentOrder): DocumentOrder {
  const order = new Map(before);
  for (const { path } of steps) {
    const place = placeInDocument(path);
    if (!order.has(place)) order.set(place, order.size);
  }
  return order;
}

function apply(step: RunStep, steps: Map<string, RunStep>, unreached: Map<string, RunStep>): void {
  const known = steps.get(step.path);
  if (isUnreached(step)) {
    if (known === undefined) unreached.set(step.path, step);
  } else if (known === undefined || step.sequence >= known.sequence) {
    steps.set(step.path, step);
    unreached.delete(step.path);
  }
}

/** Steps are not reached any more once the run has ended, or the container that they are in. */
function dropUnreachable(
  execution: RunExecution,
  steps: ReadonlyMap<string, RunStep>,
  unreached: Map<string, RunStep>,
): void {
  if (unreached.size === 0) return;
  if (runHasEnded(execution.status)) {
    unreached.clear();
    return;
  }
  for (const path of unreached.keys()) {
    const owner = ownerOf(path, steps);
    if (owner !== undefined && isContainer(owner.type) && owner.status !== 'RUNNING') unreached.delete(path);
  }
}

function ownerOf(path: string, steps: ReadonlyMap<string, RunStep>): RunStep | undefined {
  for (let end = path.lastIndexOf('.'); end > 0; end = path.lastIndexOf('.', end - 1)) {
    const owner = steps.get(path.slice(0, end));
    if (owner !== undefined) return owner;
  }
  return undefined;
}

function same(one: ReadonlyMap<string, RunStep>, other: ReadonlyMap<string, RunStep>): boolean {
  if (one.size !== other.size) return false;
  for (const [path, step] of one) {
    const wait = other.get(path)?.waitingFor;
    if (wait === undefined || wait?.kind !== step.waitingFor?.kind || wait?.detail !== step.waitingFor?.detail)
      return false;
  }
  return true;
}
