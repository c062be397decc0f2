// The graph of a document, before anything has run: what comes after what, and of which type it is.
import { useMemo, useState } from 'react';
import { Empty } from '../../kit/Notes';
import { placesOf } from '../document';
import { openAtFirst } from '../rows';
import { Graph } from './Graph';
import { planOf } from './plan';

export interface PlanProps {
  readonly document: unknown;
  /** The path of the step that is selected; null for none. */
  readonly selected?: string | null;
  readonly onSelect?: (path: string) => void;
}

export function Plan({ document, selected = null, onSelect }: PlanProps) {
  const tree = useMemo(() => planOf(document), [document]);
  const { dependencies } = useMemo(() => placesOf(document), [document]);
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const open = useMemo(() => {
    const paths = openAtFirst(tree);
    for (const [path, isOpen] of toggled) {
      if (isOpen) paths.add(path);
      else paths.delete(path);
    }
    return paths;
  }, [tree, toggled]);
  if (tree.nodes.length === 0 && tree.onFailure === null) return <Empty title="There is no step to draw" />;
  return (
    <Graph
      {...{ tree, dependencies, open }}
      isPlan
      selection={selected === null ? null : { step: selected, attempt: null }}
      now={0}
      onSelect={({ step }) => onSelect?.(step)}
      onToggle={(path) => setToggled(new Map(toggled).set(path, !open.has(path)))}
    />
  );
}
