// Values that are typed into fields made from a JSON Schema.
import { readJson, writtenJson, type ReadJson } from './json';

/** The kind of field that a schema asks for; JSON where no simple one would do. */
export type FieldKind = 'text' | 'number' | 'boolean' | 'choice' | 'json';

export function fieldKind(schema: unknown): FieldKind {
  if (choicesOf(schema).length > 0) return 'choice';
  switch (part(schema, 'type')) {
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    default:
      return 'json';
  }
}

/** The texts that an `enum` of texts allows; none of another schema. */
export function choicesOf(schema: unknown): readonly string[] {
  const values = part(schema, 'enum');
  return Array.isArray(values) && values.every((value) => typeof value === 'string') ? values : [];
}

/** The value of what was typed; undefined for nothing, which is left out. */
export function readTyped(schema: unknown, text: string): ReadJson {
  const kind = fieldKind(schema);
  if (text === '') return { value: undefined };
  if (kind === 'text' || kind === 'choice') return { value: text };
  const read = readJson(text);
  if (kind !== 'number' || ('value' in read && ['number', 'bigint', 'undefined'].includes(typeof read.value))) return read;
  return { problem: 'Write a number.' };
}

/** The text of a value for the field of this schema. */
export function typedText(schema: unknown, value: unknown): string {
  const kind = fieldKind(schema);
  return typeof value === 'string' && (kind === 'text' || kind === 'choice') ? value : writtenJson(value);
}

function part(schema: unknown, name: string): unknown {
  return typeof schema === 'object' && schema !== null ? (schema as Record<string, unknown>)[name] : undefined;
}
