// A transformation rule as it is typed into its form.
import type { RuleQuery, TransformationRuleInput } from '../../graphql/graphql';
import { readJson, writtenJson } from '../../kit/json';
import { toJson } from '../../payload/values';

export type Rule = NonNullable<RuleQuery['transformationRule']>;

export interface TypedExample {
  readonly input: string;
  readonly output: string;
}

export interface TypedRule {
  readonly name: string;
  readonly description: string;
  readonly expression: string;
  readonly inputSchema: string;
  readonly outputSchema: string;
  readonly examples: readonly TypedExample[];
}

export const EMPTY_RULE: TypedRule = { name: '', description: '', expression: '', inputSchema: '', outputSchema: '', examples: [] };

export function typedRule({ name, description, expression, inputSchema, outputSchema, examples }: Rule): TypedRule {
  return {
    name,
    description: description ?? '',
    expression,
    inputSchema: writtenJson(inputSchema),
    outputSchema: writtenJson(outputSchema),
    examples: examples.map(({ input, output }) => ({ input: toJson(input), output: toJson(output) })),
  };
}

/** What the API takes; null while a field holds no JSON, or an example lacks a half. */
export function ruleInput({ name, description, expression, inputSchema, outputSchema, examples }: TypedRule): TransformationRuleInput | null {
  const schemas = [inputSchema, outputSchema].map(readJson);
  const halves = examples.map(({ input, output }) => ({ input: readJson(input), output: readJson(output) }));
  const isReadable = schemas.every((each) => 'value' in each) && halves.every(({ input, output }) => isGiven(input) && isGiven(output));
  if (!isReadable || name.trim() === '' || expression.trim() === '') return null;
  return {
    name: name.trim(),
    description: description.trim() === '' ? null : description.trim(),
    expression,
    inputSchema: valueOf(schemas[0]) ?? null,
    outputSchema: valueOf(schemas[1]) ?? null,
    examples: halves.map(({ input, output }) => ({ input: valueOf(input), output: valueOf(output) })),
  };
}

function isGiven(read: ReturnType<typeof readJson>): boolean {
  return 'value' in read && read.value !== undefined;
}

function valueOf(read: ReturnType<typeof readJson> | undefined): unknown {
  return read !== undefined && 'value' in read ? read.value : undefined;
}
