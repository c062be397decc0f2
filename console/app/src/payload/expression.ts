// A place in a value as an expression of a workflow: steps.fetch.output.items[3].`first-name`.
import type { ValuePath } from './values';

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;
const WORDS: ReadonlySet<string> = new Set(['and', 'or', 'in', 'true', 'false', 'null', 'function']);

/** The expression that gives what is at `path` of what `root`, an expression itself, gives. */
export function expressionOf(root: string, path: ValuePath): string {
  return path.reduce<string>((before, key) => {
    if (typeof key === 'number') return `${before}[${key}]`;
    return `${before}.${memberName(key)}`;
  }, root);
}

/** A name as it stands in a path. In quotes where backquotes would not hold it. */
export function memberName(name: string): string {
  if (PLAIN.test(name) && !WORDS.has(name)) return name;
  return /[`\\\n\r\t]/.test(name) || name === '' ? JSON.stringify(name) : `\`${name}\``;
}

/** What expressions of a step in the same block call the output of this one. */
export function outputOf(stepId: string): string {
  return `steps.${stepId}.output`;
}
