// What was heard since a list was read: rows that changed stay where they are, new ones wait until they are asked for.
import type { ExecutionRowFragment } from '../../graphql/graphql';

export type Row = ExecutionRowFragment;

export interface Changes {
  readonly changed: ReadonlyMap<string, Row>;
  readonly added: ReadonlySet<string>;
}

export const NONE: Changes = { changed: new Map(), added: new Set() };

const MOST_ADDED = 1_000;

export interface ShownList {
  readonly ids: ReadonlySet<string>;
  /** The time of creation of its first row; null where it is empty. */
  readonly newest: string | null;
  /** The statuses that it is filtered by; undefined for all. */
  readonly status: readonly string[] | undefined;
}

/** Takes what was heard, also of executions that the list is not filtered for: a row may leave the filter. */
export function hear(changes: Changes, heard: readonly Row[], { ids, newest, status }: ShownList): Changes {
  const changed = new Map(changes.changed);
  const added = new Set(changes.added);
  for (const row of heard) {
    if (ids.has(row.id)) changed.set(row.id, row);
    else if (status?.includes(row.status) === false) added.delete(row.id);
    else if ((newest === null || row.createdAt >= newest) && added.size < MOST_ADDED) added.add(row.id);
  }
  return { changed, added };
}

/** `12 new`; beyond what is counted, `1,000+ new`. */
export function newOnes(changes: Changes): string {
  return `${changes.added.size >= MOST_ADDED ? '1,000+' : changes.added.size} new`;
}
