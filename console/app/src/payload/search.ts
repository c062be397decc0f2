// Finding text in a value: in names and in what is no object and no array.
import { kindOf, membersOf, toJson, type ValuePath } from './values';

export interface Findings {
  readonly paths: readonly ValuePath[];
  /** True when there are more than are listed. */
  readonly hasMore: boolean;
}

const MOST = 500;

/** The places whose name or text holds `words`, in order, whatever their case. None for an empty search. */
export function find(root: unknown, words: string, most = MOST): Findings {
  const wanted = words.trim().toLowerCase();
  const paths: ValuePath[] = [];
  if (wanted === '') return { paths, hasMore: false };
  let hasMore = false;
  const visit = (value: unknown, path: ValuePath): void => {
    if (hasMore) return;
    const kind = kindOf(value);
    const name = path[path.length - 1];
    const isLeaf = kind !== 'object' && kind !== 'array';
    if ((typeof name === 'string' && holds(name, wanted)) || (isLeaf && holds(textOf(value), wanted))) {
      if (paths.length >= most) {
        hasMore = true;
        return;
      }
      paths.push(path);
    }
    for (const [key, member] of membersOf(value)) visit(member, [...path, key]);
  };
  visit(root, []);
  return { paths, hasMore };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : toJson(value, 0);
}

function holds(text: string, wanted: string): boolean {
  return text.toLowerCase().includes(wanted);
}
