// The graph of a run: what is open of it as nested blocks, with what each step runs after. Never more than so many.
import type { Dependencies } from '../document';
import { placeInDocument } from '../paths';
import { urgentFirst, type RunTree, type StepNode } from '../tree';
import type { OpenPaths } from '../rows';

export const MOST_NODES = 400;
const MOST_BLOCKS = 12; // of one loop: the rest is one node that says how many

export interface GraphStep {
  readonly kind: 'step';
  readonly path: string;
  readonly node: StepNode;
  readonly isOpen: boolean;
  /** The blocks in it, where it is open. */
  readonly blocks: readonly GraphBlock[];
  /** How many blocks of it are not in the graph. */
  readonly left: number;
}

export interface GraphBlock {
  readonly path: string;
  readonly label: string;
  readonly steps: readonly GraphStep[];
  readonly edges: readonly Edge[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface RunGraph {
  readonly root: GraphBlock;
  /** How many nodes it has, steps and blocks. */
  readonly size: number;
  /** True where something is closed although it was asked to be open, for there would be too many. */
  readonly isCut: boolean;
}

/** The graph with these paths open. */
export function graphOf(tree: RunTree, open: OpenPaths, dependencies: Dependencies, most = MOST_NODES): RunGraph {
  let size = 0;
  let isCut = false;
  const block = (path: string, label: string, nodes: readonly StepNode[]): GraphBlock => {
    const shown = nodes.slice(0, Math.max(0, most - size));
    if (shown.length < nodes.length) isCut = true;
    size += shown.length;
    return { path, label, steps: shown.map(step), edges: edgesOf(shown, dependencies) };
  };
  const step = (node: StepNode): GraphStep => {
    const { path } = node.step;
    const wanted = open.has(path) && node.blocks.length > 0;
    const blocks = wanted ? urgentFirst(node).slice(0, MOST_BLOCKS) : [];
    const needed = blocks.reduce((sum, each) => sum + each.nodes.length + 1, 0);
    const isOpen = wanted && size + needed <= most;
    if (wanted && !isOpen) isCut = true;
    if (isOpen) size += blocks.length;
    const inner = isOpen ? blocks.map((each) => block(each.path, each.label, each.nodes)) : [];
    return { kind: 'step', path, node, isOpen, blocks: inner, left: isOpen ? node.blocks.length - blocks.length : 0 };
  };
  if (tree.onFailure === null) {
    const root = block('', '', tree.nodes);
    return { root, size, isCut };
  }
  const whole = block('', '', [...tree.nodes, ...tree.onFailure.nodes]);
  const root = { ...whole, edges: [...whole.edges, ...edgeToHandler(tree.nodes, tree.onFailure.nodes)] };
  return { root, size, isCut };
}

/** From the step that the run failed in to what ran for it. */
function edgeToHandler(nodes: readonly StepNode[], handlers: readonly StepNode[]): Edge[] {
  const failed = nodes.findLast(({ step }) => step.status === 'FAILED' || step.status === 'CANCELLED');
  const [first] = handlers;
  return failed === undefined || first === undefined ? [] : [{ from: failed.step.path, to: first.step.path }];
}

/** Without a document each step runs after the one before it. */
function edgesOf(nodes: readonly StepNode[], dependencies: Dependencies): Edge[] {
  const byId = new Map(nodes.map(({ step }) => [step.stepId, step.path]));
  const edges: Edge[] = [];
  for (const [index, { step }] of nodes.entries()) {
    const before = nodes[index - 1]?.step.stepId;
    const ids = dependencies.get(placeInDocument(step.path)) ?? (before === undefined ? [] : [before]);
    for (const id of ids) {
      const from = byId.get(id);
      if (from !== undefined && from !== step.path) edges.push({ from, to: step.path });
    }
  }
  return edges;
}
