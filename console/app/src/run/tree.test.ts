// Steps as a tree, and the rows of what is open.
import { expect, test } from 'vitest';
import { placesOf } from './document';
import { around, placeOf, readSelection } from './paths';
import { openAtFirst, rowsOf } from './rows';
import { countsOf, treeOf } from './tree';
import { aLongRun, anAttempt, aStep } from './samples';

test.each([
  ['fetch', { owner: '', block: '', index: null, id: 'fetch' }],
  ['fan.eu.fetch', { owner: 'fan', block: 'eu', index: null, id: 'fetch' }],
  ['loop[17].fetch', { owner: 'loop', block: '[17]', index: 17, id: 'fetch' }],
  ['a[1].b[2].c', { owner: 'a[1].b', block: '[2]', index: 2, id: 'c' }],
  ['a.then.b[2].c.onError.d', { owner: 'a.then.b[2].c', block: 'onError', index: null, id: 'd' }],
  ['onFailure.undo', { owner: '', block: 'onFailure', index: null, id: 'undo' }],
])('%s is known by its place', (path, place) => {
  expect(placeOf(path)).toEqual(place);
});

test('what is around a step is found from its path alone', () => {
  expect(around('a.then.b[2].c')).toEqual(['a', 'a.then', 'a.then.b', 'a.then.b[2]']);
  expect(around('onFailure.undo')).toEqual(['onFailure']);
  expect(around('a')).toEqual([]);
});

test.each([
  [
    { step: 'loop[3].fetch', attempt: 2 },
    { step: 'loop[3].fetch', attempt: 2 },
  ],
  [{ step: 'loop[3].fetch' }, { step: 'loop[3].fetch', attempt: null }],
  [
    { step: 'fetch', attempt: -1 },
    { step: 'fetch', attempt: null },
  ],
  [{ step: '<script>' }, null],
  [{ step: 7 }, null],
  [{}, null],
])('the address %j selects %j', (search, selection) => {
  expect(readSelection(search)).toEqual(selection);
});

test('siblings come in the order of the document, handlers after their step', () => {
  const document = {
    steps: [
      { id: 'z', type: 'HTTP_REQUEST', config: {}, onError: { steps: [{ id: 'h' }] } },
      {
        id: 'fan',
        type: 'PARALLEL',
        config: {
          branches: [
            { name: 'two', steps: [{ id: 'x' }] },
            { name: 'one', steps: [{ id: 'x' }] },
          ],
        },
      },
      { id: 'loop', type: 'FOR_EACH', config: { steps: [{ id: 'q' }, { id: 'p' }] } },
    ],
    onFailure: [{ id: 'undo' }],
  };
  const paths = [
    'loop[10].p',
    'loop[10].q',
    'loop[9].q',
    'loop',
    'fan.one.x',
    'fan.two.x',
    'fan',
    'z',
    'onFailure.undo',
  ];
  const tree = treeOf(
    paths.map((path) => aStep(path)),
    placesOf(document),
  );
  expect(tree.nodes.map(({ step }) => step.path)).toEqual(['z', 'fan', 'loop']);
  expect(tree.byPath.get('fan')?.blocks.map(({ label }) => label)).toEqual(['two', 'one']);
  expect(tree.byPath.get('loop')?.blocks.map(({ label }) => label)).toEqual(['[9]', '[10]']);
  expect(tree.byPath.get('loop')?.blocks[1]?.nodes.map(({ step }) => step.stepId)).toEqual(['q', 'p']);
  expect(tree.onFailure?.nodes.map(({ step }) => step.path)).toEqual(['onFailure.undo']);
});

test('a loop is one row with counts until it is opened, then failed items come first', () => {
  const tree = treeOf(aLongRun(100));
  expect(rowsOf(tree, new Set()).map(({ key }) => key)).toEqual(['before', 'items', 'after']);
  const loop = tree.byPath.get('items');
  expect(loop && countsOf(loop)).toMatchObject({ COMPLETED: 98, FAILED: 2 });
  const open = rowsOf(tree, new Set(['items', 'items[67]'])).map(({ key }) => key);
  expect(open.slice(2, 7)).toEqual(['items[17]', 'items[67]', 'items[67].fetch', 'items[67].store', 'items[0]']);
});

test('an item with one step is one row that says its number', () => {
  const tree = treeOf([aStep('loop', { type: 'FOR_EACH' }), aStep('loop[0].x')]);
  expect(rowsOf(tree, new Set(['loop']))[1]).toMatchObject({ kind: 'step', key: 'loop[0].x', block: '[0]' });
});

test('an open step has a row for each attempt', () => {
  const step = aStep('a', { attempts: [anAttempt(1, 0, 5, 'TIMEOUT'), anAttempt(2, 8, 10)] });
  expect(rowsOf(treeOf([step]), new Set(['a'])).map(({ key }) => key)).toEqual(['a', 'a#1', 'a#2']);
});

test('a failure that was gone on from is none of its item', () => {
  const steps = [
    aStep('loop', { type: 'FOR_EACH' }),
    aStep('loop[0].try', { status: 'FAILED', startedAt: 1 }),
    aStep('loop[0].then_this', { startedAt: 2 }),
  ];
  expect(treeOf(steps).byPath.get('loop')?.blocks[0]?.status).toBe('COMPLETED');
});

test('branches are open at first, loops are not', () => {
  const steps = ['fan.eu.x', 'loop[0].x'].map((path) => aStep(path));
  const tree = treeOf([aStep('fan', { type: 'PARALLEL' }), aStep('loop', { type: 'FOR_EACH' }), ...steps]);
  expect([...openAtFirst(tree)]).toEqual(['fan', 'fan.eu']);
});

test('a filter leaves out what does not match, and keeps what is around that which does', () => {
  const tree = treeOf(aLongRun(20));
  const rows = rowsOf(tree, new Set(['items', 'items[17]']), (step) => step.status === 'FAILED');
  expect(rows.map(({ key }) => key)).toEqual(['items', 'items[17]', 'items[17].store']);
});
