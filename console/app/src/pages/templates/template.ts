// A workflow template as it is typed into its form.
import type { TemplateQuery, WorkflowTemplateInput } from '../../graphql/graphql';
import { readJson, writtenJson, type ReadJson } from '../../kit/json';

export type Template = NonNullable<TemplateQuery['workflowTemplate']>;

export interface TypedParameter {
  readonly name: string;
  readonly description: string;
  readonly schema: string;
  readonly isRequired: boolean;
  /** JSON; empty for none. */
  readonly byDefault: string;
}

export interface TypedTemplate {
  readonly name: string;
  readonly category: string;
  readonly description: string;
  readonly document: string;
  readonly parameters: readonly TypedParameter[];
}

export const EMPTY_TEMPLATE: TypedTemplate = { name: '', category: '', description: '', document: '', parameters: [] };
export const EMPTY_PARAMETER: TypedParameter = { name: '', description: '', schema: '{"type": "string"}', isRequired: true, byDefault: '' };

export function typedTemplate({ name, category, description, document, parameters }: Template): TypedTemplate {
  return {
    name,
    category: category ?? '',
    description: description ?? '',
    document: writtenJson(document),
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      description: parameter.description ?? '',
      schema: writtenJson(parameter.schema),
      isRequired: parameter.required,
      byDefault: writtenJson(parameter.default),
    })),
  };
}

/** What the API takes; null while a field holds no JSON, or what is needed is missing. */
export function templateInput({ name, category, description, document, parameters }: TypedTemplate): WorkflowTemplateInput | null {
  const read = readJson(document);
  const rows = parameters.map((parameter) => ({ ...parameter, readSchema: readJson(parameter.schema), readDefault: readJson(parameter.byDefault) }));
  const isReadable = isGiven(read) && rows.every(({ readSchema, readDefault }) => isGiven(readSchema) && 'value' in readDefault);
  if (!isReadable || name.trim() === '') return null;
  return {
    name: name.trim(),
    category: orNull(category),
    description: orNull(description),
    document: valueOf(read),
    parameters: rows.map((row) => ({
      name: row.name.trim(),
      description: orNull(row.description),
      schema: valueOf(row.readSchema),
      required: row.isRequired && row.byDefault.trim() === '',
      default: valueOf(row.readDefault) ?? null,
    })),
  };
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

function isGiven(read: ReadJson): boolean {
  return 'value' in read && read.value !== undefined;
}

function valueOf(read: ReadJson): unknown {
  return 'value' in read ? read.value : undefined;
}
