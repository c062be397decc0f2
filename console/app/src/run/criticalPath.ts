// The critical path: the chain of steps of which each had to wait for the one before, back from the end.
import type { StepNode, RunTree, BlockNode } from './tree';

const TOLERANCE = 5; // ms between the end of a step and the start of what it let go on

/** The paths of the steps, and blocks, that the run took as long as it did for. `now` stands for an end not known. */
export function criticalPath(tree: RunTree, now: number): ReadonlySet<string> {
  const found = new Set<string>();
  addChain(tree.nodes, now, found);
  if (tree.onFailure !== null) addChain(tree.onFailure.nodes, now, found);
  return found;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
}

function addChain(nodes: readonly StepNode[], now: number, found: Set<string>): void {
  for (const node of chain(nodes, (each) => stretchOf(each, now))) {
    found.add(node.step.path);
    if (node.blocks.length === 0) continue;
    for (const block of chain(node.blocks, (each) => stretchOfBlock(each, now))) {
      found.add(block.path);
      addChain(block.nodes, now, found);
    }
  }
}

function stretchOf({ step }: StepNode, now: number): Stretch | null {
  return step.startedAt === null ? null : { from: step.startedAt, to: step.finishedAt ?? now };
}

function stretchOfBlock(block: BlockNode, now: number): Stretch | null {
  let from = Infinity;
  let to = -Infinity;
  for (const node of block.nodes) {
    const stretch = stretchOf(node, now);
    if (stretch === null) continue;
    from = Math.min(from, stretch.from);
    to = Math.max(to, stretch.to);
  }
  return from === Infinity ? null : { from, to };
}

/** Back from what ended last: each time what ended last before that began. */
function chain<T>(all: readonly T[], stretchOf: (each: T) => Stretch | null): T[] {
  const known: { each: T; from: number; to: number }[] = [];
  for (const each of all) {
    const stretch = stretchOf(each);
    if (stretch !== null) known.push({ each, ...stretch });
  }
  known.sort((one, other) => other.to - one.to || other.from - one.from);
  const found: T[] = [];
  let limit = Infinity;
  for (const { each, from, to } of known) {
    if (to > limit + TOLERANCE || (found.length > 0 && from >= limit)) continue;
    found.push(each);
    limit = from;
  }
  return found;
}
