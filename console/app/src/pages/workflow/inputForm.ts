// A form for the input of a workflow, made from its JSON Schema where that is simple enough, and what was typed as JSON.
import { readJson, type ReadJson } from '../../kit/json';

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'json';

export interface InputField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly label: string;
  readonly hint: string;
  readonly isRequired: boolean;
  /** The texts that can be chosen, where there are only some. */
  readonly choices: readonly string[];
  /** What stands in the field at first. */
  readonly initial: string;
}

/** What was typed, by the names of fields. */
export type Typed = Readonly<Record<string, string>>;

export type ReadInput =
  | { readonly value: unknown; readonly problems?: undefined }
  | { readonly problems: Readonly<Record<string, string>> };

const MOST_FIELDS = 24;
const TOO_RICH = ['$ref', 'allOf', 'anyOf', 'oneOf', 'if', 'not', 'patternProperties', 'dependentSchemas', 'dependentRequired'];
const KINDS: Readonly<Record<string, FieldKind>> = {
  string: 'text',
  number: 'number',
  integer: 'integer',
  boolean: 'boolean',
};

/** The fields of a schema; null where it is none, or says more than a form could. */
export function fieldsOf(schema: unknown): readonly InputField[] | null {
  const { type, properties, required, ...rest } = asRecord(schema);
  if (type !== 'object' || Object.keys(asRecord(properties)).length === 0) return null;
  if (TOO_RICH.some((keyword) => keyword in rest)) return null;
  const needed = new Set(Array.isArray(required) ? required.map(String) : []);
  const members = Object.entries(asRecord(properties));
  if (members.length > MOST_FIELDS) return null;
  return members.map(([name, each]) => fieldOf(name, asRecord(each), needed.has(name)));
}

/** What is typed at first: defaults of the schema. */
export function typedAtFirst(fields: readonly InputField[]): Typed {
  return Object.fromEntries(fields.map(({ name, initial }) => [name, initial]));
}

/** The input that was typed. What is left empty is left out; a sentence for each field that is wrong. */
export function readInput(fields: readonly InputField[], typed: Typed): ReadInput {
  const members: [string, unknown][] = [];
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const text = typed[field.name] ?? '';
    if (text === '') {
      if (field.isRequired) problems[field.name] = 'This is needed.';
      continue;
    }
    const read = readField(field, text);
    if ('problem' in read) problems[field.name] = read.problem;
    else members.push([field.name, read.value]);
  }
  return Object.keys(problems).length > 0 ? { problems } : { value: Object.fromEntries(members) };
}

/** The input as one JSON text; null where that is empty. */
export function readWhole(text: string): ReadJson {
  return text.trim() === '' ? { value: null } : readJson(text);
}

function fieldOf(name: string, schema: Record<string, unknown>, isRequired: boolean): InputField {
  const { title, description, examples, enum: allowed } = schema;
  const choices = Array.isArray(allowed) && allowed.every((each) => typeof each === 'string') ? allowed : [];
  const kind = choices.length > 0 ? 'choice' : isPlain(schema) ? (KINDS[String(schema.type)] ?? 'json') : 'json';
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  const hints = [
    typeof description === 'string' ? description : '',
    kind === 'json' ? 'JSON' : '',
    example === undefined ? '' : `such as ${asText(example)}`,
  ];
  return {
    name,
    kind,
    label: typeof title === 'string' && title !== '' ? title : name,
    hint: hints.filter(Boolean).join(' · '),
    isRequired,
    choices,
    initial: schema.default === undefined || schema.default === null ? '' : asText(schema.default, kind),
  };
}

/** True for a schema of which the type says what to type. */
function isPlain(schema: Record<string, unknown>): boolean {
  return !TOO_RICH.some((keyword) => keyword in schema) && !('enum' in schema) && !('const' in schema);
}

function readField({ kind, choices }: InputField, text: string): ReadJson {
  switch (kind) {
    case 'text':
      return { value: text };
    case 'choice':
      return choices.includes(text) ? { value: text } : { problem: `Choose one of ${choices.join(', ')}.` };
    case 'boolean':
      return { value: text === 'true' };
    case 'json':
      return readJson(text);
    case 'integer':
    case 'number': {
      const number = Number(text);
      if (text.trim() === '' || !Number.isFinite(number)) return { problem: 'Type a number.' };
      if (kind === 'integer' && !Number.isSafeInteger(number)) return { problem: 'Type a whole number.' };
      return { value: number };
    }
  }
}

function asText(value: unknown, kind: FieldKind = 'text'): string {
  return typeof value === 'string' && kind !== 'json' ? value : JSON.stringify(value);
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
