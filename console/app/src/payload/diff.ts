// The difference of two values, as rows: what is there on one side only, what is another value.
import { idOf } from './tree';
import { kindOf, membersOf, sizeOf, type Key, type ValuePath } from './values';

export type Change = 'same' | 'added' | 'removed' | 'changed' | 'inside';

export interface DiffNode {
  readonly path: ValuePath;
  readonly key: Key | null;
  readonly change: Change;
  readonly before: unknown;
  readonly after: unknown;
  readonly nodes: readonly DiffNode[];
}

export interface DiffRow {
  readonly id: string;
  readonly depth: number;
  readonly node: DiffNode;
  readonly isOpen: boolean;
}

/** How two values differ; members are matched by name, items by what they are and then by place. */
export function diff(before: unknown, after: unknown): DiffNode {
  return compare(before, after, [], null);
}

/** The rows of a difference. Without `all`, only what differs and what it is in. */
export function diffRows(root: DiffNode, all: boolean): DiffRow[] {
  const rows: DiffRow[] = [];
  const add = (node: DiffNode, depth: number): void => {
    if (!all && node.change === 'same') return;
    const isOpen = node.nodes.length > 0;
    const isShown = depth >= 0 || !isOpen; // of the root only what is in it
    if (isShown) rows.push({ id: `${idOf(node.path)}${node.change}`, depth: Math.max(0, depth), node, isOpen });
    for (const inner of node.nodes) add(inner, depth + 1);
  };
  add(root, -1);
  return rows;
}

/** How many places differ. */
export function differences(node: DiffNode): number {
  if (node.change === 'same') return 0;
  if (node.change !== 'inside') return 1;
  return node.nodes.reduce((sum, inner) => sum + differences(inner), 0);
}

function compare(before: unknown, after: unknown, path: ValuePath, key: Key | null): DiffNode {
  const make = (change: Change, nodes: readonly DiffNode[] = []): DiffNode => ({
    path,
    key,
    change,
    before,
    after,
    nodes,
  });
  const kind = kindOf(before);
  if (kind !== kindOf(after)) return make('changed');
  if (kind !== 'object' && kind !== 'array') return make(before === after ? 'same' : 'changed');
  if (sizeOf(before) === 0 && sizeOf(after) === 0) return make('same');
  const nodes =
    kind === 'array'
      ? compareItems(before as unknown[], after as unknown[], path)
      : compareMembers(before as object, after as object, path);
  return make(nodes.every(({ change }) => change === 'same') ? 'same' : 'inside', nodes);
}

function compareMembers(before: object, after: object, path: ValuePath): DiffNode[] {
  const nodes: DiffNode[] = [];
  for (const [key, value] of membersOf(before)) {
    const inner = [...path, key];
    if (Object.hasOwn(after, key)) nodes.push(compare(value, (after as Record<Key, unknown>)[key], inner, key));
    else nodes.push(oneSided('removed', value, inner, key));
  }
  for (const [key, value] of membersOf(after)) {
    if (!Object.hasOwn(before, key)) nodes.push(oneSided('added', value, [...path, key], key));
  }
  return nodes;
}

/** Items that are the same at both ends are matched; what is between them by place. */
function compareItems(before: readonly unknown[], after: readonly unknown[], path: ValuePath): DiffNode[] {
  const texts = [before.map(textOf), after.map(textOf)] as const;
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && texts[0][head] === texts[1][head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && texts[0][before.length - 1 - tail] === texts[1][after.length - 1 - tail]) tail += 1;
  const nodes: DiffNode[] = [];
  const both = (left: number, right: number): void => {
    nodes.push(compare(before[left], after[right], [...path, right], right));
  };
  for (let index = 0; index < head; index += 1) both(index, index);
  const [beforeEnd, afterEnd] = [before.length - tail, after.length - tail];
  for (let index = head; index < Math.max(beforeEnd, afterEnd); index += 1) {
    if (index < beforeEnd && index < afterEnd) both(index, index);
    else if (index < beforeEnd) nodes.push(oneSided('removed', before[index], [...path, index], index));
    else nodes.push(oneSided('added', after[index], [...path, index], index));
  }
  for (let index = 0; index < tail; index += 1) both(beforeEnd + index, afterEnd + index);
  return nodes;
}

function oneSided(change: 'added' | 'removed', value: unknown, path: ValuePath, key: Key): DiffNode {
  const [before, after] = change === 'added' ? [undefined, value] : [value, undefined];
  return { path, key, change, before, after, nodes: [] };
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each));
}
