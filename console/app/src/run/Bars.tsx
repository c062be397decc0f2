// What is drawn in one lane: stretches of running and of waiting, marks of failures, and how long it took.
import { memo } from 'react';
import { spell } from '../kit/times';
import { wordOf } from '../kit/states';
import { isContainer, type RunStep } from './model';
import { extentOf, type Row } from './rows';
import type { Scale } from './scale';
import { segmentsOf, segmentsOfAttempt, type Segment } from './segments';
import type { StepNode } from './tree';
import style from './Timeline.module.css';

const MIDDLE = 13.5;
const THICK = 12;
const THIN = 4;

/** The pattern of waiting, once in the page. */
export function Hatching() {
  return (
    <svg className={style.patterns} width="0" height="0" aria-hidden="true">
      <defs>
        <pattern id="waiting" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="5" height="5" fill="var(--waiting-fill)" opacity="0.16" />
          <path d="M0 0v5" stroke="var(--waiting-fill)" strokeWidth="2.2" />
        </pattern>
      </defs>
    </svg>
  );
}

interface BarsProps {
  readonly row: Row;
  readonly scale: Scale;
  readonly width: number;
  readonly now: number;
  /** When the run began: what has ended before was kept of the run that it is a retry of. */
  readonly began: number;
  /** What the critical path is made of; null where it is not marked. */
  readonly path: ReadonlySet<string> | null;
}

export const Bars = memo(function Bars({ row, scale, width, now, began, path }: BarsProps) {
  const segments = segmentsIn(row, now);
  const isOnPath = path !== null && path.has(row.kind === 'attempt' ? row.step.path : row.key);
  const thickness = row.kind === 'block' || (row.kind === 'step' && isContainer(row.step.type)) ? THIN : THICK;
  const last = segments[segments.length - 1];
  const first = segments[0];
  const isFaint = path !== null && !isOnPath;
  return (
    <svg className={style.bars} width={width} height="27" opacity={isFaint ? 0.35 : 1} aria-hidden="true">
      {scale.folds.map(({ x, from }) => (
        <rect key={from} x={x} width="18" height="28" className={style.fold} />
      ))}
      {isOnPath && first && last && (
        <path
          className={style.path}
          d={`M${clamp(scale, first.from)} 24h${clamp(scale, last.to) - clamp(scale, first.from)}`}
        />
      )}
      {segments.map((segment) => (
        <Bar key={`${segment.from}${segment.kind}`} segment={segment} scale={scale} thickness={thickness} />
      ))}
      {row.kind === 'step' && row.step.type === 'FOR_EACH' && <Failures node={row.node} scale={scale} />}
      {last && last.isOver && last.to < began && (
        <text className={style.took} x="4" y="17.5">
          kept from the run before
        </text>
      )}
      {first && last && last.to >= scale.domain.from && first.from <= scale.domain.to && (
        <text
          className={style.took}
          x={Math.max(clamp(scale, last.to), clamp(scale, first.from) + 2) + (last.status === 'FAILED' ? 14 : 6)}
          y="17.5"
        >
          {spell(last.to - first.from)}
        </text>
      )}
    </svg>
  );
});

function Bar({
  segment,
  scale,
  thickness,
}: {
  readonly segment: Segment;
  readonly scale: Scale;
  readonly thickness: number;
}) {
  const { from, to } = scale.domain;
  if (segment.to < from || segment.from > to) return null;
  const x = clamp(scale, segment.from);
  const width = Math.max(clamp(scale, segment.to) - x, 2);
  const fill = segment.kind === 'wait' ? 'url(#waiting)' : `var(--${FILLS[segment.status]}-fill)`;
  return (
    <g>
      <title>{titleOf(segment)}</title>
      <rect x={x} y={MIDDLE - thickness / 2} width={width} height={thickness} rx={Math.min(2, width / 2)} fill={fill} />
      {segment.kind === 'run' && segment.status === 'FAILED' && (
        <path className={style.cross} d={`m${x + width + 3} 10.5 6 6m0-6-6 6`} />
      )}
      {!segment.isOver && <circle className={style.going} data-kind={segment.kind} cx={x + width} cy={MIDDLE} r="3" />}
    </g>
  );
}

/** Where items of a loop have failed: a notch for each, as far as they can be told apart. */
function Failures({ node, scale }: { readonly node: StepNode; readonly scale: Scale }) {
  const places = new Set<number>();
  for (const block of node.blocks) {
    if (block.status !== 'FAILED') continue;
    const end = extentOf(block.nodes, scale.domain.to)?.to;
    if (end !== undefined && end >= scale.domain.from && end <= scale.domain.to) places.add(Math.round(scale.toX(end)));
  }
  return [...places].map((x) => <path key={x} className={style.notch} d={`M${x} 6v15`} />);
}

const FILLS: Readonly<Record<RunStep['status'], string>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  RUNNING: 'running',
  WAITING: 'waiting',
  CANCELLED: 'neutral',
  SKIPPED: 'neutral',
  PENDING: 'neutral',
};

function segmentsIn(row: Row, now: number): readonly Segment[] {
  if (row.kind === 'step') return segmentsOf(row.step, now);
  if (row.kind === 'attempt') return segmentsOfAttempt(row.step, row.attempt.number, now);
  const extent = extentOf(row.block.nodes, now);
  return extent === null ? [] : [{ ...extent, kind: 'run', status: row.status, attempt: 1 }];
}

function clamp(scale: Scale, time: number): number {
  return scale.toX(Math.min(Math.max(time, scale.domain.from), scale.domain.to));
}

function titleOf({ kind, status, attempt, from, to, isOver }: Segment): string {
  const what = kind === 'wait' ? 'waiting' : wordOf(status);
  return `attempt ${attempt}: ${what}, ${spell(to - from)}${isOver ? '' : ' so far'}`;
}
