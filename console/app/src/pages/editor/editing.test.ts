// The editor's knowledge of a text: its value and its faults, where the cursor stands, and what is offered there.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { offersAt } from './complete';
import type { Schema } from './schema';
import { mocksOf, scopeOf } from './scope';
import { read, write, type Language } from './text';

const SCHEMA = JSON.parse(readFileSync('../../domain/workflows/workflow.schema.json', 'utf8')) as Schema;
const RECORDED = {
  input: { orderId: 'A-1' },
  steps: [
    { path: 'fetch', stepId: 'fetch', type: 'HTTP_REQUEST', output: { status: 200, body: { lines: [{ sku: 'a', 'unit price': 3 }] } } },
    { path: 'sum', stepId: 'sum', type: 'DATA_TRANSFORM', output: 3 },
  ],
};

/** What is offered where the text has a bar. */
function offered(text: string, language: Language = 'yaml'): string[] {
  const scope = scopeOf({ variables: { tax: 0.19 } }, ['fetch', 'sum'], RECORDED);
  return offersAt(text.replace('|', ''), text.indexOf('|'), language, SCHEMA, scope)?.offers.map(({ text: each }) => each) ?? [];
}

it('offers the members of a document, those first that are needed, and none twice', () => {
  expect(offered('|').slice(0, 2)).toEqual(['name: ', 'steps:\n  - ']);
  const left = offered('name: total\nde|');
  expect(left).toContain('description: ');
  expect(left).not.toContain('name: ');
});

it('offers the members of a step where its item begins, and where it goes on', () => {
  expect(offered('name: a\nsteps:\n  - |')).toContain('id: ');
  expect(offered('name: a\nsteps:\n  - id: one\n    ty|')).toContain('type: ');
  expect(offered('name: a\nsteps:\n  - id: one\n    |\noutput: a')).toContain('type: ');
});

it('offers the types of steps, and of a config what its type has', () => {
  expect(offered('steps:\n  - id: one\n    type: |')).toContain('HTTP_REQUEST');
  const config = offered('steps:\n  - id: one\n    type: HTTP_REQUEST\n    config:\n      |');
  expect(config).toContain('url: ');
  expect(config).not.toContain('duration: ');
  expect(offered('steps:\n  - id: one\n    type: WAIT\n    config: {|}')).toContain('duration: ');
});

it('offers what a recorded run has where an expression reads it', () => {
  expect(offered("output: '{{ steps.| }}'")).toEqual(['fetch', 'sum']);
  expect(offered('output: steps.fetch.|')).toEqual(['output', 'status', 'error']);
  expect(offered('output: steps.fetch.output.body.li|')).toEqual(['lines']);
  expect(offered('output: steps.fetch.output.body.lines[0].|')).toEqual(['sku', '`unit price`']);
  expect(offered('output: "{{ input.| }}"')).toEqual(['orderId']);
  expect(offered('output: $sum(vars.|)')).toEqual(['tax']);
  expect(offered('output: "{{ st| }}"')).toContain('steps');
});

it('offers the same in JSON', () => {
  expect(offered('{"na|"}', 'json')).toContain('name');
  expect(offered('{"steps": [{"id": "a", "type": "|"}]}', 'json')).toContain('WAIT');
  expect(offered('{"steps": [{"id": "a", |}]}', 'json')).toContain('"type": ');
  expect(offered('{"output": "{{ steps.fetch.output.| }}"}', 'json')).toEqual(['status', 'body']);
});

it('offers nothing in comments', () => {
  expect(offered('name: a\n# st|')).toEqual([]);
});

it('finds a member in the text, and what it would be in where it is missing', () => {
  const text = 'name: a\nsteps:\n  - id: one\n    type: WAIT\n    config: {duration: PT1S}\n';
  const { locate } = read(text, 'yaml');
  const at = (...path: string[]): string => text.slice(locate(path).from, locate(path).to);
  expect(at('name')).toBe('a');
  expect(at('steps')).toBe('steps');
  expect(at('steps', '0')).toBe('id: one');
  expect(at('steps', '0', 'config', 'duration')).toBe('PT1S');
  expect(at('steps', '0', 'config', 'until')).toBe('config');
});

it('reads what it has written, and YAML as the command line does', () => {
  const value = { name: 'on', steps: [{ id: 'a', when: 'yes', text: 'two\nlines', number: '12', date: '2026-01-31' }], n: 1.5 };
  for (const language of ['yaml', 'json'] as const) expect(read(write(value, language), language).value).toEqual(value);
  expect(read(write({ large: 12345678901234567890n }, 'yaml'), 'yaml').value).toEqual({ large: 12345678901234567890n });
  expect(read('a: yes\nb: 010\nc: 2026-01-31\n', 'yaml').value).toEqual({ a: true, b: 8, c: '2026-01-31' });
});

it('says where a text is no YAML and no JSON', () => {
  expect(read('a: [1, 2\n', 'yaml').problems.length).toBeGreaterThan(0);
  expect(read('{"a": }', 'json').problems).toHaveLength(1);
  expect(read('a: &a [1]\nb: &b [*a, *a, *a]\n', 'yaml').problems).toEqual([]);
});

it('makes mocks of what calls have answered', () => {
  expect(Object.keys(mocksOf(RECORDED))).toEqual(['fetch']);
});
