// Fields made from a JSON Schema: their kinds, and the values of what is typed into them.
import { expect, it } from 'vitest';
import { fieldKind, readTyped, typedText } from './schemaValues';

it.each([
  [{ type: 'string' }, '17', { value: '17' }],
  [{ type: 'string', enum: ['a', 'b'] }, 'b', { value: 'b' }],
  [{ type: 'integer' }, '17', { value: 17 }],
  [{ type: 'integer' }, '"17"', { problem: 'Write a number.' }],
  [{ type: 'boolean' }, 'false', { value: false }],
  [{ type: ['string', 'null'] }, 'null', { value: null }],
  [{}, '[1]', { value: [1] }],
  [true, '', { value: undefined }],
])('of %j the text %j is %j', (schema, text, expected) => expect(readTyped(schema, text)).toEqual(expected));

it.each([
  [{ type: 'string' }, 'a', 'a'],
  [{ type: 'integer' }, 17, '17'],
  [{}, 'a', '"a"'],
  [{ type: 'string' }, null, ''],
])('of %j the value %j is written %j', (schema, value, text) => expect(typedText(schema, value)).toBe(text));

it('takes choices that are no texts as JSON', () => expect(fieldKind({ enum: [1, 2] })).toBe('json'));
