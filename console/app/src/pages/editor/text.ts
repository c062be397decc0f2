// The text of a document as YAML or JSON: its value, what is wrong with it, and where in it a member stands.
import { fromJson, toJson } from '../../payload/values';
import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, stringify, type Document, type Node, type Pair } from 'yaml';

export type Language = 'yaml' | 'json';

/** A stretch of a text, in UTF-16 units. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface TextProblem extends Span {
  readonly message: string;
}

export interface ReadText {
  /** undefined where the text is no YAML or JSON. */
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  /** Where a member stands, or what it would be in, where it is missing. */
  readonly locate: (path: readonly (string | number)[]) => Span;
}

// As the command line reads YAML: version 1.1, without the types that are no JSON.
const NO_JSON = new Set(['binary', 'omap', 'pairs', 'set', 'timestamp'].map((name) => `tag:yaml.org,2002:${name}`));
const MOST_ALIASES = 200;

export function parse(text: string): Document.Parsed {
  return parseDocument(text, {
    version: '1.1',
    intAsBigInt: true,
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !NO_JSON.has(tag.tag)),
  });
}

export function read(text: string, language: Language): ReadText {
  const document = parse(text);
  const locate = (path: readonly (string | number)[]): Span => spanOf(document, path, text.length);
  if (language === 'json') {
    try {
      return { value: fromJson(text), problems: [], locate };
    } catch (problem) {
      const message = problem instanceof Error ? problem.message : String(problem);
      const at = Number(/position (\d+)/.exec(message)?.[1] ?? document.errors[0]?.pos[0] ?? 0);
      return { value: undefined, problems: [{ from: at, to: at + 1, message: `This is no JSON: ${message}` }], locate };
    }
  }
  const problems = document.errors.map(({ pos: [from, to], message }) => ({ from, to: Math.max(from, to), message }));
  if (problems.length > 0) return { value: undefined, problems, locate };
  try {
    return { value: document.toJS({ maxAliasCount: MOST_ALIASES, reviver: small }) as unknown, problems, locate };
  } catch (problem) {
    const message = problem instanceof Error ? problem.message : String(problem);
    return { value: undefined, problems: [{ from: 0, to: 0, message }], locate };
  }
}

/** The text of a value, which reads as the same value. */
export function write(value: unknown, language: Language): string {
  if (language === 'json') return `${toJson(value)}\n`;
  return stringify(value, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false });
}

/** Integers are read with all their digits, and are plain numbers where these hold them. */
function small(_key: unknown, value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function spanOf(document: Document.Parsed, path: readonly (string | number)[], length: number): Span {
  let node: unknown = document.contents;
  let found: Span = { from: 0, to: Math.min(1, length) };
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    const next = isMap(node) ? node.items.find((pair) => nameOf(pair) === String(key)) : isSeq(node) ? node.items[Number(key)] : undefined;
    if (next === undefined) return found;
    if (isPair(next)) {
      node = next.value;
      found = isScalar(node) && node.range && node.range[1] > node.range[0] ? rangeOf(node) : rangeOf(next.key as Node);
    } else {
      node = next;
      found = firstLineOf(next as Node);
    }
  }
  return found;
}

/** The name that a pair has in a map. */
export function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

function rangeOf(node: Node): Span {
  const [from, to] = node.range ?? [0, 0];
  return { from, to };
}

/** Of an item of a list: its first member, or all of it where it is no map. */
function firstLineOf(node: Node): Span {
  const [first] = isMap(node) ? node.items : [];
  return first === undefined ? rangeOf(node) : { from: rangeOf(node).from, to: rangeOf((first.value ?? first.key) as Node).to };
}
