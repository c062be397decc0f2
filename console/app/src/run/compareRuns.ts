// Two runs side by side: what each step came to in one and in the other.
import type { DocumentOrder } from './document';
import type { RunStep } from './model';
import type { Run } from './live';
import { placeInDocument } from './paths';

export interface ComparedStep {
  readonly path: string;
  /** The step in the first run; null where that has none at this path. */
  readonly before: RunStep | null;
  readonly after: RunStep | null;
  /** True where one has it and the other not, or it ended otherwise or took another number of attempts. */
  readonly differs: boolean;
}

/** The steps of both runs, in the order of the document as far as they tell it. */
export function compareRuns(before: Run, after: Run): ComparedStep[] {
  const order = orderOfBoth(before.order, after.order);
  const paths = new Set([...before.steps.keys(), ...after.steps.keys()]);
  const steps = [...paths].map((path) => compared(path, before.steps.get(path) ?? null, after.steps.get(path) ?? null));
  const rank = ({ path }: ComparedStep): number => order.get(placeInDocument(path)) ?? Number.MAX_SAFE_INTEGER;
  const keys = new Map(steps.map((step) => [step, rank(step)]));
  return steps.sort((one, other) => compareBy(one, other, keys));
}

/** The order of the run that tells of more places, and after it those of the other. */
function orderOfBoth(before: DocumentOrder, after: DocumentOrder): DocumentOrder {
  const [more, less] = before.size >= after.size ? [before, after] : [after, before];
  const order = new Map(more);
  for (const place of less.keys()) if (!order.has(place)) order.set(place, order.size);
  return order;
}

function compared(path: string, before: RunStep | null, after: RunStep | null): ComparedStep {
  const differs =
    before?.status !== after?.status ||
    before?.attempts.length !== after?.attempts.length ||
    before?.error?.code !== after?.error?.code;
  return { path, before, after, differs };
}

/** Items stay together: by their numbers, and within one in the order of the document. */
function compareBy(one: ComparedStep, other: ComparedStep, keys: ReadonlyMap<ComparedStep, number>): number {
  const [left, right] = [numbersOf(one.path), numbersOf(other.path)];
  if (left.length > 0 && right.length > 0 && sameLoop(one.path, other.path)) {
    const [first = 0] = left;
    const [second = 0] = right;
    if (first !== second) return first - second;
  }
  return (keys.get(one) ?? 0) - (keys.get(other) ?? 0) || (one.path < other.path ? -1 : 1);
}

function numbersOf(path: string): number[] {
  return path.includes('[') ? [...path.matchAll(/\[(\d+)\]/g)].map(([, number]) => Number(number)) : [];
}

function sameLoop(one: string, other: string): boolean {
  return one.slice(0, one.indexOf('[')) === other.slice(0, other.indexOf('['));
}

/** How long a step took, in milliseconds; null before its end. */
export function tookOf(step: RunStep | null): number | null {
  return step === null || step.startedAt === null || step.finishedAt === null ? null : step.finishedAt - step.startedAt;
}
