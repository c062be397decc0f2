// The rows of the timeline and of the table: what of the tree is open, in order.
import type { Attempt, RunStep, StepStatus } from './model';
import { canOpen, urgentFirst, type BlockNode, type RunTree, type StepNode } from './tree';

interface RowPlace {
  readonly key: string;
  readonly depth: number;
  readonly isOpen: boolean;
  readonly canOpen: boolean;
}

/** A step. `block` is said before its name where its block has no row of its own: `[17] store`. */
export interface StepRow extends RowPlace {
  readonly kind: 'step';
  readonly step: RunStep;
  readonly node: StepNode;
  readonly block: string | null;
}

/** A branch, an item or a handler with several steps. */
export interface BlockRow extends RowPlace {
  readonly kind: 'block';
  readonly block: BlockNode;
  readonly status: StepStatus;
}

/** One attempt at a step that is open. */
export interface AttemptRow extends RowPlace {
  readonly kind: 'attempt';
  readonly step: RunStep;
  readonly attempt: Attempt;
}

export type Row = StepRow | BlockRow | AttemptRow;

/** What is open, by the paths of steps and blocks. */
export type OpenPaths = ReadonlySet<string>;

/** The rows that are seen with these paths open. `shows` leaves out steps, and blocks without any step left. */
export function rowsOf(tree: RunTree, open: OpenPaths, shows: (step: RunStep) => boolean = () => true): Row[] {
  const rows: Row[] = [];
  const add = (node: StepNode, depth: number, block: string | null): void => {
    if (!showsAny(node, shows)) return;
    const { step } = node;
    const isOpen = open.has(step.path) && canOpen(node);
    rows.push({ kind: 'step', key: step.path, depth, isOpen, canOpen: canOpen(node), step, node, block });
    if (!isOpen) return;
    if (step.attempts.length > 1) {
      for (const attempt of step.attempts) {
        const key = `${step.path}#${attempt.number}`;
        rows.push({ kind: 'attempt', key, depth: depth + 1, isOpen: false, canOpen: false, step, attempt });
      }
    }
    for (const inner of urgentFirst(node)) addBlock(inner, depth + 1);
  };
  const addBlock = (block: BlockNode, depth: number): void => {
    const [only] = block.nodes;
    if (only !== undefined && block.nodes.length === 1) {
      add(only, depth, block.label);
      return;
    }
    if (!block.nodes.some((node) => showsAny(node, shows))) return;
    const isOpen = open.has(block.path);
    rows.push({ kind: 'block', key: block.path, depth, isOpen, canOpen: true, block, status: block.status });
    if (isOpen) for (const node of block.nodes) add(node, depth + 1, null);
  };
  for (const node of tree.nodes) add(node, 0, null);
  if (tree.onFailure !== null) addBlock(tree.onFailure, 0);
  return rows;
}

function showsAny(node: StepNode, shows: (step: RunStep) => boolean): boolean {
  return shows(node.step) || node.blocks.some((block) => block.nodes.some((inner) => showsAny(inner, shows)));
}

/** What is open at first: branches that are few, and whatever has failed or is around the selected step. */
export function openAtFirst(tree: RunTree): Set<string> {
  const open = new Set<string>();
  const visit = (node: StepNode): void => {
    if (node.blocks.length === 0 || node.step.type === 'FOR_EACH') return;
    open.add(node.step.path);
    for (const block of node.blocks) {
      open.add(block.path);
      block.nodes.forEach(visit);
    }
  };
  tree.nodes.forEach(visit);
  if (tree.onFailure !== null) open.add(tree.onFailure.path);
  return open;
}

/** From when to when a block or a step with all in it has been worked on; null where nothing has begun. */
export function extentOf(
  nodes: readonly StepNode[],
  now: number,
): { from: number; to: number; isOver: boolean } | null {
  let from = Infinity;
  let to = -Infinity;
  let isOver = true;
  for (const { step } of nodes) {
    if (step.startedAt === null) continue;
    from = Math.min(from, step.startedAt);
    to = Math.max(to, step.finishedAt ?? now);
    if (step.finishedAt === null) isOver = false;
  }
  return from === Infinity ? null : { from, to, isOver };
}
