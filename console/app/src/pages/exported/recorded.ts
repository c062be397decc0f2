// An export as the page of a run shows it: the run as it was, and the values that are in the file.
import type { LoadValue } from '../../payload/LoadedPayload';
import type { Loaded } from '../../payload/load';
import { LARGEST_UNASKED } from '../../payload/text';
import { toJson } from '../../payload/values';
import { bytes, counted } from '../../kit/numbers';
import { reduceRun, UNKNOWN_RUN, type Run } from '../../run/live';
import type { RunSource } from '../../run/source';
import { executionFrom, stepFrom } from '../../run/wire';
import type { Exported, ExportedExecution, ExportedStep, LeftOut } from './read';

const UNSIZED = { inputBytes: null, outputBytes: null };

/** The run as it was when it was exported. */
export function runOf({ execution, steps }: Exported): Run {
  const told = {
    kind: 'SNAPSHOT' as const,
    sequence: 0,
    execution: executionFrom({ ...execution, ...UNSIZED }),
    steps: steps.map((step) => stepFrom({ ...step, attempts: step.attempts ?? [], ...UNSIZED })),
  };
  return reduceRun(UNKNOWN_RUN, [told]);
}

/** What stands in the head of its page. */
export function aboutOf({ workflowVersion, labels, parent, retriedFrom }: ExportedExecution) {
  return { workflowVersion, labels, parent: named(parent), retriedFrom: named(retriedFrom) };
}

/** Its values, as far as they are in the file. */
export function sourceOf({ exportedAt, execution, document, steps }: Exported): RunSource {
  const byPath = new Map(steps.map((step) => [step.path, step]));
  return {
    recordedAt: Date.parse(exportedAt),
    document: document ?? null,
    input: valueOf(execution.input, execution.leftOut?.input),
    output: valueOf(execution.output, execution.leftOut?.output),
    inputOf: (path) => valueOf(byPath.get(path)?.input, byPath.get(path)?.leftOut?.input),
    outputOf: (path) => valueOf(byPath.get(path)?.output, byPath.get(path)?.leftOut?.output),
    detailsOf: (path, attempt) => valueOf(detailsIn(byPath.get(path), attempt), undefined),
  };
}

/** A sentence about what the file lacks and the page would show; null where it lacks nothing of that. */
export function lackOf({ execution, steps, stepsLeftOut }: Exported): string | null {
  const members = (name: string): number => steps.filter(({ leftOut }) => leftOut?.[name] !== undefined).length;
  const missing = [
    ...(stepsLeftOut > 0 ? [counted(stepsLeftOut, 'step')] : []),
    ...lacks(execution.leftOut, { document: 'the document', labels: 'the labels', error: 'the error of the run' }),
    ...(members('attempts') > 0 ? [`the attempts of ${counted(members('attempts'), 'step')}`] : []),
    ...(members('error') > 0 ? [`the errors of ${counted(members('error'), 'step')}`] : []),
  ];
  return missing.length === 0 ? null : `Left out of the export for their size: ${missing.join(', ')}.`;
}

function lacks(leftOut: LeftOut, names: Readonly<Record<string, string>>): string[] {
  return Object.entries(names).flatMap(([member, name]) => (leftOut?.[member] === undefined ? [] : [name]));
}

function valueOf(value: unknown, leftOut: number | undefined): LoadValue {
  return (isAsked) => Promise.resolve(loaded(value ?? null, leftOut, isAsked));
}

function loaded(value: unknown, leftOut: number | undefined, isAsked: boolean): Loaded<unknown> {
  if (leftOut !== undefined) return failed(`It has ${bytes(leftOut)} or more, and was left out of the export for its size.`);
  try {
    const size = toJson(value, 0).length;
    return size > LARGEST_UNASKED && !isAsked ? { kind: 'large', bytes: size } : { kind: 'value', data: value, bytes: size };
  } catch {
    return failed('It is nested too deeply to be shown.');
  }
}

function failed(message: string): Loaded<unknown> {
  return { kind: 'failed', failure: { kind: 'refused', code: null, message } };
}

function detailsIn(step: ExportedStep | undefined, attempt: number | null): unknown {
  const error = attempt === null ? step?.error : step?.attempts?.find(({ number }) => number === attempt)?.error;
  return (error as { readonly details?: unknown } | null | undefined)?.details;
}

function named(id: string | null): { readonly id: string } | null {
  return id === null ? null : { id };
}
