// The run over time: a lane for each step or attempt, waiting hatched apart from running, what is idle folded.
import { useMemo, useState, type KeyboardEvent } from 'react';
import { spell } from '../kit/times';
import { Axis } from './Axis';
import { Bars, Hatching } from './Bars';
import { criticalPath } from './criticalPath';
import type { RunExecution, RunStep } from './model';
import type { Selection } from './paths';
import { Rows } from './Rows';
import type { Row } from './rows';
import { idleGaps, scaleOf, spanOf, type Span } from './scale';
import type { RunTree } from './tree';
import { useWidth } from './useWidth';
import style from './Timeline.module.css';

export interface TimelineProps {
  readonly execution: RunExecution;
  readonly steps: Iterable<RunStep>;
  readonly tree: RunTree;
  readonly rows: readonly Row[];
  readonly now: number;
  readonly foldsGaps: boolean;
  readonly marksPath: boolean;
  readonly selection: Selection | null;
  readonly onSelect: (selection: Selection) => void;
  readonly onToggle: (key: string) => void;
}

const END = 84; // room at the end of a lane for how long its last bar took

export function Timeline(props: TimelineProps) {
  const { execution, steps, tree, rows, now, foldsGaps, marksPath } = props;
  const [zoom, setZoom] = useState<Span | null>(null);
  const [head, width] = useWidth<HTMLDivElement>();
  const whole = spanOf(execution.startedAt, execution.createdAt, execution.finishedAt, now);
  const domain = zoom ?? whole;
  const gaps = useMemo(
    () => (foldsGaps ? idleGaps(steps, { from: domain.from, to: domain.to }, now) : []),
    [steps, domain.from, domain.to, now, foldsGaps],
  );
  const scale = useMemo(
    () => scaleOf({ from: domain.from, to: domain.to }, gaps, Math.max(width - END, 80)),
    [domain.from, domain.to, gaps, width],
  );
  const path = useMemo(() => (marksPath ? criticalPath(tree, now) : null), [marksPath, tree, now]);
  const isOver = execution.finishedAt !== null;
  const present = isOver || now > domain.to || now < domain.from ? null : scale.toX(now);

  function zoomBy(factor: number): void {
    const middle = (domain.from + domain.to) / 2;
    const half = ((domain.to - domain.from) / 2) * factor;
    const next = { from: Math.max(whole.from, middle - half), to: Math.min(whole.to, middle + half) };
    setZoom(next.to - next.from >= whole.to - whole.from - 1 ? null : next.to - next.from < 2 ? domain : next);
  }

  function press({ key }: KeyboardEvent): boolean {
    const keys: Record<string, () => void> = {
      '+': () => zoomBy(0.5),
      '=': () => zoomBy(0.5),
      '-': () => zoomBy(2),
      '0': () => setZoom(null),
    };
    keys[key]?.();
    return key in keys;
  }

  return (
    <>
      <Hatching />
      <Rows
        label="Timeline"
        rows={rows}
        selection={props.selection}
        onSelect={props.onSelect}
        onToggle={props.onToggle}
        onKey={press}
        head={
          <div role="columnheader" ref={head} className={style.axis}>
            <span className="unseen">Time</span>
            {width > 0 && <Axis scale={scale} start={whole.from} onZoom={setZoom} />}
            {zoom !== null && (
              <button
                type="button"
                className={style.whole}
                onClick={() => setZoom(null)}
                title="Show the whole run (0)"
              >
                {spell(zoom.to - zoom.from)} <span aria-hidden="true">✕</span>
                <span className="unseen">are shown: show the whole run</span>
              </button>
            )}
          </div>
        }
        cells={(row) => (
          <span role="gridcell" className={style.lane}>
            {width > 0 && <Bars row={row} scale={scale} width={width} now={now} began={whole.from} path={path} />}
          </span>
        )}
        under={present !== null && <span className={style.present} style={{ transform: `translateX(${present}px)` }} />}
      />
    </>
  );
}
