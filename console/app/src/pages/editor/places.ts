// Where in a document the steps of its graph stand.

export interface PlacesInDocument {
  /** By the paths of the graph, `loop[].fetch`, those in the document: steps, 0, config, steps, 1. */
  readonly byPath: ReadonlyMap<string, readonly (string | number)[]>;
  /** The ids of all steps. */
  readonly ids: ReadonlySet<string>;
}

/** Every step of a document, those of blocks and handlers too. */
export function placesInDocument(document: unknown): PlacesInDocument {
  const byPath = new Map<string, readonly (string | number)[]>();
  const ids = new Set<string>();
  const visit = (steps: unknown, prefix: string, place: readonly (string | number)[]): void => {
    if (!Array.isArray(steps)) return;
    for (const [index, step] of steps.entries()) {
      const { id, config, onError } = asRecord(step);
      if (typeof id !== 'string') continue;
      const path = prefix === '' ? id : `${prefix}.${id}`;
      const here = [...place, index];
      if (!byPath.has(path)) byPath.set(path, here);
      ids.add(id);
      const inside = asRecord(config);
      visit(inside.steps, `${path}[]`, [...here, 'config', 'steps']);
      for (const branch of ['then', 'else']) visit(inside[branch], `${path}.${branch}`, [...here, 'config', branch]);
      if (Array.isArray(inside.branches)) {
        for (const [number, branch] of inside.branches.map(asRecord).entries())
          visit(branch.steps, `${path}.${String(branch.name)}`, [...here, 'config', 'branches', number, 'steps']);
      }
      visit(asRecord(onError).steps, `${path}.onError`, [...here, 'onError', 'steps']);
    }
  };
  const { steps, onFailure } = asRecord(document);
  visit(steps, '', ['steps']);
  visit(onFailure, 'onFailure', ['onFailure']);
  return { byPath, ids };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
