// What a JSON Schema says of one place in a document: which members may stand there, and which values.

export type Schema = Readonly<Record<string, unknown>>;

export interface Member {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** What its value begins as. */
  readonly kind: 'object' | 'array' | 'other';
}

/** The schemas that hold at a place of this document: several, where it says "one of these". */
export function schemasAt(root: Schema, document: unknown, path: readonly (string | number)[]): readonly Schema[] {
  let value: unknown = document;
  let schemas = expanded(root, root, value);
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    const inner = value;
    schemas = schemas.flatMap((schema) => inside(schema, key)).flatMap((schema) => expanded(root, schema, inner));
  }
  return schemas;
}

/** The members that these schemas know, those first that have to be there. */
export function membersOf(root: Schema, schemas: readonly Schema[]): readonly Member[] {
  const members = new Map<string, Member>();
  for (const schema of schemas) {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    for (const [name, each] of Object.entries(asSchema(schema.properties))) {
      const isRequired = required.has(name) || (members.get(name)?.isRequired ?? false);
      const parts = expanded(root, asSchema(each), undefined);
      const description = [asSchema(each), ...parts].map((part) => part.description).find((text) => typeof text === 'string');
      const known = members.get(name)?.description;
      members.set(name, { name, isRequired, description: known || (description ?? ''), kind: kindOf(parts) });
    }
  }
  return [...members.values()].sort((one, other) => Number(other.isRequired) - Number(one.isRequired));
}

/** The texts, numbers and booleans that these schemas name. */
export function valuesOf(schemas: readonly Schema[]): readonly (string | number | boolean)[] {
  const values = schemas.flatMap((schema): unknown[] => [
    ...(Array.isArray(schema.enum) ? (schema.enum as unknown[]) : []),
    ...('const' in schema ? [schema.const] : []),
    ...(schema.type === 'boolean' ? [true, false] : []),
    ...(Array.isArray(schema.examples) ? (schema.examples as unknown[]) : []),
  ]);
  return [...new Set(values)].filter(
    (value): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value),
  );
}

function inside(schema: Schema, key: string | number): Schema[] {
  if (typeof key === 'number') return isSchema(schema.items) ? [schema.items] : [];
  const properties = asSchema(schema.properties);
  if (Object.hasOwn(properties, key)) return [asSchema(properties[key])];
  return isSchema(schema.additionalProperties) ? [schema.additionalProperties] : [];
}

/** A schema with all that it stands for: references, choices, and what follows from members that are there. */
function expanded(root: Schema, schema: Schema, value: unknown, depth = 0): Schema[] {
  if (depth > 12) return [];
  const go = (each: unknown): Schema[] => expanded(root, asSchema(each), value, depth + 1);
  const found: Schema[] = [schema];
  if (typeof schema.$ref === 'string') found.push(...go(referred(root, schema.$ref)));
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const parts = schema[keyword];
    if (Array.isArray(parts)) found.push(...parts.flatMap(go));
  }
  if (isSchema(schema.if) && meets(schema.if, value)) found.push(...go(schema.then));
  return found;
}

function referred(root: Schema, reference: string): Schema {
  return reference
    .slice(2)
    .split('/')
    .reduce<Schema>((schema, name) => asSchema(schema[name]), root);
}

/** True where the members that a condition names have the values that it names. */
function meets(condition: Schema, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(asSchema(condition.properties)).every(
    ([name, each]) => (value as Record<string, unknown>)[name] === asSchema(each).const,
  );
}

function kindOf(schemas: readonly Schema[]): Member['kind'] {
  const types = schemas.map(({ type }) => type).filter((type) => type !== undefined && type !== 'null');
  if (types.length > 0 && types.every((type) => type === 'object')) return 'object';
  return types.includes('array') && types[0] === 'array' ? 'array' : 'other';
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asSchema(value: unknown): Schema {
  return isSchema(value) ? value : {};
}
