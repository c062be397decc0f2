// Where in a document the cursor stands, also in one that is only half written.
import { isMap, isScalar, isSeq } from 'yaml';
import { nameOf, parse } from './text';

export interface Place {
  /** The members around it, outermost first; of a value its own name too. */
  readonly path: readonly (string | number)[];
  /** True where a member is named, false where a value stands. */
  readonly isKey: boolean;
  /** True where what stands there is neither yet: one word, which may become a value or the name of a member. */
  readonly isOpen: boolean;
  /** What is there of the word before the cursor. */
  readonly before: string;
  /** The document as it is, without what is at the cursor. */
  readonly value: unknown;
}

const MARK = '\uE000';

/** The place of the cursor; null in comments, and where no sense can be made of the text around it. */
export function placeAt(text: string, position: number): Place | null {
  if (text.includes(MARK)) return null;
  const document = parse(text.slice(0, position) + MARK + text.slice(position));
  const found = find(document.contents, []);
  if (found === null) return null;
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch {
    value = undefined;
  }
  return { ...found, value };
}

type Found = Omit<Place, 'value'>;

function find(node: unknown, path: readonly (string | number)[]): Found | null {
  if (isScalar(node)) return beforeMark(node.value, (before) => ({ path, isKey: false, isOpen: true, before }));
  if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) {
      const found = find(item, [...path, index]);
      if (found !== null) return found;
    }
  }
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? beforeMark(pair.key.value, (before) => before) : null;
      if (key !== null) return { path, isKey: true, isOpen: false, before: key };
      const found = find(pair.value, [...path, nameOf(pair)]);
      if (found !== null) return found;
    }
  }
  return null;
}

function beforeMark<Made>(value: unknown, make: (before: string) => Made): Made | null {
  if (typeof value !== 'string') return null;
  const at = value.indexOf(MARK);
  return at < 0 ? null : make(value.slice(0, at));
}
