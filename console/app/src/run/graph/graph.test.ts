// The graph of a run: what is in it, how many nodes it has, and where they are.
import { expect, test } from 'vitest';
import { placesOf } from '../document';
import { aLongRun, aStep } from '../samples';
import { treeOf } from '../tree';
import { arrange, type Unplaced, type UnplacedBlock } from './arrange';
import { graphOf, MOST_NODES } from './graphModel';

const NOTHING = new Map<string, never>();

test('edges are what the document says, and its order where it says nothing', () => {
  const document = { steps: [{ id: 'a' }, { id: 'b' }, { id: 'c', dependsOn: ['a'] }, { id: 'd', dependsOn: [] }] };
  const places = placesOf(document);
  const tree = treeOf(
    ['a', 'b', 'c', 'd'].map((path) => aStep(path)),
    places,
  );
  expect(graphOf(tree, new Set(), places.dependencies).root.edges).toEqual([
    { from: 'a', to: 'b' },
    { from: 'a', to: 'c' },
  ]);
});

test('a loop is one node until it is opened, and then never more than can be drawn', () => {
  const tree = treeOf(aLongRun(5000));
  expect(graphOf(tree, new Set(), NOTHING)).toMatchObject({ size: 3, isCut: false });
  const open = graphOf(tree, new Set(['items']), NOTHING);
  expect(open.size).toBeLessThan(MOST_NODES);
  expect(open.root.steps[1]).toMatchObject({ isOpen: true, left: 4988 });
  expect(open.root.steps[1]?.blocks[0]?.label).toBe('[17]');
});

test('a workflow of a thousand steps is cut, and says so', () => {
  const steps = Array.from({ length: 1000 }, (_, index) => aStep(`s${index}`, { startedAt: index }));
  expect(graphOf(treeOf(steps), new Set(), NOTHING)).toMatchObject({ size: MOST_NODES, isCut: true });
});

test.each(['LR', 'TB'] as const)('what is inside is within what it is in, and no two overlap (%s)', (direction) => {
  const leaf = (id: string): Unplaced => ({ id, width: 100, height: 40, blocks: [] });
  const block = (id: string, ...nodes: Unplaced[]): UnplacedBlock => ({ id, nodes, edges: [] });
  const loop = {
    ...leaf('loop'),
    blocks: [block('one', leaf('x'), leaf('y')), block('two', { ...leaf('in'), blocks: [block('deep', leaf('z'))] })],
  };
  const root = {
    id: '',
    nodes: [leaf('a'), loop, leaf('b')],
    edges: [
      { from: 'a', to: 'loop' },
      { from: 'loop', to: 'b' },
    ],
  };
  const placed = arrange(root, direction);
  const byId = new Map(placed.map((each) => [each.id, each]));
  for (const each of placed) {
    const around = each.parent === null ? undefined : byId.get(each.parent);
    if (around !== undefined) {
      expect(each.x).toBeGreaterThanOrEqual(0);
      expect(each.x + each.width).toBeLessThanOrEqual(around.width);
      expect(each.y + each.height).toBeLessThanOrEqual(around.height);
    }
    for (const other of placed) {
      if (other.id === each.id || other.parent !== each.parent) continue;
      const isApart =
        each.x + each.width <= other.x ||
        other.x + other.width <= each.x ||
        each.y + each.height <= other.y ||
        other.y + other.height <= each.y;
      expect(isApart).toBe(true);
    }
  }
});
