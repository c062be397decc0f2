// One run: timeline, graph and table of the same steps with one selection, and what is selected beside them.
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useNow } from '../kit/useNow';
import { Loading } from '../kit/Notes';
import { NO_PLACES, placesOf } from './document';
import { Inspector } from './Inspector';
import type { RunExecution, RunStep } from './model';
import { NoSteps } from './NoSteps';
import type { Run } from './live';
import { around, type Selection } from './paths';
import { openAtFirst, rowsOf } from './rows';
import { RunValues } from './RunValues';
import type { RunSource } from './source';
import { StepTable } from './StepTable';
import { Timeline } from './Timeline';
import { treeOf } from './tree';
import { useLiveNow } from './useLiveNow';
import { ViewBar, type View } from './ViewBar';
import style from './RunView.module.css';

const Graph = lazy(() => import('./graph/Graph').then((module) => ({ default: module.Graph })));

const BELOW = '(max-width: 960px)'; // as in the style
const MANY_STEPS = 2_000; // more are drawn anew once a second, not ten times

export interface RunViewProps {
  readonly run: Run;
  readonly execution: RunExecution;
  readonly source: RunSource;
  readonly view: View;
  readonly selection: Selection | null;
  readonly onView: (view: View) => void;
  readonly onSelect: (selection: Selection | null) => void;
  /** What can be done with the step at a path, below what is told of it; false where nothing can. */
  readonly stepActions?: false | ((path: string) => ReactNode);
}

export function RunView(props: RunViewProps) {
  const { execution, source, view, selection, onView, onSelect, stepActions = false } = props;
  const run = useDeferredValue(props.run); // what somebody does comes before what is new
  const { document, recordedAt } = source;
  const places = useMemo(() => placesOf(document), [document]);
  const steps = useMemo<readonly RunStep[]>(() => [...run.steps.values(), ...run.unreached.values()], [run]);
  const tree = useMemo(
    () => treeOf(steps, places.order.size > 0 ? places : { ...NO_PLACES, order: run.order }),
    [steps, places, run.order],
  );
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [foldsGaps, setFoldsGaps] = useState(true);
  const [marksPath, setMarksPath] = useState(false);
  const [onlyFailed, setOnlyFailed] = useState(false);
  const open = useMemo(() => openWith(openAtFirst(tree), selection, toggled), [tree, selection, toggled]);
  const rows = useMemo(() => rowsOf(tree, open, onlyFailed ? isFailed : undefined), [tree, open, onlyFailed]);
  const present = useNow();
  const second = recordedAt ?? present;
  const moves = recordedAt === null && execution.finishedAt === null;
  const moment = useLiveNow(moves && view === 'timeline' && steps.length < MANY_STEPS, second);
  const now = execution.finishedAt ?? moment;
  const step = selection === null ? undefined : tree.byPath.get(selection.step)?.step;
  const select = { rows, selection, onSelect, onToggle: toggle };

  function toggle(key: string): void {
    setToggled(new Map(toggled).set(key, !open.has(key)));
  }

  const frame = useRef<HTMLDivElement>(null);
  const shown = step?.path;
  useEffect(() => {
    // Where the details are below the steps, both are to be seen.
    if (shown !== undefined && window.matchMedia(BELOW).matches) frame.current?.scrollIntoView({ block: 'start' });
  }, [shown]);

  return (
    <div ref={frame} className={style.run} data-inspected={step !== undefined || undefined}>
      <div className={style.steps}>
        <ViewBar
          {...{
            view,
            onView,
            foldsGaps,
            onFoldsGaps: setFoldsGaps,
            marksPath,
            onMarksPath: setMarksPath,
            onlyFailed,
            onOnlyFailed: setOnlyFailed,
          }}
        />
        <div className={style.view} data-view={view}>
          {view === 'timeline' && <Timeline {...select} {...{ execution, steps, tree, now, foldsGaps, marksPath }} />}
          {view === 'table' && <StepTable {...select} now={second} />}
          {view === 'graph' && (
            <Suspense fallback={<Loading />}>
              <Graph
                {...{ tree, open, selection, onSelect }}
                dependencies={places.dependencies}
                now={second}
                onToggle={toggle}
              />
            </Suspense>
          )}
          {rows.length === 0 && <NoSteps hasEnded={execution.finishedAt !== null} onlyFailed={onlyFailed} />}
        </div>
      </div>
      <aside className={style.inspector} aria-label="Details">
        {step === undefined ? (
          <RunValues execution={execution} source={source} />
        ) : (
          <>
            <button
              type="button"
              className={style.close}
              onClick={() => onSelect(null)}
              aria-label="Close the details of the step"
            >
              ✕
            </button>
            <Inspector
              key={step.path}
              source={source}
              step={step}
              attempt={selection?.attempt ?? null}
              now={second}
              onAttempt={(attempt) => onSelect({ step: step.path, attempt })}
            />
            {stepActions !== false && <div className={style.stepActions}>{stepActions(step.path)}</div>}
          </>
        )}
      </aside>
    </div>
  );
}

function openWith(
  atFirst: Set<string>,
  selection: Selection | null,
  toggled: ReadonlyMap<string, boolean>,
): ReadonlySet<string> {
  const open = atFirst;
  if (selection !== null) for (const path of around(selection.step)) open.add(path);
  for (const [path, isOpen] of toggled) {
    if (isOpen) open.add(path);
    else open.delete(path);
  }
  return open;
}

function isFailed(step: RunStep): boolean {
  return step.status === 'FAILED';
}
