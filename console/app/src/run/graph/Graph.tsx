// The run as a graph: what runs after what; loops, branches and sub-workflows are one node until they are opened.
import '@xyflow/react/dist/base.css';
import { Controls, Handle, Position, ReactFlow, type Edge, type Node, type NodeProps } from '@xyflow/react';
import { useMemo } from 'react';
import { StateMark } from '../../kit/Status';
import { wordOf } from '../../kit/states';
import { spell } from '../../kit/times';
import type { Dependencies } from '../document';
import { ON_FAILURE, placeOf, type Selection } from '../paths';
import type { OpenPaths } from '../rows';
import { countsOf, type RunTree, type StepNode } from '../tree';
import { useWidth } from '../useWidth';
import type { Direction, Placed } from './arrange';
import { graphOf, type GraphBlock, type GraphStep } from './graphModel';
import { useArrangement } from './useArrangement';
import style from './Graph.module.css';

export { prepareArranging } from './useArrangement';

export interface GraphProps {
  readonly tree: RunTree;
  readonly dependencies: Dependencies;
  readonly open: OpenPaths;
  readonly selection: Selection | null;
  readonly now: number;
  /** True for what a document says, of which nothing has run: types stand in the place of states. */
  readonly isPlan?: boolean;
  readonly onSelect: (selection: Selection) => void;
  readonly onToggle: (path: string) => void;
}

interface StepData extends Record<string, unknown> {
  readonly step: GraphStep;
  readonly now: number;
  readonly direction: Direction;
  readonly isSelected: boolean;
  readonly isPlan: boolean;
  readonly onToggle: (path: string) => void;
}

interface BlockData extends Record<string, unknown> {
  readonly label: string;
}

type StepBox = Node<StepData, 'step'>;
type BlockBox = Node<BlockData, 'block'>;

const KINDS = { step: StepView, block: BlockView };
const NARROW = 640;

export function Graph({ tree, dependencies, open, selection, now, isPlan = false, onSelect, onToggle }: GraphProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const direction: Direction = width > 0 && width < NARROW ? 'TB' : 'LR';
  const graph = useMemo(() => graphOf(tree, open, dependencies), [tree, open, dependencies]);
  const placed = useArrangement(graph.root, direction);
  const known = useMemo(() => partsOf(graph.root), [graph]);
  const nodes = (placed ?? []).flatMap((place): (StepBox | BlockBox)[] => {
    const box = boxOf(place);
    const step = known.steps.get(place.id);
    if (step !== undefined) {
      const isSelected = selection?.step === step.path;
      return [{ ...box, type: 'step', data: { step, now, direction, isSelected, isPlan, onToggle } }];
    }
    const block = known.blocks.get(place.id);
    return block === undefined
      ? []
      : [{ ...box, type: 'block', data: { label: block.label }, selectable: false, focusable: false }];
  });
  return (
    <div ref={frame} className={style.graph} role="group" aria-label="Graph">
      {placed !== null && (
        <ReactFlow
          nodes={nodes}
          edges={known.edges}
          nodeTypes={KINDS}
          fitView
          fitViewOptions={{ maxZoom: 1, minZoom: 0.62, padding: 0.06 }}
          minZoom={0.1}
          maxZoom={1.5}
          nodesDraggable={false}
          nodesConnectable={false}
          edgesFocusable={false}
          deleteKeyCode={null}
          onlyRenderVisibleElements
          proOptions={{ hideAttribution: true }}
          onNodesChange={(changes) => {
            // A click and the Enter key both come as this.
            const chosen = changes.find((change) => change.type === 'select' && change.selected);
            if (chosen !== undefined && 'id' in chosen) onSelect({ step: chosen.id, attempt: null });
          }}
          onNodeDoubleClick={(_, node) =>
            node.type === 'step' && known.steps.get(node.id)?.node.blocks.length && onToggle(node.id)
          }
        >
          <Controls showInteractive={false} className={style.controls ?? ''} />
        </ReactFlow>
      )}
      {graph.isCut && (
        <p className={style.cut} role="status">
          {graph.size} nodes are drawn. The timeline and the table have all of them.
        </p>
      )}
    </div>
  );
}

function boxOf({ id, parent, x, y, width, height }: Placed) {
  return {
    id,
    position: { x, y },
    width,
    height,
    style: { width, height },
    ...(parent === null ? {} : { parentId: parent }),
  };
}

interface Parts {
  readonly steps: Map<string, GraphStep>;
  readonly blocks: Map<string, GraphBlock>;
  readonly edges: Edge[];
}

function partsOf(root: GraphBlock): Parts {
  const parts: Parts = { steps: new Map(), blocks: new Map(), edges: [] };
  const visit = (block: GraphBlock): void => {
    for (const { from, to } of block.edges)
      parts.edges.push({ id: `${from}→${to}`, source: from, target: to, type: 'default' });
    for (const step of block.steps) {
      parts.steps.set(step.path, step);
      for (const inner of step.blocks) {
        parts.blocks.set(inner.path, inner);
        visit(inner);
      }
    }
  };
  visit(root);
  return parts;
}

function StepView({ data: { step, now, direction, isSelected, isPlan, onToggle } }: NodeProps<StepBox>) {
  const { step: run, blocks } = step.node;
  const { block } = placeOf(run.path);
  const [before, after] = direction === 'LR' ? [Position.Left, Position.Right] : [Position.Top, Position.Bottom];
  return (
    <div
      className={style.step}
      data-status={isPlan ? undefined : run.status}
      data-open={step.isOpen || undefined}
      data-selected={isSelected || undefined}
    >
      <Handle type="target" position={before} className={style.handle ?? ''} isConnectable={false} />
      <div className={style.head}>
        {!isPlan && <StateMark status={run.status} />}
        <span className={style.name} title={run.path}>
          {block === ON_FAILURE && <span className={style.line}>{block} </span>}
          {run.stepId}
        </span>
        {blocks.length > 0 && (
          <button
            type="button"
            className={style.toggle}
            aria-expanded={step.isOpen}
            aria-label={`${step.isOpen ? 'Close' : 'Open'} ${run.stepId}`}
            onClick={(press) => {
              press.stopPropagation();
              onToggle(run.path);
            }}
          >
            {step.isOpen ? '−' : '+'}
          </button>
        )}
      </div>
      {!step.isOpen && <p className={style.line}>{isPlan ? wordOf(run.type) : lineOf(step.node, now)}</p>}
      {step.left > 0 && <p className={style.left}>{step.left.toLocaleString('en-US')} more in the timeline</p>}
      <Handle type="source" position={after} className={style.handle ?? ''} isConnectable={false} />
    </div>
  );
}

function BlockView({ data }: NodeProps<BlockBox>) {
  return <div className={style.block}>{data.label}</div>;
}

/** The state in a word, and how long it took; of a loop how many items ended how. */
function lineOf(node: StepNode, now: number): string {
  const { status, startedAt, finishedAt, attempts, type } = node.step;
  const parts = [wordOf(status)];
  if (type === 'FOR_EACH' && node.blocks.length > 0) {
    const counts = countsOf(node);
    parts.push(`${node.blocks.length.toLocaleString('en-US')} items`);
    if (counts.FAILED > 0) parts.push(`${counts.FAILED.toLocaleString('en-US')} failed`);
  } else if (startedAt !== null) {
    if (attempts.length > 1) parts.push(`${attempts.length} attempts`);
    parts.push(spell((finishedAt ?? now) - startedAt));
  }
  return parts.join(' · ');
}
