// JSON values as the viewer sees them: kinds, members, a line that says what is inside.

export type Kind = 'object' | 'array' | 'text' | 'number' | 'boolean' | 'null';
export type Key = string | number;
export type ValuePath = readonly Key[];

/** An integer that floating point does not have, kept with all its digits. */
export type JsonNumber = number | bigint;

export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'object':
      return 'object';
    case 'string':
      return 'text';
    case 'boolean':
      return 'boolean';
    default:
      return 'number';
  }
}

/** The members of an object or an array, in their order; none of anything else. */
export function membersOf(value: unknown): readonly (readonly [Key, unknown])[] {
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  return kindOf(value) === 'object' ? Object.entries(value as object) : [];
}

/** How many members there are, without making a list of them. */
export function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return kindOf(value) === 'object' ? Object.keys(value as object).length : 0;
}

/** The value at a path; undefined where there is none. */
export function valueAt(root: unknown, path: ValuePath): unknown {
  let value = root;
  for (const key of path) {
    if (kindOf(value) !== 'object' && kindOf(value) !== 'array') return undefined;
    value = Object.hasOwn(value as object, key) ? (value as Record<Key, unknown>)[key] : undefined;
  }
  return value;
}

const PREVIEW_LENGTH = 72;

/** One line of what a closed object or array holds: `{orderId, amount, …}`, `[12 items]`. */
export function previewOf(value: unknown): string {
  if (Array.isArray(value)) return value.length === 1 ? '[1 item]' : `[${value.length} items]`;
  const keys = Object.keys(value as object);
  let line = '';
  for (const [index, key] of keys.entries()) {
    const next = line === '' ? key : `${line}, ${key}`;
    if (next.length > PREVIEW_LENGTH) return index === 0 ? `{${key.slice(0, PREVIEW_LENGTH)}…}` : `{${line}, …}`;
    line = next;
  }
  return `{${line}}`;
}

/** The value as JSON text; big integers with all their digits. */
export function toJson(value: unknown, indent = 2): string {
  return writeJson(value, indent === 0 ? null : ' '.repeat(indent), '');
}

function writeJson(value: unknown, indent: string | null, margin: string): string {
  const kind = kindOf(value);
  if (kind !== 'object' && kind !== 'array')
    return typeof value === 'bigint' ? value.toString() : JSON.stringify(value ?? null);
  const isArray = kind === 'array';
  const inner = indent === null ? '' : margin + indent;
  const members = membersOf(value).map(([key, member]) => {
    const name = isArray ? '' : `${JSON.stringify(key)}:${indent === null ? '' : ' '}`;
    return inner + name + writeJson(member, indent, inner);
  });
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  if (members.length === 0) return open + close;
  return indent === null ? open + members.join(',') + close : `${open}\n${members.join(',\n')}\n${margin}${close}`;
}

/** The value of JSON text. Integers beyond 2^53 stay exact where the browser lets us see how they were written. */
export function fromJson(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, revive);
}
