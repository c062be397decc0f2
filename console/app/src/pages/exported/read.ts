// Reads an export: the text of a file as a run that can be shown, or a sentence that says why it cannot.
import type { ExecutionStatus, RunStateFragment, RunStepFragment, StepStatus, WaitKind } from '../../graphql/graphql';
import { fromJson } from '../../payload/values';
import { isPath } from '../../run/paths';
import { fault, isObject, listOf, moment, number, object, objectOf, oneOf, orNull, text, type Check } from './form';

/** The newest version of the format that is read here. */
const VERSION = 1;
const FORMAT = 'stepgraph.execution';

/** Members that had no room, with their sizes in bytes. */
export type LeftOut = Readonly<Record<string, number>> | null | undefined;

interface Values {
  readonly input?: unknown;
  readonly output?: unknown;
  readonly leftOut?: LeftOut;
}

type Unsized<Told> = Omit<Told, 'inputBytes' | 'outputBytes'>;

/** A step as an export has it. */
export type ExportedStep = Unsized<Omit<RunStepFragment, 'attempts'>> &
  Values & { readonly attempts?: RunStepFragment['attempts'] | null };

/** An execution as an export has it. */
export type ExportedExecution = Unsized<RunStateFragment> &
  Values & {
    readonly workflow: { readonly id: string; readonly name: string } | null;
    readonly workflowVersion: number | null;
    readonly labels: unknown;
    readonly parent: string | null;
    readonly retriedFrom: string | null;
  };

export interface Exported {
  readonly exportedAt: string;
  readonly release: string;
  readonly execution: ExportedExecution;
  readonly document: unknown;
  readonly steps: readonly ExportedStep[];
  readonly stepsLeftOut: number;
}

export type ReadExport = { readonly exported: Exported } | { readonly problem: string };

const EXECUTION_STATUSES: Readonly<Record<ExecutionStatus, true>> = {
  PENDING: true,
  RUNNING: true,
  WAITING: true,
  PAUSED: true,
  COMPLETED: true,
  FAILED: true,
  CANCELLED: true,
  TIMED_OUT: true,
};

const STEP_STATUSES: Readonly<Record<StepStatus, true>> = {
  PENDING: true,
  RUNNING: true,
  WAITING: true,
  COMPLETED: true,
  FAILED: true,
  SKIPPED: true,
  CANCELLED: true,
};

const WAIT_KINDS: Readonly<Record<WaitKind, true>> = {
  CALLBACK: true,
  CIRCUIT_BREAKER: true,
  CONCURRENCY: true,
  DEPENDENCY: true,
  PAUSED: true,
  RETRY: true,
  SIGNAL: true,
  TIMER: true,
  WORKER: true,
};

const path: Check = (value, place) => (isPath(value) ? null : fault(value, place, 'no path of a step'));
const label: Check = (value, place) => (typeof value === 'object' ? fault(value, place, 'no text') : null);
const failure = orNull(object({ code: text, message: text, path: orNull(text) }));
const wait = orNull(object({ kind: oneOf(Object.keys(WAIT_KINDS)), until: orNull(moment), detail: orNull(text) }));
const leftOut = orNull(objectOf(number));
const times = { startedAt: orNull(moment), finishedAt: orNull(moment) };

const execution = object({
  id: text,
  status: oneOf(Object.keys(EXECUTION_STATUSES)),
  createdAt: moment,
  ...times,
  progress: object({ percent: number, completed: number, total: number }),
  workflow: orNull(object({ id: text, name: text })),
  workflowVersion: orNull(number),
  parent: orNull(text),
  retriedFrom: orNull(text),
  labels: orNull(objectOf(orNull(label))),
  error: failure,
  waitingFor: wait,
  leftOut,
});

const attempt = object({
  number,
  startedAt: moment,
  finishedAt: orNull(moment),
  statusCode: orNull(number),
  error: failure,
});

const step = object({
  path,
  stepId: text,
  type: text,
  status: oneOf(Object.keys(STEP_STATUSES)),
  sequence: number,
  ...times,
  attempts: orNull(listOf(attempt)),
  error: failure,
  waitingFor: wait,
  leftOut,
});

const form = object({ exportedAt: moment, execution, steps: listOf(step), stepsLeftOut: orNull(number) });

/** The export that the text of a file is. Large integers keep all their digits. */
export function readExport(written: string): ReadExport {
  let value: unknown;
  try {
    value = fromJson(written);
  } catch (problem) {
    const isDeep = problem instanceof RangeError;
    return { problem: isDeep ? 'It is nested too deeply.' : 'It is no JSON, or not all of it is there.' };
  }
  const found = answered(value);
  if (!isObject(found) || found.format !== FORMAT) {
    return { problem: 'It is no export of an execution: stepgraph executions export ID > FILE writes one.' };
  }
  const { version, release } = found;
  if (typeof version === 'number' && version > VERSION) {
    const written = typeof release === 'string' && release !== '' ? `release ${release} wrote it` : 'a newer release wrote it';
    return { problem: `It has version ${version} of the format, and this console reads version ${VERSION}: ${written}, whose console can open it.` };
  }
  const wrong = number(version, 'version') ?? form(found, '');
  if (wrong !== null) return { problem: `It has not the form of an export: ${wrong}.` };
  return { exported: found as unknown as Exported };
}

/** The export in the whole answer of the API to `exportExecution`, which some keep as it came. */
function answered(value: unknown): unknown {
  const data = isObject(value) ? value.data : undefined;
  return isObject(data) && isObject(data.exportExecution) ? data.exportExecution : value;
}
