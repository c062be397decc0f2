// What the page reads of a workflow's document: the order of its steps, and what each of them runs after.
import { ON_FAILURE } from './paths';

/** The places of a document in its order: `loop[].fetch` → 3. */
export type DocumentOrder = ReadonlyMap<string, number>;

/** What each step runs after, by its place: `loop[].store` → [fetch]. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;

export interface DocumentPlaces {
  readonly order: DocumentOrder;
  readonly dependencies: Dependencies;
  /** The places of steps whose failure is gone on from. */
  readonly goesOn: ReadonlySet<string>;
}

export const NO_PLACES: DocumentPlaces = { order: new Map(), dependencies: new Map(), goesOn: new Set() };

interface Found {
  readonly order: Map<string, number>;
  readonly dependencies: Map<string, readonly string[]>;
  readonly goesOn: Set<string>;
}

/** Each step of a document by its place, handlers after the step that they belong to. Nothing of what is no document. */
export function placesOf(document: unknown): DocumentPlaces {
  const found: Found = { order: new Map(), dependencies: new Map(), goesOn: new Set() };
  const { steps, onFailure } = asRecord(document);
  addSteps(found, steps, '');
  addSteps(found, onFailure, ON_FAILURE);
  return found;
}

function addSteps(found: Found, steps: unknown, prefix: string): void {
  if (!Array.isArray(steps)) return;
  let before: string[] = [];
  for (const step of steps) {
    const { id, type, config, onError, dependsOn } = asRecord(step);
    if (typeof id !== 'string') continue;
    const path = prefix === '' ? id : `${prefix}.${id}`;
    found.order.set(path, found.order.size);
    found.dependencies.set(path, Array.isArray(dependsOn) ? dependsOn.filter(isText) : before);
    if (asRecord(onError).continue === true) found.goesOn.add(path);
    before = [id];
    const inside = asRecord(config);
    if (type === 'FOR_EACH') addSteps(found, inside.steps, `${path}[]`);
    addSteps(found, inside.then, `${path}.then`);
    addSteps(found, inside.else, `${path}.else`);
    if (Array.isArray(inside.branches)) {
      for (const { name, steps: inner } of inside.branches.map(asRecord))
        if (isText(name)) addSteps(found, inner, `${path}.${name}`);
    }
    addSteps(found, asRecord(onError).steps, `${path}.onError`);
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
