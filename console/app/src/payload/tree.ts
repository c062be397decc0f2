// A value as rows: what is open of it, in order; rows of closed parts are not made.
import { kindOf, membersOf, sizeOf, type Key, type Kind, type ValuePath } from './values';

export interface ValueRow {
  /** Unique among the rows: its path as JSON. */
  readonly id: string;
  readonly path: ValuePath;
  /** Its name in what it is in; null for the root, which has a row only where it has no members. */
  readonly key: Key | null;
  readonly depth: number;
  readonly value: unknown;
  readonly kind: Kind;
  /** How many members it has. */
  readonly size: number;
  readonly isOpen: boolean;
}

export type OpenIds = ReadonlySet<string>;

export function idOf(path: ValuePath): string {
  return JSON.stringify(path);
}

/** The rows of a value with these parts open; none for the root itself where it has members. */
export function valueRows(root: unknown, open: OpenIds): ValueRow[] {
  const rows: ValueRow[] = [];
  const add = (value: unknown, path: ValuePath, key: Key | null): void => {
    const id = idOf(path);
    const size = sizeOf(value);
    const isOpen = size > 0 && (key === null || open.has(id));
    if (key !== null || size === 0) {
      rows.push({ id, path, key, depth: Math.max(0, path.length - 1), value, kind: kindOf(value), size, isOpen });
    }
    if (isOpen) for (const [name, member] of membersOf(value)) add(member, [...path, name], name);
  };
  add(root, [], null);
  return rows;
}

const ROWS_AT_FIRST = 40;

/** What is open at first: level by level, as long as not more than some forty rows are seen. */
export function openAtFirst(root: unknown, most = ROWS_AT_FIRST): Set<string> {
  const open = new Set<string>();
  let level: { value: unknown; path: ValuePath }[] = [{ value: root, path: [] }];
  let rows = 1;
  while (level.length > 0) {
    const next: { value: unknown; path: ValuePath }[] = [];
    for (const { value, path } of level) {
      const size = sizeOf(value);
      if (size === 0 || (rows + size > most && path.length > 0)) continue;
      open.add(idOf(path));
      rows += size;
      if (rows <= most)
        for (const [key, member] of membersOf(value)) next.push({ value: member, path: [...path, key] });
    }
    level = next;
  }
  return open;
}

/** Everything that has to be open for a path to be seen. */
export function openAround(path: ValuePath): string[] {
  return path.map((_, index) => idOf(path.slice(0, index)));
}
