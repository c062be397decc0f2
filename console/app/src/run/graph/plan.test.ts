// The tree of a document has its steps at the places that a run gives them.
import { expect, it } from 'vitest';
import { placesOf } from '../document';
import { graphOf } from './graphModel';
import { planOf } from './plan';

const DOCUMENT = {
  steps: [
    { id: 'ask', type: 'HTTP_REQUEST', onError: { steps: [{ id: 'tell', type: 'WAIT' }] } },
    { id: 'choose', type: 'CONDITIONAL', config: { then: [{ id: 'yes', type: 'WAIT' }], else: [{ id: 'no', type: 'WAIT' }] } },
    { id: 'loop', type: 'FOR_EACH', dependsOn: ['ask'], config: { steps: [{ id: 'store', type: 'WAIT' }] } },
    { id: 'fan', type: 'PARALLEL', config: { branches: [{ name: 'eu', steps: [{ id: 'call', type: 'WAIT' }] }] } },
  ],
  onFailure: [{ id: 'undo', type: 'WAIT' }],
};

it('has every step, those of branches, loops and handlers too', () => {
  expect([...planOf(DOCUMENT).byPath.keys()]).toEqual([
    'ask',
    'ask.onError.tell',
    'choose',
    'choose.then.yes',
    'choose.else.no',
    'loop',
    'loop[].store',
    'fan',
    'fan.eu.call',
    'onFailure.undo',
  ]);
});

it('is drawn with what each step runs after', () => {
  const { root } = graphOf(planOf(DOCUMENT), new Set(['loop']), placesOf(DOCUMENT).dependencies);
  expect(root.edges).toContainEqual({ from: 'ask', to: 'loop' });
  expect(root.steps.find(({ path }) => path === 'loop')?.blocks[0]?.label).toBe('each item');
});

it('leaves out what is no step, and the second of two with one name', () => {
  const document = { steps: [null, 'text', { id: 3 }, { id: 'a', type: 'WAIT' }, { id: 'a', type: 'WAIT' }] };
  expect([...planOf(document).byPath.keys()]).toEqual(['a']);
  expect(planOf(undefined).nodes).toEqual([]);
});
