// Forms of inputs: which schemas have one, and what is made of what was typed.
import { expect, it } from 'vitest';
import { fieldsOf, readInput, readWhole, typedAtFirst } from './inputForm';

const SCHEMA = {
  type: 'object',
  required: ['order', 'quantity'],
  properties: {
    order: { type: 'string', description: 'The number of the order', examples: ['A-1'] },
    quantity: { type: 'integer', default: 1 },
    express: { type: 'boolean' },
    size: { enum: ['S', 'M'] },
    address: { type: 'object' },
  },
};

it('has a field for each property, filled with its default', () => {
  const fields = fieldsOf(SCHEMA) ?? [];
  expect(fields.map(({ name, kind }) => `${name}: ${kind}`)).toEqual([
    'order: text',
    'quantity: integer',
    'express: boolean',
    'size: choice',
    'address: json',
  ]);
  expect(fields[0]?.hint).toBe('The number of the order · such as A-1');
  expect(typedAtFirst(fields).quantity).toBe('1');
});

it('reads what was typed as what the schema calls it, and leaves out what is empty', () => {
  const fields = fieldsOf(SCHEMA) ?? [];
  const typed = { order: 'A-1', quantity: '3', express: 'true', size: '', address: '{"city": "Oslo"}' };
  expect(readInput(fields, typed)).toEqual({
    value: { order: 'A-1', quantity: 3, express: true, address: { city: 'Oslo' } },
  });
});

it('says of each field what is wrong with it', () => {
  const { problems } = readInput(fieldsOf(SCHEMA) ?? [], { quantity: '1.5', size: 'L', address: '{' });
  expect(Object.keys(problems ?? {})).toEqual(['order', 'quantity', 'size', 'address']);
});

it('is none for what a form could not say', () => {
  expect(fieldsOf(null)).toBeNull();
  expect(fieldsOf({ type: 'array' })).toBeNull();
  expect(fieldsOf({ ...SCHEMA, anyOf: [{ required: ['size'] }] })).toBeNull();
});

it('takes any JSON in its place', () => {
  expect(readWhole('[1, 2]')).toEqual({ value: [1, 2] });
  expect(readWhole('  ')).toEqual({ value: null });
  expect(readWhole('{')).toHaveProperty('problem');
});
