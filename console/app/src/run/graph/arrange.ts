// Places of the nodes of a graph: block by block, from the innermost outwards, each by dagre.
import { graphlib, layout } from '@dagrejs/dagre';

/** A node to be placed: a step with the blocks in it, if it is open. */
export interface Unplaced {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly UnplacedBlock[];
}

export interface UnplacedBlock {
  readonly id: string;
  readonly nodes: readonly Unplaced[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** Where a node is in what it is in (its block, its step, or the whole), in pixels. */
export interface Placed {
  readonly id: string;
  readonly parent: string | null;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Direction = 'LR' | 'TB';

export const PADDING = 14;
export const HEAD = 36; // of an open step: its name
const BLOCK_HEAD = 24;
const GAP = 16;

interface Area {
  readonly width: number;
  readonly height: number;
  readonly placed: readonly Placed[];
}

/** The nodes of the root block and of all that is open in it, those around before those inside. */
export function arrange(root: UnplacedBlock, direction: Direction): Placed[] {
  return [...areaOf(root, direction, null, 0, 0).placed];
}

function areaOf(block: UnplacedBlock, direction: Direction, parent: string | null, left: number, top: number): Area {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: direction, nodesep: 20, ranksep: 36, marginx: 0, marginy: 0 });
  graph.setDefaultEdgeLabel(() => ({}));
  const inside = new Map(block.nodes.map((node) => [node.id, insideOf(node, direction)]));
  for (const node of block.nodes) {
    const inner = inside.get(node.id);
    graph.setNode(node.id, { width: inner?.width ?? node.width, height: inner?.height ?? node.height });
  }
  for (const { from, to } of block.edges) graph.setEdge(from, to);
  layout(graph);
  const placed: Placed[] = [];
  let width = 0;
  let height = 0;
  for (const node of block.nodes) {
    const at = graph.node(node.id) as { x: number; y: number; width: number; height: number };
    const x = at.x - at.width / 2;
    const y = at.y - at.height / 2;
    width = Math.max(width, x + at.width);
    height = Math.max(height, y + at.height);
    placed.push({ id: node.id, parent, x: left + x, y: top + y, width: at.width, height: at.height });
    placed.push(...(inside.get(node.id)?.placed ?? []));
  }
  return { width, height, placed };
}

/** The blocks of an open step: one below the other from left to right, beside each other from top to bottom. */
function insideOf(node: Unplaced, direction: Direction): Area {
  if (node.blocks.length === 0) return { width: node.width, height: node.height, placed: [] };
  const placed: Placed[] = [];
  let [x, y, width, height] = [PADDING, HEAD, 0, 0];
  for (const block of node.blocks) {
    const area = areaOf(block, direction, block.id, PADDING, BLOCK_HEAD);
    const size = { width: area.width + 2 * PADDING, height: area.height + BLOCK_HEAD + PADDING };
    placed.push({ id: block.id, parent: node.id, x, y, ...size }, ...area.placed);
    if (direction === 'LR') {
      y += size.height + GAP;
      width = Math.max(width, size.width);
      height = y - GAP;
    } else {
      x += size.width + GAP;
      height = Math.max(height, HEAD + size.height);
      width = x - GAP - PADDING;
    }
  }
  return { width: Math.max(width + 2 * PADDING, node.width), height: height + PADDING, placed };
}
