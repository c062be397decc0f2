// What is offered at the cursor: members and values that the schema knows, and what expressions see.
import { placeAt } from './place';
import { membersOf, schemasAt, valuesOf, type Schema } from './schema';
import { offeredAfter, type Scope } from './scope';
import type { Language } from './text';

export interface Offer {
  readonly label: string;
  /** The text that takes the place of what was begun. */
  readonly text: string;
  readonly detail: string;
  readonly info: string;
  readonly kind: 'property' | 'constant' | 'variable';
}

export interface Offers {
  /** Where what was begun begins. */
  readonly from: number;
  readonly offers: readonly Offer[];
}

export function offersAt(text: string, position: number, language: Language, schema: Schema, scope: Scope): Offers | null {
  const place = placeAt(text, position);
  if (place === null) return null;
  const line = text.slice(text.lastIndexOf('\n', position - 1) + 1, position);
  if (!place.isKey) {
    const expression = offeredAfter(place.before.slice(-500), scope);
    if (expression !== null) {
      const offers = expression.names.map(({ name, written, value }) => ({
        label: name,
        text: written,
        detail: typeof value === 'object' && value !== null ? '' : JSON.stringify(value).slice(0, 40),
        info: '',
        kind: 'variable' as const,
      }));
      return { from: position - expression.typed, offers };
    }
  }
  const begun = /[\w-]*$/.exec(line)?.[0] ?? '';
  const isQuoted = /["']$/.test(line.slice(0, line.length - begun.length));
  const offers: Offer[] = [];
  const schemas = schemasAt(schema, place.value, place.path);
  if (place.isKey || (place.isOpen && mayBeMember(line, language, begun))) {
    const isNamed = place.isKey && /^[\w-]*["']?\s*:/.test(text.slice(position));
    const indent = ' '.repeat(line.length - begun.length);
    const there = new Set(place.isKey ? Object.keys(asRecord(valueAt(place.value, place.path))) : []);
    for (const { name, description, isRequired, kind } of membersOf(schema, schemas)) {
      if (there.has(name) && name !== begun) continue;
      const written = isNamed || isQuoted ? name : member(name, kind, indent, language);
      offers.push({ label: name, text: written, detail: isRequired ? 'needed' : '', info: description, kind: 'property' });
    }
  }
  if (!place.isKey) {
    for (const value of valuesOf(schemas)) {
      const written = language === 'json' && typeof value === 'string' && !isQuoted ? JSON.stringify(value) : String(value);
      offers.push({ label: String(value), text: written, detail: '', info: '', kind: 'constant' });
    }
  }
  return offers.length === 0 ? null : { from: position - begun.length, offers };
}

/** In YAML a word is the name of a member where a line or an item begins with it; in JSON where no colon is before it. */
function mayBeMember(line: string, language: Language, begun: string): boolean {
  const before = line.slice(0, line.length - begun.length);
  return language === 'yaml' ? /^(\s|-\s)*$/.test(before) || /[{,]\s*$/.test(before) : /[{,]\s*"?$|^\s*"?$/.test(before);
}

function member(name: string, kind: 'object' | 'array' | 'other', indent: string, language: Language): string {
  if (language === 'json') return `"${name}": ${kind === 'object' ? '{}' : kind === 'array' ? '[]' : ''}`;
  if (kind === 'object') return `${name}:\n${indent}  `;
  return kind === 'array' ? `${name}:\n${indent}  - ` : `${name}: `;
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((within, key) => asRecord(within)[key], value);
}

function asRecord(value: unknown): Record<string | number, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>) : {};
}
