// Values as the viewer shows, finds, copies and compares them.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { diff, differences, diffRows } from './diff';
import { expressionOf } from './expression';
import { find } from './search';
import { partsOf } from './text';
import { openAround, openAtFirst, valueRows } from './tree';
import { fromJson, previewOf, toJson, valueAt } from './values';

const VALUE = { id: 7, lines: [{ sku: 'a', 'first-name': 'Ann' }, { sku: 'b' }], empty: {}, none: null };

test('a value is the rows of what is open', () => {
  expect(valueRows(VALUE, new Set()).map(({ key }) => key)).toEqual(['id', 'lines', 'empty', 'none']);
  expect(valueRows([], new Set()).map(({ key }) => key)).toEqual([null]);
  const open = new Set(['[]', ...openAround(['lines', 0, 'sku'])]);
  expect(valueRows(VALUE, open).map(({ id }) => id)).toContain('["lines",0,"sku"]');
});

test('at first some forty rows are open, and the root always is', () => {
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, { inner: index }]));
  expect(valueRows(wide, openAtFirst(wide))).toHaveLength(500);
  expect(valueRows(VALUE, openAtFirst(VALUE))).toHaveLength(9);
});

test.each([
  [['lines', 0, 'sku'], 'steps.a.output.lines[0].sku'],
  [['lines', 0, 'first-name'], 'steps.a.output.lines[0].`first-name`'],
  [['and'], 'steps.a.output.`and`'],
  [['ein`fach'], 'steps.a.output."ein`fach"'],
  [['__proto__'], 'steps.a.output.__proto__'],
  [[], 'steps.a.output'],
])('%j is the expression %s', (path, expression) => {
  expect(expressionOf('steps.a.output', path)).toBe(expression);
});

test('what is found is at its place, and a search that finds too much says so', () => {
  expect(find(VALUE, 'ANN').paths).toEqual([['lines', 0, 'first-name']]);
  expect(find(VALUE, 'sku').paths).toEqual([
    ['lines', 0, 'sku'],
    ['lines', 1, 'sku'],
  ]);
  expect(find(VALUE, '  ').paths).toEqual([]);
  expect(
    find(
      Array.from({ length: 20 }, () => 'x'),
      'x',
      10,
    ),
  ).toMatchObject({ hasMore: true });
  expect(valueAt(VALUE, ['lines', 1, 'sku'])).toBe('b');
  expect(valueAt(VALUE, ['toString'])).toBeUndefined();
});

test('JSON is written as it was read, large integers with all their digits', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(toJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(toJson({ a: [1, 12345678901234567890n] }, 0)).toBe('{"a":[1,12345678901234567890]}');
  expect(toJson(fromJson('{"a":[],"b":{}}'))).toBe('{\n  "a": [],\n  "b": {}\n}');
});

test('a line says what is inside', () => {
  expect(previewOf(VALUE)).toBe('{id, lines, empty, none}');
  expect(previewOf([1])).toBe('[1 item]');
  expect(previewOf({ ['x'.repeat(100)]: 1 }).length).toBeLessThan(80);
});

test('a difference says what is only on one side, and what is another value', () => {
  const found = diff(VALUE, {
    id: 8,
    lines: [{ sku: 'new' }, { sku: 'a', 'first-name': 'Ann' }, { sku: 'b' }],
    none: null,
    more: 1,
  });
  const rows = diffRows(found, false).map(({ node }) => [node.path.join('.'), node.change]);
  expect(rows).toEqual([
    ['id', 'changed'],
    ['lines', 'inside'],
    ['lines.0', 'added'],
    ['empty', 'removed'],
    ['more', 'added'],
  ]);
  expect(differences(found)).toBe(4);
});

test('a value differs from itself in nothing, and from another in something', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(differences(diff(value, structuredClone(value)))).toBe(0);
    }),
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(differences(diff(one, other)) > 0).toBe(
        JSON.stringify(one) !== JSON.stringify(other) && !equal(one, other),
      );
    }),
  );
});

function equal(one: unknown, other: unknown): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}

test('characters that cannot be seen, or turn text round, are named', () => {
  expect(partsOf('a\u202eb')).toEqual([
    { text: 'a', hidden: null },
    { text: '\u202e', hidden: 'U+202E' },
    { text: 'b', hidden: null },
  ]);
  expect(partsOf('שלום')).toEqual([{ text: 'שלום', hidden: null }]);
  expect(partsOf('')).toEqual([{ text: '', hidden: null }]);
});
