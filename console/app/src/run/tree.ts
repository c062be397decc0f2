// The steps of a run as a tree: steps, the blocks in them (branches, items, handlers), and the steps in these.
import { NO_PLACES, type DocumentOrder, type DocumentPlaces } from './document';
import { type RunStep, type StepStatus } from './model';
import { ON_FAILURE, placeInDocument, placeOf } from './paths';

export interface StepNode {
  readonly step: RunStep;
  readonly blocks: readonly BlockNode[];
}

/** A branch, an item of a loop, or a handler, with its steps in order. */
export interface BlockNode {
  /** Such as `fan.eu` or `loop[17]`. */
  readonly path: string;
  /** As people see it: `eu`, `[17]`. */
  readonly label: string;
  /** The number of the item; null where it is none. */
  readonly index: number | null;
  readonly nodes: readonly StepNode[];
  readonly status: StepStatus;
}

export interface RunTree {
  readonly nodes: readonly StepNode[];
  /** The workflow's `onFailure`, once it has begun. */
  readonly onFailure: BlockNode | null;
  readonly byPath: ReadonlyMap<string, StepNode>;
}

interface OpenNode {
  step: RunStep;
  blocks: OpenBlock[];
  /** Its place in the document. */
  rank: number;
}

interface OpenBlock {
  path: string;
  label: string;
  index: number | null;
  nodes: OpenNode[];
  status: StepStatus;
}

const HANDLER = 'onError';

/** The tree of these steps; siblings in the order of the document, and where that is unknown by when they began. */
export function treeOf(steps: Iterable<RunStep>, { order, goesOn }: DocumentPlaces = NO_PLACES): RunTree {
  const byPath = new Map<string, OpenNode>();
  for (const step of steps) byPath.set(step.path, { step, blocks: [], rank: rankOf(step, order) });
  const top: OpenNode[] = [];
  const blocks = new Map<string, OpenBlock>();
  let onFailure: OpenBlock | null = null;
  for (const [path, node] of byPath) {
    const end = path.lastIndexOf('.');
    if (end < 0) {
      top.push(node);
      continue;
    }
    const key = path.slice(0, end);
    let block = blocks.get(key);
    if (block === undefined) {
      const { owner: ownerPath, block: label, index } = placeOf(path);
      block = { path: key, label, index, nodes: [], status: 'PENDING' };
      blocks.set(key, block);
      const owner = byPath.get(ownerPath);
      if (owner !== undefined) owner.blocks.push(block);
      else if (key === ON_FAILURE) onFailure = block;
      else top.push(node); // the container is not known yet: better shown at the top than not at all
    }
    block.nodes.push(node);
  }
  top.sort(compare);
  for (const block of blocks.values()) {
    if (block.nodes.length > 1) block.nodes.sort(compare);
    block.status = statusOf(block.nodes, goesOn);
  }
  for (const node of byPath.values()) if (node.blocks.length > 1) node.blocks.sort(compareBlocks);
  return { nodes: top, onFailure, byPath };
}

/** The number of items or branches by status. */
export type Counts = Readonly<Record<StepStatus, number>>;

/** How many of a container's blocks are in each status. */
export function countsOf(node: StepNode): Counts {
  const counts = { PENDING: 0, RUNNING: 0, WAITING: 0, COMPLETED: 0, FAILED: 0, SKIPPED: 0, CANCELLED: 0 };
  for (const block of node.blocks) counts[block.status] += 1;
  return counts;
}

const URGENCY: Readonly<Record<StepStatus, number>> = {
  FAILED: 0,
  WAITING: 1,
  RUNNING: 2,
  CANCELLED: 3,
  PENDING: 4,
  COMPLETED: 5,
  SKIPPED: 5,
};
const URGENCIES = [0, 1, 2, 3, 4, 5];

/** The blocks of a loop, failed items first, then those that wait or run; others as they are. */
export function urgentFirst(node: StepNode): readonly BlockNode[] {
  if (node.step.type !== 'FOR_EACH') return node.blocks;
  const buckets = new Map<number, BlockNode[]>(URGENCIES.map((urgency) => [urgency, []]));
  for (const block of node.blocks) buckets.get(URGENCY[block.status])?.push(block);
  return [...buckets.values()].flat();
}

function rankOf({ path }: RunStep, order: DocumentOrder): number {
  return order.size === 0 ? 0 : (order.get(placeInDocument(path)) ?? Number.MAX_SAFE_INTEGER);
}

function compare(one: OpenNode, other: OpenNode): number {
  return (
    one.rank - other.rank ||
    (one.step.startedAt ?? Infinity) - (other.step.startedAt ?? Infinity) ||
    (one.step.path < other.step.path ? -1 : 1)
  );
}

function compareBlocks(one: OpenBlock, other: OpenBlock): number {
  if (one.index !== null && other.index !== null) return one.index - other.index;
  const [first, second] = [one.nodes[0], other.nodes[0]];
  return first === undefined || second === undefined ? 0 : compare(first, second);
}

/** What became of a block: what its step that began last came to, where that is no failure that is gone on from. */
function statusOf(nodes: readonly OpenNode[], goesOn: ReadonlySet<string>): StepStatus {
  let last: OpenNode | null = null;
  let waits = false;
  let runs = false;
  let pending = false;
  for (const node of nodes) {
    const { status } = node.step;
    if (status === 'RUNNING') runs = true;
    else if (status === 'WAITING') waits = true;
    else if (status === 'PENDING') pending = true;
    else if (status !== 'SKIPPED' && !(last !== null && isLater(last.step, node.step))) last = node;
  }
  if (runs) return 'RUNNING';
  if (waits) return 'WAITING';
  if (last === null) return pending || nodes.length === 0 ? 'PENDING' : 'SKIPPED';
  const { status, path } = last.step;
  if (status === 'COMPLETED') return pending ? 'RUNNING' : 'COMPLETED';
  return status === 'FAILED' && (goesOn.has(placeInDocument(path)) || isHandled(last)) ? 'COMPLETED' : status;
}

/** True for a step whose handler has ended well. */
function isHandled({ blocks }: OpenNode): boolean {
  const handler = blocks.find(({ label }) => label === HANDLER);
  return (
    handler !== undefined && handler.nodes.every(({ step }) => step.status === 'COMPLETED' || step.status === 'SKIPPED')
  );
}

function isLater(one: RunStep, other: RunStep): boolean {
  return (one.startedAt ?? 0) > (other.startedAt ?? 0);
}

/** True when a step has something to open: blocks, or more than one attempt. */
export function canOpen(node: StepNode): boolean {
  return node.blocks.length > 0 || node.step.attempts.length > 1;
}
